//! Who waits for whom, as a graph for Graphviz: threads are boxes, what they wait for is an ellipse, a
//! cycle is red.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};

use super::{ExportError, Recording};
use crate::deadlock;
use crate::machine::{Machine, On, ThreadId};
use crate::value::Kind;

/// Writes the graph of a recording: after so many steps, or at its end.
pub fn export<W: Write>(
    recording: &Recording,
    steps: Option<usize>,
    mut out: W,
) -> Result<W, ExportError> {
    let steps = steps.unwrap_or(recording.schedule().len());
    let replayed = recording.replay_steps(steps, ())?;
    write(&replayed.machine, &mut out)?;
    Ok(out)
}

/// Writes the graph of a machine as it is.
pub fn write(machine: &Machine, out: &mut impl Write) -> io::Result<()> {
    let waits: Vec<Edge> = deadlock::waiting(machine)
        .map(|(thread, wait)| {
            let (label, thing) = match wait.on {
                On::Lock(lock) => ("waits for", Node(Kind::Lock, lock)),
                On::Semaphore(semaphore) => ("waits for", Node(Kind::Semaphore, semaphore)),
                On::Message(queue) => ("waits for a message", Node(Kind::Queue, queue)),
                On::Room(queue) => ("waits for room", Node(Kind::Queue, queue)),
                On::Condition(it) => ("waits to be notified", Node(Kind::Condition, it)),
                On::Thread(other) => ("waits for its end", Node(Kind::Thread, other.0)),
            };
            Edge { from: Node(Kind::Thread, thread.0), label, to: thing }
        })
        .collect();
    let held = waits.iter().filter_map(|wait| {
        let Node(Kind::Lock, lock) = wait.to else { return None };
        let owner = machine.state().locks()[lock as usize].owner?;
        Some(Edge { from: wait.to, label: "held by", to: Node(Kind::Thread, owner.0) })
    });
    // Several wait for one lock, which is held once.
    let edges: BTreeSet<Edge> = waits.iter().copied().chain(held).collect();
    let nodes: BTreeSet<Node> = edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
    let in_cycle = |thread: u32| deadlock::cycle_through(machine, ThreadId(thread)).is_some();
    let threads = waits.iter().filter(|wait| in_cycle(wait.from.1));
    let red: BTreeSet<Node> = threads.flat_map(|wait| [wait.from, wait.to]).collect();

    writeln!(out, "digraph waits {{")?;
    writeln!(out, "  rankdir=LR;")?;
    writeln!(out, "  node [fontname=\"sans-serif\"];")?;
    writeln!(out, "  edge [fontname=\"sans-serif\", fontsize=10];")?;
    if edges.is_empty() {
        writeln!(out, "  label=\"nobody waits\";")?;
    }
    for node in nodes {
        let shape = if node.0 == Kind::Thread { "box" } else { "ellipse" };
        let color = if red.contains(&node) { ", color=red" } else { "" };
        let label = quoted(&node.label(machine));
        writeln!(out, "  {node} [shape={shape}, label={label}{color}];")?;
    }
    for Edge { from, label, to } in edges {
        // From each node of a cycle there leads one edge only, so between two red ones it is red.
        let color = if red.contains(&from) && red.contains(&to) { ", color=red" } else { "" };
        writeln!(out, "  {from} -> {to} [label=\"{label}\"{color}];")?;
    }
    writeln!(out, "}}")
}

/// A thread, or what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Node(Kind, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: Node,
    to: Node,
    label: &'static str,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.0.word(), self.1)
    }
}

impl Node {
    fn label(self, machine: &Machine) -> String {
        let Self(kind, index) = self;
        let name = machine.show_thing(kind, index);
        if kind != Kind::Thread {
            return machine.introduce(kind, index).into();
        }
        let thread = ThreadId(index);
        let it = machine.thread(thread);
        match machine.line_of(thread, it.at()) {
            Some(line) if !it.status().is_over() => {
                format!("{name}\n{} at line {line}", it.status().word())
            }
            _ => format!("{name}\n{}", it.status().word()),
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            char if char.is_control() => quoted.push(' '),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
