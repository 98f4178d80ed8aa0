//! All states of a small program and the macro-steps between them, as a graph for Graphviz.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::analysis::Analysis;
use super::explorer::{Explorer, Passed};
use super::failure::beginning;
use super::moves::{Move, Moves};
use super::{Finding, Plan, liveness};
use crate::machine::{Machine, Status, ThreadId};
use crate::program::Program;
use crate::value::{Kind, Value};
use crate::verdict::Verdict;

/// All states of a program, in every order of steps; what is wrong, and a way there.
#[derive(Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// The edges on it.
    way: Vec<usize>,
}

#[derive(Debug)]
struct Node {
    /// What the state is, in lines.
    lines: Vec<String>,
    /// What is wrong there, in a word.
    wrong: Option<String>,
    /// The edge by which it was reached first.
    by: Option<usize>,
    is_end: bool,
}

#[derive(Debug)]
struct Edge {
    from: usize,
    to: usize,
    thread: ThreadId,
    /// Who steps, and where.
    label: String,
}

/// The graph of a program, or nothing if it has more states than that.
pub fn graph(program: &Arc<Program>, plan: &Plan<'_>, most: usize) -> Option<Graph> {
    let plan = match plan.liveness {
        // By the states of which ways round consist.
        Some(_) => liveness::in_full(plan),
        None => Plan { reduce: false, ..*plan },
    };
    let analysis = Arc::new(Analysis::of(program, &plan));
    let mut builder = Builder {
        explorer: Explorer::new(program, &analysis, &plan),
        races: plan.races && !plan.allow_races,
        // Threads that were never made have no names: they are shown as they were made.
        names: beginning(program, plan.service),
        numbers: HashMap::new(),
        states: Vec::new(),
        graph: Graph { nodes: Vec::new(), edges: Vec::new(), way: Vec::new() },
    };
    let begun = builder.explorer.begin();
    builder.arrive(&begun, None);
    let mut at = 0;
    while at < builder.graph.nodes.len() {
        builder.expand(at, most);
        if builder.graph.nodes.len() > most {
            return None;
        }
        at += 1;
    }
    builder.mark_way();
    let is_safe = builder.graph.nodes.iter().all(|node| node.wrong.is_none());
    if let Some(fairness) = plan.liveness.filter(|_| is_safe) {
        // If it is stopped, there is nothing to mark.
        let way = liveness::way_round(program, &plan, fairness).ok().flatten();
        if let Some(way) = way {
            builder.mark_round(&way);
        }
    }
    Some(builder.graph)
}

struct Builder {
    explorer: Explorer,
    races: bool,
    names: Machine,
    numbers: HashMap<Vec<u8>, usize>,
    /// By node; none of one that is no state, since something went wrong on the way.
    states: Vec<Option<Vec<u8>>>,
    graph: Graph,
}

impl Builder {
    fn expand(&mut self, from: usize, most: usize) {
        let Some(bytes) = self.states[from].clone() else { return };
        self.explorer.unpack(&bytes);
        let threads: Vec<ThreadId> = self.explorer.enabled().collect();
        for thread in threads {
            self.explorer.unpack(&bytes);
            let mut moves = Moves::of(&self.explorer, thread);
            while let Some(how) = moves.next(&mut self.explorer) {
                self.explorer.unpack(&bytes);
                let label = self.label(thread);
                let passed = self.explorer.step(thread, how);
                let label = match (how, self.explorer.stage.asked.first()) {
                    (Move::Dies, _) => format!("{label}: is killed"),
                    (Move::Steps, None) => label,
                    (Move::Steps, Some((number, _))) => format!("{label}: {number}"),
                };
                let to = self.arrive(&passed, Some(self.graph.edges.len()));
                self.graph.edges.push(Edge { from, to, thread, label });
                if self.graph.nodes.len() > most {
                    break;
                }
            }
        }
    }

    /// The node that the explorer is at now.
    fn arrive(&mut self, passed: &Passed, by: Option<usize>) -> usize {
        let number = self.graph.nodes.len();
        let mut wrong = passed.finding.as_ref().map(Finding::verdict);
        if wrong.is_none() {
            let mut bytes = Vec::new();
            self.explorer.pack(&mut bytes);
            if let Some(known) = self.numbers.get(&bytes) {
                return *known;
            }
            self.numbers.insert(bytes.clone(), number);
            self.states.push(Some(bytes));
            let race = if self.races { self.explorer.race() } else { None };
            wrong = self.explorer.deadlock().or(race).map(|finding| finding.verdict());
        }
        let (lines, wrong) = (self.lines(), wrong.map(|verdict| verdict.to_string()));
        if self.states.len() == number {
            // It is no state that anybody goes on from: what looks alike is one.
            let alike = |node: &Node| node.wrong == wrong && node.lines == lines;
            if let Some(known) = self.graph.nodes.iter().position(alike) {
                return known;
            }
            self.states.push(None);
        }
        let is_end = self.explorer.is_at_the_end();
        self.graph.nodes.push(Node { lines, wrong, by, is_end });
        number
    }

