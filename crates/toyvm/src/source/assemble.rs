//! From evaluated lists to a program.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::entry::Chosen;
use super::evaluate::Evaluator;
use super::scope::CANDIDATES;
use super::script::Script;
use super::thing::Thing;
use super::{Diagnostic, Source};
use crate::instruction::{Instruction, Opcode};
use crate::program::argument::{Name, Operand, Reading};
use crate::program::claim::Claim;
use crate::program::{
    BodiesId, ClaimId, Code, CodeId, Declared, Entry, NameId, Program, Span, Wishes,
};
use crate::value::{Handle, Kind, Text, Texts, Value};

/// A program but for the source, which is still lent to the parser's tree.
pub(crate) struct Assembled {
    texts: Texts,
    names: Vec<Text>,
    objects: HashMap<Text, Handle>,
    codes: Vec<Code>,
    bodies: Vec<Vec<CodeId>>,
    claims: Vec<Claim>,
    declared: Vec<Declared>,
    entries: Vec<Entry>,
    globals: Vec<(NameId, Value)>,
    wishes: Wishes,
}

impl Assembled {
    /// The program.
    pub(super) fn with(self, source: Source) -> Program {
        let mut objects_by_text = vec![None; self.texts.len()];
        for (text, handle) in &self.objects {
            objects_by_text[text.index()] = Some(*handle);
        }
        Program {
            source,
            objects_by_name: self.names.iter().map(|name| objects_by_text[name.index()]).collect(),
            objects_by_text,
            texts: Arc::new(self.texts),
            names: self.names,
            codes: self.codes,
            bodies: self.bodies,
            claims: self.claims,
            declared: self.declared,
            entries: self.entries,
            globals: self.globals,
            wishes: self.wishes,
        }
    }
}

/// Makes the program that was chosen; errors are told to the evaluator.
pub(super) fn assemble(evaluator: &mut Evaluator<'_>, chosen: Chosen) -> Assembled {
    let script = match chosen.machine {
        Some(machine) => std::mem::take(&mut evaluator.machines[machine as usize]),
        None => Script::default(),
    };
    let mut assembler = Assembler {
        machine: chosen.machine,
        wrong_before: evaluator.errors > 0,
        label: evaluator.texts.intern("LABEL"),
        evaluator,
        codes: Vec::new(),
        code_of: HashMap::new(),
        waiting: VecDeque::new(),
        names: Vec::new(),
        name_of: HashMap::new(),
        slots: Vec::new(),
        labels: HashMap::new(),
        place: (CodeId(0), 0),
        bodies: Vec::new(),
        bodies_of: HashMap::new(),
        claims: Vec::new(),
        claim_of: HashMap::new(),
    };
    let mut objects = HashMap::new();
    let mut counts = [0; Kind::COUNT];
    for declared in &script.declared {
        let index = counts[declared.kind as usize];
        counts[declared.kind as usize] += 1;
        if let Some(name) = declared.name {
            objects.insert(name, Handle { kind: declared.kind, index });
        }
    }
    let mut entries = Vec::with_capacity(chosen.starts.len());
    for (index, start) in chosen.starts.into_iter().enumerate() {
        let title = match start.name {
            Some(name) => assembler.evaluator.texts.get(name).to_owned(),
            None => format!("thread-{index}"),
        };
        let code = assembler.code(start.list, &start.span, title);
        if let Some(name) = start.name {
            objects.insert(name, Handle { kind: Kind::Thread, index: index as u32 });
        }
        let (name, priority, daemon) = (start.name, start.priority, start.daemon);
        entries.push(Entry { code, name, priority, daemon });
    }
    while let Some((list, code)) = assembler.waiting.pop_front() {
        assembler.fill(list, code);
    }
    let mut globals = Vec::with_capacity(script.globals.len());
    for (name, thing, _) in script.globals {
        let value = match thing {
            Thing::Text(text) => Value::Text(text),
            Thing::Handle(_, handle) => Value::Handle(handle),
            other => Value::Int(other.int().unwrap_or(0)),
        };
        globals.push((assembler.name_id(name), value));
    }
    Assembled {
        names: assembler.names,
        objects,
        codes: assembler.codes,
        bodies: assembler.bodies,
        claims: assembler.claims,
        declared: script.declared,
        entries,
        globals,
        wishes: script.wishes,
        texts: std::mem::take(&mut assembler.evaluator.texts),
    }
}

/// The state of a program that is being made.
pub(super) struct Assembler<'e, 'a> {
    pub(super) evaluator: &'e mut Evaluator<'a>,
    machine: Option<u32>,
    /// There were errors already when the lists were evaluated.
    wrong_before: bool,
    /// The string `LABEL`.
    label: Text,
    codes: Vec<Code>,
    code_of: HashMap<u32, CodeId>,
    /// Lists whose instructions are still to be read.
    waiting: VecDeque<(u32, CodeId)>,
    names: Vec<Text>,
    name_of: HashMap<Text, NameId>,
    /// For each name, the list that mentioned it last, and its slot there.
    slots: Vec<(CodeId, u32)>,
    /// The labels of the list that is being read.
    labels: HashMap<Text, i64>,
    /// The instruction that is being read.
    place: (CodeId, usize),
    bodies: Vec<Vec<CodeId>>,
    bodies_of: HashMap<u32, BodiesId>,
    claims: Vec<Claim>,
    claim_of: HashMap<String, ClaimId>,
}

