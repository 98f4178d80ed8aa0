//! What a script wishes about its run: `vm.scheduler_type = "random"`.

use ruff_python_ast::ExprAttribute;

use super::evaluate::Evaluator;
use super::thing::Thing;
use super::{Diagnostic, span};
use crate::nearest;
use crate::program::Span;
use crate::scheduler::Policy;

/// What can be wished, for those who mistype it.
const SETTINGS: &[&str] =
    &["scheduler_type", "scheduler", "seed", "quantum", "time_quantum", "max_steps"];

impl<'a> Evaluator<'a> {
    /// A wish about the run.
    pub(super) fn setting(&mut self, machine: u32, name: &str, thing: Thing, place: Span) {
        let wishes = &mut self.machines[machine as usize].wishes;
        let number = thing.int().and_then(|int| u64::try_from(int).ok());
        match (name, thing, number) {
            (_, Thing::Wrong, _) | ("seed" | "max_steps", Thing::None, _) => {}
            ("scheduler_type" | "scheduler", Thing::Text(text), _) => {
                let wish = self.texts.get(text).to_owned();
                if Policy::parse(&wish).is_some() {
                    wishes.scheduler = Some(wish);
                } else {
                    let near = nearest::hint(&wish, Policy::NAMES.into_iter());
                    let message = format!("no scheduler is called `{wish}`; it is left out{near}");
                    let help = format!("there are {}", Policy::NAMES.join(", "));
                    self.warn(Diagnostic::warning(message).at(place).help(help));
                }
            }
            ("seed", _, Some(number)) => wishes.seed = Some(number),
            ("quantum" | "time_quantum", _, Some(number)) => wishes.quantum = Some(number),
            ("max_steps", _, Some(number)) => wishes.max_steps = Some(number),
            (name, ..) if SETTINGS.contains(&name) => {
                let what = self.describe(thing);
                let message = format!("`{name}` cannot be {what}");
                self.wrong(Diagnostic::error(message).at(place));
            }
            _ => {
                let near = nearest::hint(name, SETTINGS.iter().copied());
                let message = format!("`{name}` is no setting of ToyVM and left out{near}");
                self.warn(Diagnostic::warning(message).at(place));
            }
        }
    }

    /// `vm.name = …`.
    pub(super) fn set_attribute(
        &mut self,
        machine: u32,
        attribute: &'a ExprAttribute,
        thing: Thing,
    ) {
        if self.machines[machine as usize].ran {
            return self.skipped(attribute, "the run is over, and this is Python's");
        }
        match (attribute.attr.as_str(), thing) {
            ("globals", Thing::Dict(dict)) => {
                let script = &mut self.machines[machine as usize];
                script.globals.clear();
                script.global_at.clear();
                for (name, thing) in self.dicts[dict as usize].clone() {
                    self.set_global(machine, name, thing, span(attribute));
                }
            }
            ("globals", Thing::Wrong) => {}
            ("globals", other) => {
                let what = self.describe(other);
                self.wrong_at(attribute, format!("all globals are a dict, not {what}"));
            }
            (name, thing) => self.setting(machine, name, thing, span(attribute)),
        }
    }
}
