//! Ids: numbers that a counter gives out, each once, and that come to nothing but places of arrays, and to
//! being compared with each other. Which of them stands where does not matter then (Ip & Dill, 1996, declare
//! such *scalarsets*; here they are found).

use std::ops::Range;

use super::{Flow, Node, Site, Thing, below_of, read_names};
use crate::check::flaw::{Flaw, flawed};
use crate::check::future::runs_once;
use crate::instruction::Instruction as I;
use crate::program::argument::Instead;
use crate::program::{CodeId, NameId, Program};
use crate::value::{Kind, Value};

/// Ids that may meet: from one counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check) struct Family(pub(in crate::check) u32);

/// Where ids are.
#[derive(Debug)]
pub(in crate::check) struct Ids {
    /// By family, the numbers that may change places: the counter gives out no lower ones, and all
    /// arrays have places for them.
    families: Vec<Range<i64>>,
    /// By node; then by thing, of the numbers of its places.
    of: Vec<Option<Family>>,
    /// By list and address, what is on the stack.
    stacks: Vec<Vec<Box<[Option<Family>]>>>,
    variables: Vec<Node>,
    globals: Node,
    contents: Node,
    places: Node,
}

impl Ids {
    /// The ids of a program, if it has any.
    pub(in crate::check) fn of(program: &Program, flow: &Flow) -> Option<Self> {
        let mut kin = Kin::of(flow);
        kin.find(program);
        let (families, of) = kin.families(program);
        if families.is_empty() {
            return None;
        }
        let stack = |code: CodeId, pc: usize| -> Box<[Option<Family>]> {
            let stack = flow.stacks[code.index()][pc].as_deref().unwrap_or_default();
            let family = |nodes: &Vec<Node>| nodes.first().and_then(|node| of[*node as usize]);
            stack.iter().map(family).collect()
        };
        let stacks = program.code_ids().map(|code| {
            let addresses = 0..flow.stacks[code.index()].len();
            addresses.map(|pc| stack(code, pc)).collect()
        });
        Some(Self {
            stacks: stacks.collect(),
            families,
            of,
            variables: flow.variables.clone(),
            globals: flow.globals,
            contents: flow.contents,
            places: flow.uses.len() as Node,
        })
    }

    /// How many families there are.
    pub(in crate::check) fn families(&self) -> usize {
        self.families.len()
    }

    /// The number that a value is, if it may change places with others.
    #[inline]
    pub(in crate::check) fn id(&self, family: Family, value: Value) -> Option<i64> {
        match value {
            Value::Int(int) if self.families[family.0 as usize].contains(&int) => Some(int),
            _ => None,
        }
    }

    /// The least of them.
    pub(in crate::check) fn least(&self, family: Family) -> i64 {
        self.families[family.0 as usize].start
    }

    pub(in crate::check) fn on_stack(&self, code: CodeId, pc: u32, at: usize) -> Option<Family> {
        *self.stacks[code.index()].get(pc as usize)?.get(at)?
    }

    pub(in crate::check) fn in_variable(&self, code: CodeId, slot: usize) -> Option<Family> {
        self.of[self.variables[code.index()] as usize + slot]
    }

    pub(in crate::check) fn in_global(&self, name: NameId) -> Option<Family> {
        self.of[self.globals as usize + name.index()]
    }

    /// What a thing holds.
    pub(in crate::check) fn in_thing(&self, thing: Thing) -> Option<Family> {
        self.of[(self.contents + thing.0) as usize]
    }

    /// By what an array is read and set.
    pub(in crate::check) fn places_of(&self, thing: Thing) -> Option<Family> {
        self.of[(self.places + thing.0) as usize]
    }
}

/// Which places may hold the same values: those that are moved between, compared, or used for the same
/// array; and what is found of such values.
struct Kin<'a> {
    flow: &'a Flow,
    /// By node, then by thing: another of its kin, or itself (Tarjan, 1975).
    of: Vec<Node>,
    /// Of those values something else comes, or they are from somewhere else.
    other: Vec<Node>,
    constants: Vec<(Node, i64)>,
    drawn: Vec<(Node, Thing)>,
    /// Counters that may give out a number twice.
    unsteady: Vec<Thing>,
}

impl<'a> Kin<'a> {
    fn of(flow: &'a Flow) -> Self {
        Self {
            flow,
            of: (0..(flow.uses.len() + flow.things()) as Node).collect(),
            other: Vec::new(),
            constants: Vec::new(),
            drawn: Vec::new(),
            unsteady: Vec::new(),
        }
    }