impl Assembler<'_, '_> {
    /// The code of a list; its instructions are read later, so that lists may mention each other.
    fn code(&mut self, list: u32, place: &Span, title: String) -> CodeId {
        if let Some(known) = self.code_of.get(&list) {
            return *known;
        }
        let of = &self.evaluator.sequences[list as usize];
        let id = CodeId(self.codes.len() as u32);
        self.code_of.insert(list, id);
        self.codes.push(Code {
            name: of.name.as_deref().map_or(title, str::to_owned),
            instructions: Vec::with_capacity(of.items.len()),
            spans: Vec::with_capacity(of.items.len()),
            labels: Vec::new(),
            variables: Vec::new(),
        });
        let problem = if of.items.is_empty() && self.wrong_before {
            // What it lacks has been told.
            return id;
        } else if of.items.is_empty() {
            Some("this list has no instructions, and a thread needs one")
        } else if self.evaluator.is_instruction(list) && !self.evaluator.lacks_commas(list) {
            Some("this is one instruction, and a thread runs a list of them: put it in [ ]")
        } else {
            None
        };
        match problem {
            // The list itself is the better place.
            Some(problem) => {
                let own = of.span.clone();
                let place = if own.is_empty() { place.clone() } else { own };
                self.evaluator.wrong(Diagnostic::error(problem).at(place));
            }
            None => self.waiting.push_back((list, id)),
        }
        id
    }

    /// The number of a name.
    fn name_id(&mut self, name: Text) -> NameId {
        if let Some(known) = self.name_of.get(&name) {
            return *known;
        }
        let id = NameId(self.names.len() as u32);
        self.names.push(name);
        self.slots.push((CodeId(u32::MAX), 0));
        self.name_of.insert(name, id);
        id
    }

    /// The number of a name that a claim mentions.
    pub(super) fn named(&mut self, name: &str) -> NameId {
        let name = self.evaluator.texts.intern(name);
        self.name_id(name)
    }

    /// Finds the labels of a list, so that jumps may go forward.
    fn find_labels(&mut self, list: u32, code: CodeId) {
        self.labels.clear();
        let items = &self.evaluator.sequences[list as usize].items;
        let mut twice = Vec::new();
        for (pc, item) in items.iter().enumerate() {
            let Thing::Sequence(instruction) = item.thing else { continue };
            let [name, label] = self.evaluator.sequences[instruction as usize].items.as_slice()
            else {
                continue;
            };
            let (Thing::Text(name), Thing::Text(label)) = (name.thing, label.thing) else {
                continue;
            };
            if name != self.label {
                continue;
            }
            if let Some(earlier) = self.labels.get(&label) {
                twice.push((label, item.span.clone(), items[*earlier as usize].span.clone()));
            } else {
                self.labels.insert(label, pc as i64);
                self.codes[code.index()].labels.push((pc as i64, label));
            }
        }
        for (label, again, earlier) in twice {
            let message = format!(
                "the label {:?} stands twice in this list",
                self.evaluator.texts.get(label)
            );
            let error = Diagnostic::error(message).at(again);
            self.evaluator.wrong(error.with(earlier, "it stood here before"));
        }
    }

    /// Reads the instructions of a list.
    fn fill(&mut self, list: u32, code: CodeId) {
        self.find_labels(list, code);
        let mut name = String::new();
        let mut operands = Vec::new();
        for pc in 0..self.evaluator.sequences[list as usize].items.len() {
            if self.evaluator.stopped {
                return;
            }
            self.place = (code, pc);
            let item = self.evaluator.sequences[list as usize].items[pc].clone();
            let Thing::Sequence(instruction) = item.thing else {
                self.no_instruction(item.thing, item.span);
                continue;
            };
            let parts = &self.evaluator.sequences[instruction as usize];
            let Some((first, rest)) = parts.items.split_first() else {
                let error = "an instruction begins with its name, and this is empty";
                self.evaluator.wrong(Diagnostic::error(error).at(parts.span.clone()));
                continue;
            };
            let Thing::Text(opcode) = first.thing else {
                let (first, place) = (first.thing, item.span);
                let error = match first {
                    Thing::Wrong => continue,
                    Thing::Sequence(_) => Diagnostic::error("this is a list within a list")
                        .help("`*` before it unpacks it here"),
                    other => Diagnostic::error(format!(
                        "an instruction begins with its name, a string, not with {}",
                        self.evaluator.describe(other)
                    )),
                };
                self.evaluator.wrong(error.at(place));
                continue;
            };
            name.clear();
            name.push_str(self.evaluator.texts.get(opcode));
            operands.clear();
            if rest.iter().any(|operand| operand.thing == Thing::Wrong) {
                continue;
            }
            let span = parts.span.clone();
            operands.extend(rest.iter().map(|operand| self.operand(operand.thing)));
            match Instruction::decode(&name, &operands, self) {
                Ok(decoded) => {
                    let code = &mut self.codes[code.index()];
                    code.instructions.push(decoded);
                    code.spans.push(item.span);
                }
                Err(message) => {
                    self.evaluator.wrong(Diagnostic::error(message).at(span));
                }
            }
        }
    }

