//! Where values come from and where they go: through stacks, variables, globals, queues, arrays and
//! counters.
//!
//! Two questions are answered for every place of the program. Which things may a value be a handle of
//! (Andersen, 1994; insensitive to control flow but for stacks)? And may it reach a branch, a wait, a
//! claim, or an instruction that could fail on it? A value that may not is *dead*: whatever it is, the
//! program goes on alike.

mod ids;
mod uses;
mod values;

pub(super) use ids::{Family, Ids};

use super::bits::{Bits, add_bits, bits_of, has_bit, no_bits};
use super::flaw::{Flaw, flawed};
use crate::instruction::Instruction as I;
use crate::program::argument::Instead;
use crate::program::claim::Expression;
use crate::program::{Code, CodeId, NameId, Program};
use crate::value::{Handle, Kind, Value};

/// More instructions than this, and nothing is found out.
const MOST: usize = 50_000;

/// An instruction, by its list and address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Site {
    pub(super) code: CodeId,
    pub(super) pc: u32,
}

/// A thing of the machine, or all that one CREATE makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Thing(pub(super) u32);

/// Where a value may lie, or be born.
type Node = u32;

/// The nodes that a place of a stack may hold a value of, in order.
type Origins = Vec<Node>;

/// What an instruction does with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It goes into another node, and nothing else comes of it.
    Moves(Node),
    /// It is dropped or printed.
    Dropped,
    /// A thread of that handle is joined, here.
    Joined(Site),
    /// Something else comes of it.
    Matters,
}

/// What is known of all values.
#[derive(Debug)]
pub(super) struct Flow {
    /// What things there are, by [`Thing`].
    things: Vec<(Kind, Option<Site>)>,
    /// By kind, the first declared one; then those that the program makes.
    declared: [u32; Kind::COUNT],
    /// By kind, how many are declared.
    declared_count: [u32; Kind::COUNT],
    /// By list and address.
    stacks: Vec<Vec<Option<Vec<Origins>>>>,
    /// By list, the first node of what its instructions give: two for each, needed or not.
    given: Vec<Node>,
    /// By list, the first node of its variables.
    variables: Vec<Node>,
    /// The first node of globals, by name.
    globals: Node,
    /// The first node of what things hold, by thing.
    contents: Node,
    /// By node: the things that the value may be a handle of, and what else.
    values: Vec<Bits>,
    uses: Vec<Vec<Use>>,
    matters: Vec<bool>,
    /// What is printed matters.
    prints: bool,
}

/// After the things of a set: that it may be an integer, a string, a string that names nothing.
const INTEGER: usize = 0;
const TEXT: usize = 1;
const NO_NAME: usize = 2;
const MARKS: usize = 3;

impl Flow {
    /// What can be known of a program; nothing if its stacks differ where paths meet.
    pub(super) fn of(program: &Program, prints: bool) -> Option<Self> {
        let size: usize = program.codes().iter().map(|code| code.instructions.len()).sum();
        if size > MOST {
            return None;
        }
        let mut flow = Self { prints, ..Self::empty(program) };
        for code in program.code_ids() {
            let stacks = flow.stacks_of(program.code(code), code)?;
            flow.stacks.push(stacks);
        }
        flow.settle(program);
        flow.find_uses(program);
        flow.find_what_matters(program);
        Some(flow)
    }