    fn first(&self, mut node: Node) -> Node {
        while self.of[node as usize] != node {
            node = self.of[node as usize];
        }
        node
    }

    fn join(&mut self, one: &[Node], other: &[Node]) {
        for (one, other) in one.iter().flat_map(|one| other.iter().map(move |other| (one, other))) {
            let (one, other) = (self.first(*one), self.first(*other));
            self.of[one.max(other) as usize] = one.min(other);
        }
    }

    fn place(&self, array: Thing) -> Node {
        self.flow.uses.len() as Node + array.0
    }

    fn find(&mut self, program: &Program) {
        let flow = self.flow;
        for (name, value) in program.globals() {
            self.note(flow.globals + name.index() as Node, *value);
        }
        for array in (0..flow.things() as u32).map(Thing) {
            if flow.kind_of(array) == Kind::Array {
                // It begins with 0 in each place.
                self.constants.push((flow.contents(array), 0));
            }
        }
        for claim in program.claims.iter().filter(|_| !flawed(Flaw::IdsClaimed)) {
            let mut names: Vec<NameId> = claim.while_free.into_iter().collect();
            read_names(&claim.holds, &mut names);
            self.other.extend(names.iter().map(|name| flow.globals + name.index() as Node));
        }
        for code in program.code_ids() {
            for pc in 0..program.code(code).instructions.len() as u32 {
                let site = Site { code, pc };
                for origins in flow.stack(site).unwrap_or_default() {
                    self.join(origins, origins);
                }
                if flow.is_reached(site) {
                    self.find_at(program, site);
                }
            }
        }
    }

    fn note(&mut self, node: Node, value: Value) {
        match value {
            Value::Int(int) => self.constants.push((node, int)),
            _ => self.other.push(node),
        }
    }

    fn find_at(&mut self, program: &Program, site: Site) {
        let flow = self.flow;
        let instruction = program.code(site.code).instructions[site.pc as usize];
        let operand = |below| flow.operand(site, below);
        let given = [flow.given(site, 0), flow.given(site, 1)];
        match instruction {
            I::Push(literal) => self.note(given[0], literal.0),
            I::Pop | I::Dup | I::Print(_) | I::PrintEach(_) => {}
            I::Store(name) => self.join(operand(0), &[flow.variable(site.code, name.slot)]),
            I::GlobalStore(name) => {
                self.join(operand(0), &[flow.globals + name.id.index() as Node]);
            }
            I::Load(name) => {
                let own = flow.variable(site.code, name.slot);
                self.join(&given[..1], &[own, flow.globals + name.id.index() as Node]);
                if program.object_named(name.id).is_some() {
                    self.other.push(given[0]);
                }
            }
            I::Eq | I::Ne => {
                self.join(operand(0), operand(1));
                self.other.push(given[0]);
            }
            I::Lt | I::Le | I::Gt | I::Ge if flawed(Flaw::IdsInOrder) => self.other.push(given[0]),
            I::AtomicIncrement => {
                self.other.extend(operand(0));
                let counters = flow.operand_things(site, 0);
                match counters[..] {
                    [counter] if flow.is_surely(operand(0), Kind::Counter) => {
                        self.drawn.push((given[0], counter));
                    }
                    [counter, ..] if flawed(Flaw::IdsOfTwo) => self.drawn.push((given[0], counter)),
                    _ => self.other.push(given[0]),
                }
            }
            I::QueueSend | I::TryQueueSend | I::QueueSendFor(_) => {
                self.find_sent(site, instruction);
            }
            I::QueueReceive | I::TryQueueReceive | I::QueueReceiveFor(_) => {
                let below = below_of(instruction);
                (0..=below).for_each(|below| self.other.extend(operand(below)));
                let contents = flow.contents_of(operand(below), Kind::Queue);
                self.join(&given[..1], &contents);
                if instruction.gives() > 1 {
                    // There may be none.
                    self.constants.push((given[0], 0));
                    self.other.push(given[1]);
                }
            }
            I::ArrayGet | I::ArraySet => {
                let below = below_of(instruction);
                self.other.extend(operand(below));
                for array in flow.operand_things(site, below) {
                    if flow.kind_of(array) == Kind::Array {
                        let place = self.place(array);
                        self.join(operand(below - 1), &[place]);
                    }
                }
                let contents = flow.contents_of(operand(below), Kind::Array);
                let value = if instruction == I::ArrayGet { &given[..1] } else { operand(0) };
                self.join(value, &contents);
            }
            _ => {
                if matches!(instruction, I::AtomicDecrement | I::AtomicCompareAndSwap) {
                    self.unsteady.extend(flow.operand_things(site, below_of(instruction)));
                }
                (0..instruction.takes()).for_each(|below| self.other.extend(operand(below)));
                self.other.extend(&given[..instruction.gives()]);
            }
        }
    }

