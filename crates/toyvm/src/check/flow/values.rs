//! What values may be: carried along from where they are born until nothing new comes of it.

use super::{Flow, INTEGER, NO_NAME, Node, Site, TEXT, Thing, below_of, made};
use crate::check::bits::{add_bits, has_bit, set_bit};
use crate::instruction::Instruction as I;
use crate::program::{NameId, Program};
use crate::value::{Kind, Value};

impl Flow {
    /// Carries values along until nothing new comes of it.
    pub(super) fn settle(&mut self, program: &Program) {
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
}
