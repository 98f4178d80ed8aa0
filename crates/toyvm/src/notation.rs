//! A program written as lists of instruction tuples in Python syntax, which is read again as the same
//! program: what a compiler made of another notation, to look at and to hand on.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::expectation;
use crate::program::{CodeId, Entry, Program, Span};
use crate::value::{Handle, Kind, Text, Value};

/// The words of Python's that are no names, and the names that mean something in a program.
const TAKEN: &[&str] = &[
    "False", "None", "ToyVM", "True", "and", "as", "assert", "async", "await", "break", "class",
    "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if",
    "import", "in", "input", "is", "lambda", "nonlocal", "not", "or", "pass", "print", "raise",
    "return", "try", "vm", "while", "with", "yield",
];

/// How the parts of one program are called in Python.
#[derive(Debug)]
pub struct Notation<'p> {
    pub(crate) program: &'p Program,
    /// By list.
    lists: Vec<String>,
}

/// The program, in Python. The headers of its file are kept; beside each instruction stands its address,
/// above it the line that it was made from.
pub fn python(program: &Program) -> String {
    let notation = Notation::of(program);
    let mut text = String::new();
    for line in program.source().text().lines().filter(|line| expectation::is_header(line)) {
        let _ = writeln!(text, "{}", line.trim());
    }
    let _ = writeln!(text, "{}vm = ToyVM()", if text.is_empty() { "" } else { "\n" });
    notation.write_things(&mut text);
    for code in program.code_ids() {
        notation.write_list(&mut text, code);
    }
    text.push('\n');
    for (index, entry) in program.entries().iter().enumerate() {
        notation.write_entry(&mut text, index, entry);
    }
    let wishes = program.wishes();
    if let Some(scheduler) = &wishes.scheduler {
        let _ = writeln!(text, "vm.scheduler_type = {}", string(scheduler));
    }
    for (name, wish) in [("seed", wishes.seed), ("quantum", wishes.quantum)] {
        if let Some(wish) = wish {
            let _ = writeln!(text, "vm.{name} = {wish}");
        }
    }
    let steps = wishes.max_steps.map(|steps| format!("max_steps={steps}"));
    let _ = writeln!(text, "vm.run({})", steps.unwrap_or_default());
    text
}

impl<'p> Notation<'p> {
    fn of(program: &'p Program) -> Self {
        let mut taken: HashSet<String> = TAKEN.iter().map(|word| (*word).to_owned()).collect();
        for kind in Kind::ALL {
            let count = program.declared().iter().filter(|it| it.kind == kind).count();
            taken.extend((0..count.max(program.entries().len())).map(|at| variable(kind, at)));
        }
        let lists = program.codes().iter().map(|code| {
            let mut name = identifier(&code.name);
            while taken.contains(&name) {
                name.push('_');
            }
            taken.insert(name.clone());
            name
        });
        Self { program, lists: lists.collect() }
    }

    fn write_things(&self, text: &mut String) {
        let program = self.program;
        let mut counts = [0; Kind::COUNT];
        for declared in program.declared() {
            let at = &mut counts[declared.kind as usize];
            let it = variable(declared.kind, *at);
            *at += 1;
            let initial = declared.initial;
            let (method, mut arguments) = match (declared.kind, declared.bound) {
                (Kind::Semaphore, None) => ("semaphore", vec![initial.to_string()]),
                (Kind::Semaphore, Some(bound)) => {
                    ("bounded_semaphore", vec![initial.to_string(), bound.to_string()])
                }
                (Kind::Queue, None) => ("message_queue", Vec::new()),
                (Kind::Queue, Some(bound)) => ("bounded_queue", vec![bound.to_string()]),
                (Kind::Counter, _) => ("atomic_counter", vec![initial.to_string()]),
                (Kind::Condition, _) => ("condition", vec![variable(Kind::Lock, initial as usize)]),
                (Kind::Array, _) => ("array", vec![initial.to_string()]),
                (Kind::Lock | Kind::Thread, _) => ("lock", Vec::new()),
            };
            arguments.extend(declared.name.map(|name| format!("name={}", self.text(name))));
            let _ = writeln!(text, "{it} = vm.create_{method}({})", arguments.join(", "));
        }
        for (name, value) in program.globals() {
            let (name, value) = (string(program.name(*name)), self.value(*value));
            let _ = writeln!(text, "vm.globals[{name}] = {value}");
        }
    }

    fn write_list(&self, text: &mut String, id: CodeId) {
        let code = self.program.code(id);
        let source = self.program.source();
        let _ = writeln!(text, "\n{} = [", self.lists[id.index()]);
        let line_of = |span: &Span| source.line_column(span.start).0;
        let mut last = None;
        for (pc, instruction) in code.instructions.iter().enumerate() {
            let line = code.spans.get(pc).map(line_of);
            if let (true, Some(line)) = (line != last, line) {
                let written = source.line(line).trim().replace(char::is_control, " ");
                let _ = writeln!(text, "    # {line}: {written}");
                last = Some(line);
            }
            let _ = writeln!(text, "    {},  # {pc}", instruction.python(self));
        }
        text.push_str("]\n");
    }

    fn write_entry(&self, text: &mut String, index: usize, entry: &Entry) {
        let mut arguments = vec![self.lists[entry.code.index()].clone()];
        arguments.extend(entry.name.map(|name| self.text(name)));
        if entry.priority != 0 {
            arguments.push(format!("priority={}", entry.priority));
        }
        if entry.daemon {
            arguments.push("daemon=True".to_owned());
        }
        let it = variable(Kind::Thread, index);
        let _ = writeln!(text, "{it} = vm.create_thread({})", arguments.join(", "));
    }

    /// A constant.
    pub(crate) fn value(&self, value: Value) -> String {
        match value {
            Value::Int(int) => int.to_string(),
            Value::Text(text) => self.text(text),
            Value::Handle(Handle { kind, index }) => variable(kind, index as usize),
        }
    }

    /// A string.
    pub(crate) fn text(&self, text: Text) -> String {
        string(self.program.text(text))
    }

    /// A list, by its name.
    pub(crate) fn list(&self, code: CodeId) -> &str {
        &self.lists[code.index()]
    }
}

/// What a thing is bound to.
fn variable(kind: Kind, index: usize) -> String {
    format!("{}_{index}", kind.word())
}

/// A name of Python's that is like the name of a list.
fn identifier(name: &str) -> String {
    let mut identifier = String::new();
    for c in name.chars().take(60) {
        match c {
            '_' | 'a'..='z' | 'A'..='Z' | '0'..='9' => identifier.push(c),
            _ if identifier.ends_with('_') || identifier.is_empty() => {}
            _ => identifier.push('_'),
        }
    }
    let identifier = identifier.trim_end_matches('_');
    match identifier.chars().next() {
        Some(first) if !first.is_ascii_digit() => identifier.to_owned(),
        _ => format!("list_{identifier}"),
    }
}

/// A string as Python writes it.
pub(crate) fn string(text: &str) -> String {
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(written, "\\u{:04x}", u32::from(c));
            }
            c => written.push(c),
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_names_of_python() {
        for (name, expected) in [
            ("worker", "worker"),
            ("worker[2]", "worker_2"),
            ("main[3].0", "main_3_0"),
            ("f(\"a b\", 1)", "f_a_b_1"),
            ("3", "list_3"),
            ("ä", "list_"),
        ] {
            assert_eq!(identifier(name), expected);
        }
    }

    #[test]
    fn strings_are_written_as_python_reads_them() {
        assert_eq!(string("a\"\\\n\u{1b}ä"), "\"a\\\"\\\\\\n\\u001bä\"");
    }
}