    fn find_sent(&mut self, site: Site, instruction: I) {
        let flow = self.flow;
        let below = below_of(instruction);
        match flow.sent(site, below).as_slice() {
            [(queues, message)] if flow.is_surely(queues, Kind::Queue) => {
                self.join(message, &flow.contents_of(queues, Kind::Queue));
                self.other.extend(queues);
            }
            _ => {
                self.other.extend(flow.operand(site, below));
                self.other.extend(flow.operand(site, below + 1));
            }
        }
        if below > 0 {
            self.other.extend(flow.operand(site, 0));
        }
        if instruction.gives() > 0 {
            self.other.push(flow.given(site, 0));
        }
    }

    /// The families, and by node, then by thing, which it is of.
    fn families(&self, program: &Program) -> (Vec<Range<i64>>, Vec<Option<Family>>) {
        let (mut families, mut firsts) = (Vec::new(), Vec::new());
        for (node, _) in &self.drawn {
            let first = self.first(*node);
            if !firsts.contains(&first)
                && let Some(family) = self.family(program, first)
            {
                firsts.push(first);
                families.push(family);
            }
        }
        let family = |node| {
            let at = firsts.iter().position(|first| *first == self.first(node))?;
            Some(Family(at as u32))
        };
        (families, (0..self.of.len() as Node).map(family).collect())
    }

    /// The numbers of a family that may change places, if it is one.
    fn family(&self, program: &Program, first: Node) -> Option<Range<i64>> {
        let flow = self.flow;
        let is_kin = |node: &Node| self.first(*node) == first;
        let matters = |node: Node| flow.matters[node as usize] && is_kin(&node);
        if self.other.iter().any(is_kin) || !(0..flow.uses.len() as Node).any(matters) {
            return None;
        }
        let mut drawn = self.drawn.iter().filter(|(node, _)| is_kin(node)).map(|(_, from)| *from);
        let counter = drawn.next()?;
        if drawn.any(|other| other != counter) && !flawed(Flaw::IdsOfTwo)
            || self.unsteady.contains(&counter) && !flawed(Flaw::IdsTwice)
            || flow.site_of(counter).is_some_and(|site| !runs_once(program, flow, site))
        {
            return None;
        }
        let least = flow.initial(program, counter)?.checked_add(1).filter(|least| *least >= 0)?;
        let mut constants = self.constants.iter().filter(|(node, _)| is_kin(node));
        if constants.any(|(_, constant)| *constant >= least) && !flawed(Flaw::IdsWritten) {
            return None;
        }
        let mut end = i64::MAX;
        for array in (0..flow.things() as u32).map(Thing) {
            if is_kin(&self.place(array)) {
                // What stands there would have to be renamed with it.
                let holds_some = |(node, _): &(Node, Thing)| {
                    self.first(*node) == self.first(flow.contents(array))
                };
                if self.drawn.iter().any(holds_some) {
                    return None;
                }
                end = end.min(flow.initial(program, array)?);
            }
        }
        let end = if flawed(Flaw::IdsBeyond) { i64::MAX } else { end };
        (least < end).then_some(least..end)
    }
}

impl Flow {
    /// What a counter begins with, or how long an array is, if it stands in the program.
    fn initial(&self, program: &Program, thing: Thing) -> Option<i64> {
        let Some(site) = self.site_of(thing) else {
            let kind = self.kind_of(thing);
            let at = (thing.0 - self.declared[kind as usize]) as usize;
            return program
                .declared()
                .iter()
                .filter(|it| it.kind == kind)
                .nth(at)
                .map(|it| it.initial);
        };
        match program.code(site.code).instructions[site.pc as usize] {
            I::AtomicCreate(Instead(None)) | I::ArrayCreate(Instead(None)) => {
                self.constant(program, site, 0)
            }
            I::AtomicCreate(initial) | I::ArrayCreate(initial) => initial.0,
            _ => None,
        }
    }
}
