//! Expressions: what the straight-line part of a file computes. What is Python's own, and has no
//! meaning for ToyVM, is carried along as [`Thing::Host`] and refused only where it would matter.

use ruff_python_ast::{
    DictItem, Expr, ExprFString, FStringPart, InterpolatedStringElement, Number, UnaryOp,
};
use ruff_text_size::Ranged;

use super::function::Function;
use super::scope::{MODULE, Scope, ScopeId, binders};
use super::script::Script;
use super::span;
use super::thing::{Item, Sequence, Thing, Words};
use super::{Diagnostic, Severity};
use crate::nearest;
use crate::program::Span;
use crate::value::{Text, Texts};

/// The most elements that a file may make beyond those that are written in it.
const PRODUCED: usize = 4_000_000;
/// The most bytes of strings that a file may make, beyond those that are written in it.
const BYTES: usize = 64 << 20;
/// How deep expressions, names that lean on later ones and calls may go together.
const DEPTH: usize = 2000;
/// After so many errors nothing more is evaluated.
const ERRORS: usize = 200;

/// The state of a file that is being evaluated.
pub(super) struct Evaluator<'a> {
    pub(super) source: &'a str,
    pub(super) texts: Texts,
    words: Texts,
    pub(super) sequences: Vec<Sequence>,
    pub(super) dicts: Vec<Vec<(Text, Thing)>>,
    pub(super) functions: Vec<Function<'a>>,
    pub(super) scopes: Vec<Scope<'a>>,
    pub(super) machines: Vec<Script>,
    /// Lists that stand in the module without a name.
    pub(super) bare: Vec<u32>,
    pub(super) findings: Vec<Diagnostic>,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    depth: usize,
    /// How many calls are under way.
    pub(super) calls: usize,
    produced: usize,
    bytes: usize,
    /// A bound was passed: nothing more is evaluated.
    pub(super) stopped: bool,
    /// What names of the module are set to instead of what it says, and whether it sets them at all.
    pub(super) constants: Vec<(String, i64, bool)>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(source: &'a str, body: &'a [ruff_python_ast::Stmt]) -> Self {
        Self {
            source,
            texts: Texts::default(),
            words: Texts::default(),
            sequences: Vec::new(),
            dicts: Vec::new(),
            functions: Vec::new(),
            scopes: vec![Scope::new(None, body, binders(body).into())],
            machines: Vec::new(),
            bare: Vec::new(),
            findings: Vec::new(),
            errors: 0,
            warnings: 0,
            depth: 0,
            calls: 0,
            produced: 0,
            bytes: 0,
            stopped: false,
            constants: Vec::new(),
        }
    }

    /// Sets names that the module binds to integers to others.
    pub(super) fn override_constants(&mut self, constants: &[(String, i64)]) {
        let unused = |(name, value): &(String, i64)| (name.clone(), *value, false);
        self.constants = constants.iter().map(unused).collect();
    }

    /// Each of those that the module does not bind to an integer is an error.
    pub(super) fn tell_unknown_constants(&mut self) {
        for (name, _, is_known) in std::mem::take(&mut self.constants) {
            if !is_known {
                let bound = &self.scopes[MODULE as usize].bound;
                let integers = bound.iter().filter(|(_, thing)| thing.int().is_some());
                let hint = nearest::hint(&name, integers.map(|(name, _)| *name));
                let message = format!("there is no constant `{name}` to set{hint}");
                let help = "constants are names that the file sets to an integer: `N = 8`";
                self.wrong(Diagnostic::error(message).help(help));
            }
        }
    }

    /// Tells an error; what stands for it is never told again.
    pub(super) fn wrong(&mut self, diagnostic: Diagnostic) -> Thing {
        debug_assert_eq!(diagnostic.severity, Severity::Error);
        if !self.stopped {
            self.findings.push(diagnostic);
            self.errors += 1;
            self.stopped = self.errors >= ERRORS;
        }
        Thing::Wrong
    }

    /// Tells an error at a place.
    pub(super) fn wrong_at(&mut self, place: impl Ranged, message: impl Into<String>) -> Thing {
        self.wrong(Diagnostic::error(message).at(span(place)))
    }

    /// Something that is not evaluated, described.
    pub(super) fn host(&mut self, what: &str) -> Thing {
        Thing::Host(Words(self.words.intern(what)))
    }

    /// Whether so many more elements may be made.
    pub(super) fn spend(&mut self, elements: usize, place: &Span) -> bool {
        self.produced = self.produced.saturating_add(elements);
        if self.produced > PRODUCED {
            let message = format!("the file makes more than {PRODUCED} elements, the last here");
            self.wrong(Diagnostic::error(message).at(place.clone()));
            self.stopped = true;
        }
        !self.stopped
    }

    /// A string that was computed.
    pub(super) fn made_text(&mut self, text: &str, place: impl Ranged) -> Thing {
        self.bytes = self.bytes.saturating_add(text.len());
        if self.bytes > BYTES {
            let message = format!("the file makes more than {} MiB of strings", BYTES >> 20);
            self.wrong_at(place, message);
            self.stopped = true;
            return Thing::Wrong;
        }
        Thing::Text(self.texts.intern(text))
    }

    /// Goes one level deeper, if that may be.
    pub(super) fn descend(&mut self, place: impl Ranged) -> bool {
        if self.stopped {
            return false;
        }
        if self.depth >= DEPTH {
            self.wrong_at(
                place,
                if self.calls > 0 {
                    "functions call each other too deeply"
                } else {
                    "names lean on each other too deeply"
                },
            );
            return false;
        }
        self.depth += 1;
        true
    }

    /// Comes back up.
    pub(super) fn ascend(&mut self) {
        self.depth -= 1;
    }

    /// A new list or tuple.
    pub(super) fn sequence(&mut self, tuple: bool, scope: ScopeId, place: Span) -> u32 {
        self.sequences.push(Sequence {
            items: Vec::new(),
            tuple,
            open: false,
            span: place,
            name: None,
            scope,
        });
        self.sequences.len() as u32 - 1
    }

    /// The elements of a list or a tuple; nothing, after an error, while they are being evaluated.
    pub(super) fn items(&mut self, sequence: u32, place: impl Ranged) -> Option<&[Item]> {
        if self.sequences[sequence as usize].open {
            self.wrong_at(place, "this list is read before all of its elements are known");
            return None;
        }
        Some(&self.sequences[sequence as usize].items)
    }

    /// What something is, in words that follow "not".
    pub(super) fn describe(&self, thing: Thing) -> String {
        match thing {
            Thing::None => "None".to_owned(),
            Thing::Bool(true) => "True".to_owned(),
            Thing::Bool(false) => "False".to_owned(),
            Thing::Int(int) => format!("the integer {int}"),
            Thing::Big => "an integer beyond 64 bits".to_owned(),
            Thing::Float => "a float: ToyVM has integers only".to_owned(),
            Thing::Text(text) => {
                let text = self.texts.get(text);
                let short: String = text.chars().take(40).collect();
                let more = if short.len() < text.len() { "…" } else { "" };
                format!("the string {short:?}{more}")
            }
            Thing::Sequence(sequence) if self.sequences[sequence as usize].tuple => {
                "a tuple".to_owned()
            }
            Thing::Sequence(_) => "a list".to_owned(),
            Thing::Dict(_) => "a dict".to_owned(),
            Thing::Function(function) => {
                let name = self.functions[function as usize].name();
                format!("the function `{name}` (call it: `{name}()`)")
            }
            Thing::Toy => "ToyVM itself".to_owned(),
            Thing::Machine(_) => "a ToyVM".to_owned(),
            Thing::Globals(_) => "all globals".to_owned(),
            Thing::Handle(_, handle) => format!("a {}", handle.kind.word()),
            Thing::Host(words) => self.words.get(words.0).to_owned(),
            Thing::Wrong => "what is wrong".to_owned(),
        }
    }

    /// How the source writes something, if that is short; for messages.
    pub(super) fn written(&self, place: impl Ranged) -> Option<&'a str> {
        let range = place.range();
        let written = self.source.get(range.start().to_usize()..range.end().to_usize())?;
        (written.len() <= 40 && !written.contains('\n')).then_some(written)
    }

    /// The value of an expression.
    pub(super) fn evaluate(&mut self, scope: ScopeId, expression: &'a Expr) -> Thing {
        match expression {
            Expr::StringLiteral(string) => Thing::Text(self.texts.intern(string.value.to_str())),
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(int) => int.as_i64().map_or(Thing::Big, Thing::Int),
                Number::Float(_) => Thing::Float,
                Number::Complex { .. } => self.host("a complex number"),
            },
            Expr::BooleanLiteral(boolean) => Thing::Bool(boolean.value),
            Expr::NoneLiteral(_) => Thing::None,
            Expr::Name(name) => self.look_up(scope, name.id.as_str(), name.range),
            _ => {
                if !self.descend(expression) {
                    return Thing::Wrong;
                }
                let thing = self.compound(scope, expression);
                self.ascend();
                thing
            }
        }
    }

    fn compound(&mut self, scope: ScopeId, expression: &'a Expr) -> Thing {
        match expression {
            Expr::Tuple(tuple) => {
                let id = self.sequence(true, scope, span(tuple));
                self.fill(id, scope, &tuple.elts);
                Thing::Sequence(id)
            }
            Expr::List(list) => {
                let id = self.sequence(false, scope, span(list));
                self.fill(id, scope, &list.elts);
                Thing::Sequence(id)
            }
            Expr::BinOp(operation) => {
                let left = self.evaluate(scope, &operation.left);
                let right = self.evaluate(scope, &operation.right);
                self.operate(scope, left, operation.op, right, span(operation))
            }
            Expr::UnaryOp(operation) => self.unary(scope, operation.op, &operation.operand),
            Expr::FString(string) => self.f_string(scope, string),
            Expr::Call(call) => self.call(scope, call),
            Expr::Attribute(attribute) => {
                let base = self.evaluate(scope, &attribute.value);
                self.attribute(base, attribute)
            }
            Expr::Subscript(subscript) => {
                let base = self.evaluate(scope, &subscript.value);
                self.subscript(scope, base, subscript)
            }
            Expr::Dict(dict) => self.dict(scope, &dict.items),
            Expr::Named(named) => {
                let thing = self.evaluate(scope, &named.value);
                if let Expr::Name(name) = &*named.target {
                    self.bind(scope, name.id.as_str(), thing);
                }
                thing
            }
            Expr::Starred(starred) => {
                self.wrong_at(starred, "`*` unpacks a list only within another list")
            }
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                self.host("a comprehension, which is a loop and not run")
            }
            Expr::If(_) => self.host("a conditional expression, which is not judged"),
            Expr::Compare(_) => self.host("a comparison, which is not judged"),
            Expr::BoolOp(operation) => {
                self.host(&format!("what `{}` gives, which is not judged", operation.op.as_str()))
            }
            Expr::Lambda(_) => self.host("a lambda"),
            Expr::Set(_) => self.host("a set"),
            Expr::BytesLiteral(_) => self.host("a bytes string"),
            Expr::EllipsisLiteral(_) => self.host("`...`"),
            Expr::Await(_) => self.host("what `await` gives"),
            Expr::Yield(_) | Expr::YieldFrom(_) => self.host("what `yield` gives"),
            _ => self.host("an expression of Python's"),
        }
    }

    /// Evaluates the elements of a list or a tuple that is there already, so that it may mention
    /// itself.
    pub(super) fn fill(&mut self, sequence: u32, scope: ScopeId, elements: &'a [Expr]) {
        let place = self.sequences[sequence as usize].span.clone();
        // What is written in the file is bounded by the file, but a call may come again.
        if self.calls > 0 && !self.spend(elements.len() + 1, &place) {
            return;
        }
        self.sequences[sequence as usize].open = true;
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            if self.stopped {
                break;
            }
            let Expr::Starred(starred) = element else {
                let thing = self.evaluate(scope, element);
                items.push(Item { thing, span: span(element) });
                continue;
            };
            match self.evaluate(scope, &starred.value) {
                Thing::Sequence(inner) => {
                    let Some(count) = self.items(inner, starred).map(<[Item]>::len) else {
                        continue;
                    };
                    if self.spend(count, &span(starred)) {
                        items.extend_from_slice(&self.sequences[inner as usize].items);
                    }
                }
                Thing::Wrong => {}
                other => {
                    let what = self.describe(other);
                    self.wrong_at(starred, format!("`*` unpacks a list, not {what}"));
                }
            }
        }
        let filled = &mut self.sequences[sequence as usize];
        filled.items = items;
        filled.open = false;
    }

    fn unary(&mut self, scope: ScopeId, operator: UnaryOp, operand: &'a Expr) -> Thing {
        if let (UnaryOp::USub, Expr::NumberLiteral(number)) = (operator, operand)
            && let Number::Int(int) = &number.value
            && int.as_u64() == Some(1 << 63)
        {
            return Thing::Int(i64::MIN);
        }
        let thing = self.evaluate(scope, operand);
        match (operator, thing, thing.int()) {
            (_, Thing::Wrong | Thing::Host(_), _) => thing,
            (UnaryOp::USub, _, Some(int)) => int.checked_neg().map_or(Thing::Big, Thing::Int),
            (UnaryOp::UAdd, _, Some(int)) => Thing::Int(int),
            (UnaryOp::Invert, _, Some(int)) => Thing::Int(!int),
            (UnaryOp::USub | UnaryOp::UAdd, Thing::Float | Thing::Big, _) => thing,
            (UnaryOp::Not, ..) => self.host("what `not` gives, which is not judged"),
            _ => {
                let what = self.describe(thing);
                let message = format!("`{}` wants an integer, not {what}", operator.as_str());
                self.wrong_at(operand, message)
            }
        }
    }

    /// A constant as `str` writes it, if it is one.
    pub(super) fn plain(&self, thing: Thing) -> Option<String> {
        Some(match thing {
            Thing::Int(int) => int.to_string(),
            Thing::Bool(true) => "True".to_owned(),
            Thing::Bool(false) => "False".to_owned(),
            Thing::None => "None".to_owned(),
            Thing::Text(text) => self.texts.get(text).to_owned(),
            Thing::Handle(machine, handle) => {
                let name = self.machines[machine as usize].name_of(handle)?;
                self.texts.get(name).to_owned()
            }
            _ => return None,
        })
    }

    fn f_string(&mut self, scope: ScopeId, string: &'a ExprFString) -> Thing {
        let mut text = String::new();
        for part in &string.value {
            let f_string = match part {
                FStringPart::Literal(literal) => {
                    text.push_str(literal.as_str());
                    continue;
                }
                FStringPart::FString(f_string) => f_string,
            };
            for element in &f_string.elements {
                let inner = match element {
                    InterpolatedStringElement::Literal(literal) => {
                        text.push_str(&literal.value);
                        continue;
                    }
                    InterpolatedStringElement::Interpolation(inner) => inner,
                };
                let thing = self.evaluate(scope, &inner.expression);
                if thing == Thing::Wrong {
                    return thing;
                }
                let plain = inner.format_spec.is_none()
                    && inner.debug_text.is_none()
                    && inner.conversion == ruff_python_ast::ConversionFlag::None;
                match self.plain(thing).filter(|_| plain) {
                    Some(piece) => text.push_str(&piece),
                    None if plain => {
                        let what = self.describe(thing);
                        return self.host(&format!("an f-string with {what}"));
                    }
                    None => return self.host("an f-string with a format"),
                }
                if text.len() > BYTES {
                    return self.made_text(&text, string);
                }
            }
        }
        self.made_text(&text, string)
    }

    fn dict(&mut self, scope: ScopeId, items: &'a [DictItem]) -> Thing {
        let mut entries = Vec::with_capacity(items.len());
        let mut strange = false;
        for item in items {
            let key = item.key.as_ref().map(|key| self.evaluate(scope, key));
            let value = self.evaluate(scope, &item.value);
            match key {
                Some(Thing::Text(key)) => entries.push((key, value)),
                _ => strange = true,
            }
        }
        if strange {
            return self.host("a dict with keys that are no strings");
        }
        if self.calls > 0 && !self.spend(items.len() + 1, &(0..0)) {
            return Thing::Wrong;
        }
        self.dicts.push(entries);
        Thing::Dict(self.dicts.len() as u32 - 1)
    }

    /// The list that a thing is or, if it is a string, names in some scope.
    pub(super) fn list_named(&mut self, thing: Thing, scope: ScopeId) -> Option<u32> {
        match thing {
            Thing::Sequence(sequence) => Some(sequence),
            Thing::Text(text) => {
                let name = self.texts.get(text).to_owned();
                match self.find(scope, &name)? {
                    Thing::Sequence(sequence) => Some(sequence),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What the module binds a name to.
    pub(super) fn in_module(&mut self, name: &str) -> Option<Thing> {
        self.find(MODULE, name)
    }
}