    fn empty(program: &Program) -> Self {
        let mut things = Vec::new();
        let mut declared = [0; Kind::COUNT];
        let mut declared_count = [0; Kind::COUNT];
        for (at, first) in declared.iter_mut().enumerate() {
            *first = things.len() as u32;
            let of_kind = program.declared().iter().filter(|it| it.kind as usize == at);
            let count = match at {
                0 => program.entries().len(),
                _ => of_kind.count(),
            };
            let kind = Kind::ALL[at];
            declared_count[at] = count as u32;
            things.extend(std::iter::repeat_n((kind, None), count));
        }
        for code in program.code_ids() {
            for (pc, instruction) in program.code(code).instructions.iter().enumerate() {
                if let Some(kind) = made(*instruction) {
                    things.push((kind, Some(Site { code, pc: pc as u32 })));
                }
            }
        }
        let (mut nodes, mut given) = (0, Vec::new());
        for code in program.codes() {
            given.push(nodes);
            nodes += 2 * code.instructions.len() as u32;
        }
        let mut variables = Vec::new();
        for code in program.codes() {
            variables.push(nodes);
            nodes += code.variables.len() as u32;
        }
        let globals = nodes;
        nodes += program.names().len() as u32;
        let contents = nodes;
        nodes += things.len() as u32;
        let width = things.len() + MARKS;
        Self {
            prints: false,
            declared,
            declared_count,
            stacks: Vec::new(),
            given,
            variables,
            globals,
            contents,
            values: vec![no_bits(width); nodes as usize],
            uses: vec![Vec::new(); nodes as usize],
            matters: vec![false; nodes as usize],
            things,
        }
    }

    /// The node of what an instruction gives, the lower one first.
    fn given(&self, site: Site, at: usize) -> Node {
        self.given[site.code.index()] + 2 * site.pc + at as Node
    }

    pub(super) fn kind_of(&self, thing: Thing) -> Kind {
        self.things[thing.0 as usize].0
    }

    /// How many things there are.
    pub(super) fn things(&self) -> usize {
        self.things.len()
    }

    /// What the CREATE there makes.
    pub(super) fn made_at(&self, site: Site) -> Option<Thing> {
        self.things.iter().position(|(_, at)| *at == Some(site)).map(|at| Thing(at as u32))
    }

    /// The CREATE that makes it; none if it is there from the beginning.
    pub(super) fn site_of(&self, thing: Thing) -> Option<Site> {
        self.things[thing.0 as usize].1
    }

    /// How many of a kind are there from the beginning.
    pub(super) fn declared_of(&self, kind: Kind) -> u32 {
        self.declared_count[kind as usize]
    }

    /// The thing that is there from the beginning.
    pub(super) fn declared(&self, handle: Handle) -> Thing {
        Thing(self.declared[handle.kind as usize] + handle.index)
    }

    /// The stacks before each instruction, and at the end none. None if they differ in depth.
    fn stacks_of(&self, code: &Code, id: CodeId) -> Option<Vec<Option<Vec<Origins>>>> {
        let end = code.instructions.len();
        let mut known: Vec<Option<Vec<Origins>>> = vec![None; end + 1];
        known[0] = Some(Vec::new());
        let mut due = vec![0];
        let first = self.given[id.index()];
        while let Some(pc) = due.pop() {
            let mut stack = known[pc].clone().expect("it was reached");
            let instruction = code.instructions[pc];
            if stack.len() < instruction.needs() {
                continue;
            }
            let top = stack.last().cloned();
            stack.truncate(stack.len() - instruction.takes());
            if let (I::Dup, Some(top)) = (instruction, top) {
                stack.extend([top.clone(), top]);
            } else {
                let node = first + 2 * pc as Node;
                stack.extend((0..instruction.gives() as Node).map(|at| vec![node + at]));
            }
            for to in code.next(pc as u32).map(|to| to as usize) {
                let news = match &mut known[to] {
                    _ if to == end => false,
                    Some(there) if there.len() != stack.len() => return None,
                    Some(there) => merge(there, &stack),
                    nothing => {
                        *nothing = Some(stack.clone());
                        true
                    }
                };
                if news {
                    due.push(to);
                }
            }
        }
        Some(known)
    }

    /// The stack before an instruction, if it is ever reached.
    fn stack(&self, site: Site) -> Option<&[Origins]> {
        self.stacks[site.code.index()][site.pc as usize].as_deref()
    }

    /// Whether some path may lead there.
    pub(super) fn is_reached(&self, site: Site) -> bool {
        self.stack(site).is_some()
    }

    fn operand(&self, site: Site, below: usize) -> &[Node] {
        let stack = self.stack(site).unwrap_or_default();
        stack.len().checked_sub(below + 1).map_or(&[], |at| &stack[at])
    }

