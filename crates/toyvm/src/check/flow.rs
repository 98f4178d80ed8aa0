//! Where values come from and where they go: through stacks, variables, globals, queues, arrays and
//! counters.
//!
//! Two questions are answered for every place of the program. Which things may a value be a handle of
//! (Andersen, 1994; insensitive to control flow but for stacks)? And may it reach a branch, a wait, a
//! claim, or an instruction that could fail on it? A value that may not is *dead*: whatever it is, the
//! program goes on alike.

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
}

/// Sets of small numbers, all of one size.
pub(super) type Bits = Box<[u64]>;

pub(super) fn no_bits(size: usize) -> Bits {
    vec![0; size.div_ceil(64).max(1)].into()
}

pub(super) fn has_bit(bits: &[u64], at: usize) -> bool {
    bits[at / 64] & (1 << (at % 64)) != 0
}

pub(super) fn set_bit(bits: &mut [u64], at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

/// Adds what another set has; whether that was news.
pub(super) fn add_bits(into: &mut [u64], from: &[u64]) -> bool {
    let mut news = false;
    for (into, from) in into.iter_mut().zip(from) {
        news |= *from & !*into != 0;
        *into |= from;
    }
    news
}

pub(super) fn share_bits(a: &[u64], b: &[u64]) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}

pub(super) fn bits_of(bits: &[u64]) -> impl Iterator<Item = usize> + '_ {
    (0..bits.len() * 64).filter(|at| has_bit(bits, *at))
}

/// After the things of a set: that it may be an integer, a string, a string that names nothing.
const INTEGER: usize = 0;
const TEXT: usize = 1;
const NO_NAME: usize = 2;
const MARKS: usize = 3;