    /// Marks a shortest way to what is wrong.
    fn mark_way(&mut self) {
        let Graph { nodes, edges, way } = &mut self.graph;
        let mut at = nodes.iter().position(|node| node.wrong.is_some());
        while let Some(by) = at.and_then(|at| nodes[at].by) {
            way.push(by);
            at = Some(edges[by].from);
        }
    }

    /// Marks a way on which somebody does not get on.
    fn mark_round(&mut self, lasso: &liveness::Way) {
        let Graph { nodes, edges, way } = &mut self.graph;
        let mut from = 0;
        for (number, (thread, bytes)) in lasso.steps.iter().enumerate() {
            if number == lasso.repeats_from {
                nodes[from].wrong =
                    Some(format!("{}: from here, round and round", Verdict::Liveness));
            }
            let to = self.numbers[bytes];
            let is_it = |it: &Edge| (it.from, it.to, it.thread) == (from, to, *thread);
            way.extend(edges.iter().position(is_it));
            from = to;
        }
    }

    fn label(&self, thread: ThreadId) -> String {
        let site = self.explorer.site(thread);
        let name = name(&self.explorer.machine, &self.names, thread);
        match self.explorer.machine.program().line_of(site.code, site.pc) {
            Some(line) => format!("{name}, line {line}"),
            None => name,
        }
    }

    /// Where threads are, and what they share.
    fn lines(&self) -> Vec<String> {
        let machine = &self.explorer.machine;
        let (state, program) = (machine.state(), machine.program());
        let mut lines = Vec::new();
        for thread in state.thread_ids() {
            let it = machine.thread(thread);
            let name = name(machine, &self.names, thread);
            let is = match it.status() {
                Status::Killed => {
                    lines.push(format!("{name} was killed"));
                    continue;
                }
                status if status.is_over() => continue,
                Status::Waiting(_) => "waits at",
                _ => "at",
            };
            let line = program.line_of(it.code(), it.at());
            let place = line.map_or("its end".to_owned(), |line| format!("line {line}"));
            lines.push(format!("{name} {is} {place}"));
        }
        for (value, text) in state.globals().iter().zip(program.names()) {
            if let Some(Value::Int(number)) = value {
                lines.push(format!("{} = {number}", machine.text(*text)));
            }
        }
        for (at, semaphore) in state.semaphores().iter().enumerate() {
            let name = machine.introduce(Kind::Semaphore, at as u32);
            lines.push(format!("{name} = {}", semaphore.count));
        }
        for (at, queue) in state.queues().iter().enumerate() {
            let name = machine.introduce(Kind::Queue, at as u32);
            lines.push(format!("{name} has {}", queue.messages.len()));
        }
        lines
    }
}

/// A thread's name; one that a state does not keep is that of its list and number.
fn name(machine: &Machine, names: &Machine, thread: ThreadId) -> String {
    if thread.index() < names.state().threads().len() {
        return names.show_thread(thread).into_owned();
    }
    let list = &machine.program().code(machine.thread(thread).code()).name;
    format!("{list} ({})", thread.0)
}

impl Graph {
    /// What every such file begins with.
    pub const BEGINNING: &str = "digraph states {";

    /// How many states there are.
    pub fn states(&self) -> usize {
        self.nodes.len()
    }
}

impl fmt::Display for Graph {
    /// In the language of Graphviz.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", Self::BEGINNING)?;
        writeln!(f, "  node [shape=box, fontname=\"sans-serif\", fontsize=10];")?;
        writeln!(f, "  edge [fontname=\"sans-serif\", fontsize=9];")?;
        for (number, node) in self.nodes.iter().enumerate() {
            let mut label = node.wrong.clone().unwrap_or_default();
            for line in &node.lines {
                let newline = if label.is_empty() { "" } else { "\n" };
                let _ = write!(label, "{newline}{line}");
            }
            let is_on_the_way = self.way.iter().any(|edge| self.edges[*edge].to == number);
            let looks = match node {
                Node { wrong: Some(_), .. } => ", color=red, style=bold",
                _ if is_on_the_way => ", color=red",
                Node { is_end: true, .. } => ", peripheries=2",
                _ => "",
            };
            writeln!(f, "  s{number} [label={}{looks}];", quoted(&label))?;
        }
        for (number, edge) in self.edges.iter().enumerate() {
            let looks = if self.way.contains(&number) { ", color=red, penwidth=2" } else { "" };
            let (from, to) = (edge.from, edge.to);
            writeln!(f, "  s{from} -> s{to} [label={}{looks}];", quoted(&edge.label))?;
        }
        writeln!(f, "}}")
    }
}

/// A string of Graphviz.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\l"),
            _ if char.is_control() => quoted.push('·'),
            _ => quoted.push(char),
        }
    }
    if text.contains('\n') {
        quoted.push_str("\\l");
    }
    quoted.push('"');
    quoted
}