    /// What a value so far below the top may be a handle of.
    pub(super) fn operand_things(&self, site: Site, below: usize) -> Vec<Thing> {
        self.things_of(self.operand(site, below))
    }

    fn things_of(&self, nodes: &[Node]) -> Vec<Thing> {
        let mut all = no_bits(self.things.len() + MARKS);
        for node in nodes {
            add_bits(&mut all, &self.values[*node as usize]);
        }
        bits_of(&all).filter(|at| *at < self.things.len()).map(|at| Thing(at as u32)).collect()
    }

    /// What a global may be a handle of.
    pub(super) fn global_things(&self, name: NameId) -> Vec<Thing> {
        self.things_of(&[self.globals + name.index() as Node])
    }

    fn may_be(&self, nodes: &[Node], mark: usize) -> bool {
        let at = self.things.len() + mark;
        nodes.iter().any(|node| has_bit(&self.values[*node as usize], at))
    }

    /// Whether it can be nothing but a thing of that kind, or its name.
    fn is_surely(&self, nodes: &[Node], kind: Kind) -> bool {
        !self.may_be(nodes, INTEGER)
            && !self.may_be(nodes, NO_NAME)
            && self.things_of(nodes).iter().all(|thing| self.kind_of(*thing) == kind)
    }

    fn may_be_thing(&self, nodes: &[Node], kind: Kind) -> bool {
        self.things_of(nodes).iter().any(|thing| self.kind_of(*thing) == kind)
    }

    fn is_surely_integer(&self, nodes: &[Node]) -> bool {
        !self.may_be(nodes, TEXT) && self.things_of(nodes).is_empty()
    }

    /// The integer that it always is, if it is one that stands in the program.
    pub(super) fn constant(&self, program: &Program, site: Site, below: usize) -> Option<i64> {
        let nodes = self.operand(site, below);
        let mut integers = nodes.iter().map(|node| integer_at(program, *node));
        let first = integers.next()??;
        integers.all(|integer| integer == Some(first)).then_some(first)
    }

    fn contents(&self, thing: Thing) -> Node {
        self.contents + thing.0
    }

    fn variable(&self, code: CodeId, slot: u32) -> Node {
        self.variables[code.index()] + slot
    }

    /// What a thing holds that a value is a handle of.
    fn contents_of(&self, nodes: &[Node], kind: Kind) -> Vec<Node> {
        let things = self.things_of(nodes);
        let things = things.into_iter().filter(|thing| self.kind_of(*thing) == kind);
        things.map(|thing| self.contents(thing)).collect()
    }

    /// The queues and the message of a send: both ways if it cannot be told.
    fn sent(&self, site: Site, below: usize) -> Vec<(Origins, Origins)> {
        let (lower, upper) = (self.operand(site, below + 1), self.operand(site, below));
        let mut ways = Vec::new();
        if self.may_be_thing(lower, Kind::Queue) {
            ways.push((lower.to_vec(), upper.to_vec()));
        }
        if !self.is_surely(lower, Kind::Queue) && self.may_be_thing(upper, Kind::Queue) {
            ways.push((upper.to_vec(), lower.to_vec()));
        }
        ways
    }

    /// Of each value on the stack there, whether it matters.
    pub(super) fn stack_matters(&self, site: Site) -> Option<Vec<bool>> {
        let matters = |nodes: &Origins| nodes.iter().any(|node| self.matters[*node as usize]);
        Some(self.stack(site)?.iter().map(matters).collect())
    }

    /// Whether what an instruction gives matters; the lower value first.
    pub(super) fn given_matters(&self, site: Site, at: usize) -> bool {
        self.matters[self.given(site, at) as usize]
    }

    pub(super) fn variable_matters(&self, code: CodeId, slot: u32) -> bool {
        self.matters[self.variable(code, slot) as usize]
    }

    pub(super) fn global_matters(&self, name: NameId) -> bool {
        self.matters[self.globals as usize + name.index()]
    }

    /// Whether what a thing holds matters: messages, values, the count of a counter.
    pub(super) fn contents_matter(&self, thing: Thing) -> bool {
        self.matters[self.contents(thing) as usize]
    }