impl Flow {
    /// What can be known of a program; nothing if its stacks differ where paths meet.
    ///
    /// `prints` says whether what is printed matters.
    pub(super) fn of(program: &Program, prints: bool) -> Option<Self> {
        let size: usize = program.codes().iter().map(|code| code.instructions.len()).sum();
        if size > MOST {
            return None;
        }
        let mut flow = Self::empty(program);
        for code in program.code_ids() {
            let stacks = flow.stacks_of(program.code(code), code)?;
            flow.stacks.push(stacks);
        }
        flow.settle(program);
        flow.find_uses(program, prints);
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
            let jump = instruction.target().and_then(|to| usize::try_from(to).ok());
            let falls = !matches!(instruction, I::Jump(_));
            for to in jump.filter(|to| *to <= end).into_iter().chain(falls.then_some(pc + 1)) {
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

    /// Carries values along until nothing new comes of it.
    fn settle(&mut self, program: &Program) {
        for (name, value) in program.globals() {
            let node = self.globals + name.index() as Node;
            self.learn(program, node, *value);
        }
        for (at, (_, site)) in self.things.clone().iter().enumerate() {
            if site.is_none() && matches!(self.things[at].0, Kind::Array | Kind::Counter) {
                self.mark(self.contents + at as Node, INTEGER);
            }
        }
        loop {
            let mut news = false;
            for code in program.code_ids() {
                for pc in 0..program.code(code).instructions.len() as u32 {
                    let site = Site { code, pc };
                    if self.stack(site).is_some() {
                        news |= self.carry(program, site);
                    }
                }
            }
            if !news {
                return;
            }
        }
    }

    fn mark(&mut self, node: Node, mark: usize) -> bool {
        let at = self.things.len() + mark;
        let bits = &mut self.values[node as usize];
        let news = !has_bit(bits, at);
        set_bit(bits, at);
        news
    }

    fn learn_thing(&mut self, node: Node, thing: Thing) -> bool {
        let bits = &mut self.values[node as usize];
        let news = !has_bit(bits, thing.0 as usize);
        set_bit(bits, thing.0 as usize);
        news
    }

    fn learn(&mut self, program: &Program, node: Node, value: Value) -> bool {
        match value {
            Value::Int(_) => self.mark(node, INTEGER),
            Value::Handle(handle) => self.learn_thing(node, self.declared(handle)),
            Value::Text(text) => {
                let named = program.object_called(text).map(|handle| self.declared(handle));
                let news = self.mark(node, TEXT);
                news | match named {
                    Some(thing) => self.learn_thing(node, thing),
                    None => self.mark(node, NO_NAME),
                }
            }
        }
    }

    /// All that a value may be goes on to another node.
    fn flow(&mut self, from: &[Node], to: Node) -> bool {
        let mut news = false;
        for from in from {
            if *from != to {
                let bits = self.values[*from as usize].clone();
                news |= add_bits(&mut self.values[to as usize], &bits);
            }
        }
        news
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

    fn carry(&mut self, program: &Program, site: Site) -> bool {
        let instruction = program.code(site.code).instructions[site.pc as usize];
        let given = [self.given(site, 0), self.given(site, 1)];
        let operand = |flow: &Self, below| flow.operand(site, below).to_vec();
        match instruction {
            I::Push(literal) => self.learn(program, given[0], literal.0),
            I::Store(name) => {
                let to = self.variable(site.code, name.slot);
                self.flow(&operand(self, 0), to)
            }
            I::GlobalStore(name) => {
                let to = self.globals + name.id.index() as Node;
                self.flow(&operand(self, 0), to)
            }
            I::Load(name) => {
                let own = self.variable(site.code, name.slot);
                let global = self.globals + name.id.index() as Node;
                let named = program.object_named(name.id).map(|handle| self.declared(handle));
                let news = self.flow(&[own, global], given[0]);
                news | named.is_some_and(|thing| self.learn_thing(given[0], thing))
            }
            I::Add => {
                let (a, b) = (operand(self, 1), operand(self, 0));
                let mut news = self.mark(given[0], INTEGER);
                if self.may_be(&a, TEXT) && self.may_be(&b, TEXT) {
                    news |= self.mark(given[0], TEXT) | self.mark(given[0], NO_NAME);
                    for name in 0..program.names().len() {
                        if let Some(handle) = program.object_named(NameId(name as u32)) {
                            news |= self.learn_thing(given[0], self.declared(handle));
                        }
                    }
                    for handle in program.objects_by_text.iter().flatten() {
                        news |= self.learn_thing(given[0], self.declared(*handle));
                    }
                }
                news
            }
            I::QueueSend | I::TryQueueSend | I::QueueSendFor(_) => {
                let below = below_of(instruction);
                let mut news = false;
                for (queues, message) in self.sent(site, below) {
                    for to in self.contents_of(&queues, Kind::Queue) {
                        news |= self.flow(&message, to);
                    }
                }
                if instruction.gives() > 0 {
                    news |= self.mark(given[0], INTEGER);
                }
                news
            }
            I::QueueReceive | I::TryQueueReceive | I::QueueReceiveFor(_) => {
                let queues = operand(self, below_of(instruction));
                let mut news = self.flow(&self.contents_of(&queues, Kind::Queue), given[0]);
                if instruction.gives() > 1 {
                    news |= self.mark(given[0], INTEGER) | self.mark(given[1], INTEGER);
                }
                news
            }
            I::ArrayGet => {
                let arrays = operand(self, 1);
                self.flow(&self.contents_of(&arrays, Kind::Array), given[0])
            }
            I::ArraySet => {
                let (arrays, value) = (operand(self, 2), operand(self, 0));
                let mut news = false;
                for to in self.contents_of(&arrays, Kind::Array) {
                    news |= self.flow(&value, to);
                }
                news
            }
            _ => match made(instruction) {
                Some(kind) => {
                    let thing = self.made_at(site).expect("it is one of them");
                    let mut news = self.learn_thing(given[0], thing);
                    if kind == Kind::Array {
                        news |= self.mark(self.contents(thing), INTEGER);
                    }
                    news
                }
                None if instruction.gives() == 1 && instruction != I::Dup => {
                    self.mark(given[0], INTEGER)
                }
                None => false,
            },
        }
    }

    /// What each instruction does with what it takes.
    fn find_uses(&mut self, program: &Program, prints: bool) {
        for code in program.code_ids() {
            for pc in 0..program.code(code).instructions.len() as u32 {
                let site = Site { code, pc };
                if self.stack(site).is_some() {
                    let mut uses = Vec::new();
                    self.uses_at(program, site, prints, &mut uses);
                    for (nodes, its) in uses {
                        for node in nodes {
                            if !self.uses[node as usize].contains(&its) {
                                self.uses[node as usize].push(its);
                            }
                        }
                    }
                }
            }
        }
    }

    fn uses_at(&self, program: &Program, site: Site, prints: bool, uses: &mut Vec<(Origins, Use)>) {
        let instruction = program.code(site.code).instructions[site.pc as usize];
        let operand = |below: usize| self.operand(site, below).to_vec();
        let given = [Use::Moves(self.given(site, 0))];
        let mut matters = |from: usize| {
            for below in from..instruction.takes() {
                uses.push((operand(below), Use::Matters));
            }
        };
        match instruction {
            I::Pop => uses.push((operand(0), Use::Dropped)),
            I::Print(_) => {
                let its = if prints { Use::Matters } else { Use::Dropped };
                uses.push((operand(0), its));
            }
            I::Dup => {}
            I::Store(name) => {
                uses.push((operand(0), Use::Moves(self.variable(site.code, name.slot))));
            }
            I::GlobalStore(name) => {
                let to = self.globals + name.id.index() as Node;
                uses.push((operand(0), Use::Moves(to)));
            }
            I::Load(name) => {
                let own = self.variable(site.code, name.slot);
                let global = self.globals + name.id.index() as Node;
                uses.push((vec![own, global], given[0]));
            }
            I::Eq | I::Ne => uses.extend((0..2).map(|below| (operand(below), given[0]))),
            I::Lt | I::Le | I::Gt | I::Ge | I::And | I::Or | I::Not => {
                for below in 0..instruction.takes() {
                    let nodes = operand(below);
                    let is_safe = self.is_surely_integer(&nodes);
                    uses.push((nodes, if is_safe { given[0] } else { Use::Matters }));
                }
            }
            I::ThreadJoin => uses.push((operand(0), Use::Joined(site))),
            I::AtomicIncrement | I::AtomicDecrement | I::AtomicGet => {
                matters(0);
                uses.push((self.contents_of(&operand(0), Kind::Counter), given[0]));
            }
            I::AtomicCompareAndSwap => {
                matters(0);
                uses.push((self.contents_of(&operand(2), Kind::Counter), Use::Matters));
            }
            I::QueueSend | I::TryQueueSend | I::QueueSendFor(_) => {
                let below = below_of(instruction);
                let ways = self.sent(site, below);
                let (lower, upper) = (operand(below + 1), operand(below));
                let is_clear = match ways.as_slice() {
                    [(queues, _)] if *queues == lower => self.is_surely(&lower, Kind::Queue),
                    [(queues, _)] if *queues == upper => self.is_surely(&upper, Kind::Queue),
                    _ => false,
                };
                match ways.first() {
                    Some((queues, message)) if is_clear => {
                        uses.push((queues.clone(), Use::Matters));
                        for to in self.contents_of(queues, Kind::Queue) {
                            uses.push((message.clone(), Use::Moves(to)));
                        }
                    }
                    _ => uses.extend([(lower, Use::Matters), (upper, Use::Matters)]),
                }
                if below == 1 {
                    uses.push((operand(0), Use::Matters));
                }
            }
            I::QueueReceive | I::TryQueueReceive | I::QueueReceiveFor(_) => {
                matters(0);
                let queues = operand(below_of(instruction));
                uses.push((self.contents_of(&queues, Kind::Queue), given[0]));
            }
            I::ArrayGet => {
                matters(0);
                uses.push((self.contents_of(&operand(1), Kind::Array), given[0]));
            }
            I::ArraySet => {
                matters(1);
                for to in self.contents_of(&operand(2), Kind::Array) {
                    uses.push((operand(0), Use::Moves(to)));
                }
            }
            I::Sleep(Instead(None)) => {
                let is_safe = self.is_never_negative(program, site);
                uses.push((operand(0), if is_safe { Use::Dropped } else { Use::Matters }));
            }
            _ => matters(0),
        }
    }

    /// Whether what a SLEEP finds is surely a time: chosen, or written in the program.
    fn is_never_negative(&self, program: &Program, site: Site) -> bool {
        self.operand(site, 0).iter().all(|node| match instruction_at(program, *node) {
            Some(I::Choose(_) | I::Random(_)) => true,
            Some(I::Push(literal)) => matches!(literal.0, Value::Int(0..)),
            _ => false,
        })
    }

    fn find_what_matters(&mut self, program: &Program) {
        let mut due: Vec<Node> = Vec::new();
        for node in 0..self.uses.len() {
            let matters = |its: &Use| matches!(its, Use::Matters | Use::Joined(_));
            if self.uses[node].iter().any(matters) {
                due.push(node as Node);
            }
        }
        for claim in &program.claims {
            let mut names = claim.while_free.into_iter().collect();
            read_names(&claim.holds, &mut names);
            for name in names {
                let global = self.globals + name.index() as Node;
                due.push(global);
                let mut things = self.things_of(&[global]);
                things.extend(program.object_named(name).map(|handle| self.declared(handle)));
                due.extend(things.iter().map(|thing| self.contents(*thing)));
                for (code, of) in program.codes().iter().zip(&self.variables) {
                    let slots = code.variables.iter().enumerate();
                    let slots = slots.filter(|(_, variable)| **variable == name);
                    due.extend(slots.map(|(slot, _)| of + slot as Node));
                }
            }
        }
        let mut sources: Vec<Vec<Node>> = vec![Vec::new(); self.uses.len()];
        for (node, uses) in self.uses.iter().enumerate() {
            for its in uses {
                if let Use::Moves(to) = its {
                    sources[*to as usize].push(node as Node);
                }
            }
        }
        while let Some(node) = due.pop() {
            if !std::mem::replace(&mut self.matters[node as usize], true) {
                due.extend(&sources[node as usize]);
            }
        }
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
                    Use::Dropped => {}
                    Use::Matters => return None,
                    Use::Joined(at) => joins.push(at),
                    Use::Moves(to) => {
                        if to >= self.globals {
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
    match expression {
        Expression::Int(_) | Expression::Text(_) => {}
        Expression::Name(name) | Expression::Pc(name) => names.push(*name),
        Expression::Variable(thread, variable) => names.extend([*thread, *variable]),
        Expression::Not(inner) | Expression::Minus(inner) => read_names(inner, names),
        Expression::Arithmetic(a, _, b) => {
            read_names(a, names);
            read_names(b, names);
        }
        Expression::Compare(first, rest) => {
            read_names(first, names);
            for (_, right) in rest {
                read_names(right, names);
            }
        }
        Expression::All(parts) | Expression::Any(parts) => {
            for part in parts {
                read_names(part, names);
            }
        }
    }
}