    fn operand(&self, thing: Thing) -> Operand {
        match thing {
            Thing::Text(text) => Operand::Text(self.evaluator.texts.get(text).to_owned()),
            Thing::Sequence(sequence) => Operand::List(sequence as usize),
            Thing::Handle(machine, handle) if Some(machine) == self.machine => {
                Operand::Handle(handle)
            }
            Thing::Handle(_, handle) => {
                Operand::Other(format!("a {} that another ToyVM made", handle.kind.word()))
            }
            other => match other.int() {
                Some(int) => Operand::Int(int),
                None => Operand::Other(self.evaluator.describe(other)),
            },
        }
    }

    /// Tells of an element that is no instruction.
    fn no_instruction(&mut self, thing: Thing, place: Span) {
        let error = match thing {
            Thing::Wrong => return,
            Thing::Text(text) => {
                let text = self.evaluator.texts.get(text);
                if Opcode::named(text).is_empty() {
                    let what = self.evaluator.describe(thing);
                    Diagnostic::error(format!("an instruction is a tuple, not {what}"))
                } else {
                    Diagnostic::error(format!(
                        "(\"{text}\") is a string in brackets, no tuple: write (\"{text}\",)"
                    ))
                    .help("it is the comma that makes a tuple")
                }
            }
            other => {
                let what = self.evaluator.describe(other);
                Diagnostic::error(format!("an instruction is a tuple, not {what}"))
            }
        };
        self.evaluator.wrong(error.at(place));
    }

    fn body(
        &mut self,
        thing: Thing,
        place: &Span,
        scope: u32,
        at: usize,
    ) -> Result<CodeId, String> {
        let list = match thing {
            Thing::Sequence(list) if self.evaluator.is_instruction(list) => {
                return Err("this takes a list of lists of instructions, and these are \
                            instructions: put them in one more [ ]"
                    .to_owned());
            }
            _ => self.evaluator.list_named(thing, scope),
        };
        let Some(list) = list else {
            let what = self.evaluator.describe(thing);
            return Err(match thing {
                Thing::Text(_) => format!("there is no list that {what} names"),
                _ => format!("a thread runs a list of instructions, not {what}"),
            });
        };
        let (parent, pc) = self.place;
        let title = format!("{}[{pc}].{at}", self.codes[parent.index()].name);
        Ok(self.code(list, place, title))
    }
}

impl Reading for Assembler<'_, '_> {
    fn text(&mut self, text: &str) -> Text {
        self.evaluator.texts.intern(text)
    }

    fn name(&mut self, name: &str) -> Name {
        let id = self.named(name);
        let (code, _) = self.place;
        let slot = &mut self.slots[id.index()];
        if slot.0 != code {
            let variables = &mut self.codes[code.index()].variables;
            *slot = (code, variables.len() as u32);
            variables.push(id);
        }
        Name { id, slot: slot.1 }
    }

    fn bodies(&mut self, list: usize) -> Result<BodiesId, String> {
        if let Some(known) = self.bodies_of.get(&(list as u32)) {
            return Ok(*known);
        }
        let of = &self.evaluator.sequences[list];
        let (scope, length) = (of.scope, of.items.len());
        if length == 0 {
            return Err("this takes a list of lists of instructions, and it is empty".to_owned());
        }
        if self.evaluator.is_instruction(list as u32) {
            return Err(
                "this takes a list of lists of instructions, and this is an instruction".to_owned()
            );
        }
        let mut bodies = Vec::with_capacity(length);
        for at in 0..length {
            let item = self.evaluator.sequences[list].items[at].clone();
            if item.thing == Thing::Wrong {
                continue;
            }
            bodies.push(self.body(item.thing, &item.span, scope, at)?);
        }
        let id = BodiesId(self.bodies.len() as u32);
        self.bodies.push(bodies);
        self.bodies_of.insert(list as u32, id);
        Ok(id)
    }

    fn label(&mut self, label: &str) -> Result<i64, String> {
        let text = self.evaluator.texts.intern(label);
        if let Some(at) = self.labels.get(&text) {
            return Ok(*at);
        }
        let known = self.codes[self.place.0.index()].labels.iter().take(CANDIDATES);
        let near = crate::nearest::nearest(
            label,
            known.map(|(_, label)| self.evaluator.texts.get(*label)),
        );
        let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        Err(format!("there is no label {label:?} in this list{near}"))
    }

    fn claim(&mut self, text: &str) -> Result<ClaimId, String> {
        if let Some(known) = self.claim_of.get(text) {
            return Ok(*known);
        }
        let claim = self.read_claim(text)?;
        let id = ClaimId(self.claims.len() as u32);
        self.claims.push(claim);
        self.claim_of.insert(text.to_owned(), id);
        Ok(id)
    }
}