    /// The JOINs that all handles of what is made there come to, if they come to nothing else; they do
    /// so by one variable each, or not at all.
    pub(super) fn only_joined(&self, site: Site) -> Option<Vec<Site>> {
        let start = self.given(site, 0);
        let (mut seen, mut due, mut joins) = (vec![start], vec![start], Vec::new());
        while let Some(node) = due.pop() {
            for its in &self.uses[node as usize] {
                match *its {
                    Use::Matters if !flawed(Flaw::Told) => return None,
                    Use::Dropped | Use::Matters => {}
                    Use::Joined(at) => joins.push(at),
                    Use::Moves(to) => {
                        if to >= self.globals && !flawed(Flaw::Kept) {
                            return None;
                        }
                        if !seen.contains(&to) {
                            seen.push(to);
                            due.push(to);
                        }
                    }
                }
            }
        }
        // Whatever comes to those JOINs comes from here.
        let clear = joins.iter().all(|join| {
            let things = self.operand_things(*join, 0);
            things.len() == 1 && self.made_at(site) == Some(things[0])
        });
        joins.sort_unstable();
        clear.then_some(joins)
    }

    /// Whether the thread that is there from the beginning is never meant by any value.
    pub(super) fn is_never_named(&self, entry: u32) -> bool {
        let thing = self.declared(Handle { kind: Kind::Thread, index: entry });
        self.values.iter().all(|bits| !has_bit(bits, thing.0 as usize))
    }
}

/// What an instruction makes.
pub(super) fn made(instruction: I) -> Option<Kind> {
    Some(match instruction {
        I::ThreadCreate(_) | I::DaemonCreate(_) => Kind::Thread,
        I::LockCreate => Kind::Lock,
        I::SemaphoreCreate | I::BoundedSemaphoreCreate(_) => Kind::Semaphore,
        I::QueueCreate | I::BoundedQueueCreate(_) => Kind::Queue,
        I::AtomicCreate(_) => Kind::Counter,
        I::ConditionCreate => Kind::Condition,
        I::ArrayCreate(_) => Kind::Array,
        _ => return None,
    })
}

/// How far below the top the thing lies that an instruction is about, or the last of its operands does.
pub(super) fn below_of(instruction: I) -> usize {
    match instruction {
        I::ThreadJoinFor(Instead(None))
        | I::LockAcquireFor(Instead(None))
        | I::SemaphoreAcquireFor(Instead(None))
        | I::QueueSendFor(Instead(None))
        | I::QueueReceiveFor(Instead(None))
        | I::WaitFor(Instead(None))
        | I::ArrayGet => 1,
        I::ArraySet | I::AtomicCompareAndSwap => 2,
        _ => 0,
    }
}

/// The instruction that gives a value, if a node is one.
fn instruction_at(program: &Program, node: Node) -> Option<I> {
    let mut at = node as usize / 2;
    for code in program.codes() {
        match code.instructions.get(at) {
            Some(instruction) => return Some(*instruction),
            None => at -= code.instructions.len(),
        }
    }
    None
}

fn integer_at(program: &Program, node: Node) -> Option<i64> {
    match instruction_at(program, node)? {
        I::Push(literal) => match literal.0 {
            Value::Int(integer) => Some(integer),
            _ => None,
        },
        _ => None,
    }
}

/// Adds what a path brings; whether that was news.
fn merge(into: &mut [Origins], path: &[Origins]) -> bool {
    let mut news = false;
    for (into, path) in into.iter_mut().zip(path) {
        for node in path {
            if let Err(at) = into.binary_search(node) {
                into.insert(at, *node);
                news = true;
            }
        }
    }
    news
}

/// The names that an expression reads.
pub(super) fn read_names(expression: &Expression, names: &mut Vec<NameId>) {
    expression.visit(&mut |part| match part {
        Expression::Name(name) | Expression::Pc(name) => names.push(*name),
        Expression::Variable(thread, variable) => names.extend([*thread, *variable]),
        _ => {}
    });
}
