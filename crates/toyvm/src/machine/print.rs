//! What threads print.

use super::{Fault, Machine, ThreadId, World};
use crate::program::argument::{Phrase, Saying};
use crate::value::{Text, Value};

impl Machine {
    pub(super) fn print<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        saying: Saying,
        world: &mut W,
    ) -> Result<(), Fault> {
        let top = self.peek(thread, 0);
        if saying.0.is_none() {
            top?;
        }
        if let (Some(text), Ok(top)) = (saying.0, top) {
            self.check_line(text, top)?;
        }
        if world.prints() {
            let said = match (saying.0, top) {
                (Some(text), Ok(top)) if self.text(text).contains("{}") => {
                    self.text(text).replace("{}", &self.show(top))
                }
                (Some(text), _) => self.text(text).to_owned(),
                (None, top) => self.show(top?).into_owned(),
            };
            let line = format!("[{}] {said}", self.show_thread(thread));
            world.print(self, thread, &line);
        }
        Ok(())
    }

    pub(super) fn print_each<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        phrase: Phrase,
        world: &mut W,
    ) -> Result<(), Fault> {
        let places = phrase.places as usize;
        if let Some(last) = places.checked_sub(1) {
            self.peek(thread, last)?;
        }
        let mut length = self.text(phrase.text).len();
        for below in 0..places {
            // Integers are short, as above.
            length += match self.peek(thread, below)? {
                Value::Int(_) => 0,
                other => self.show(other).len(),
            };
        }
        let most = self.limits.text;
        if length > most {
            return Err(Fault::TooMuch { what: "bytes of a line", limit: most as u64 });
        }
        if world.prints() {
            let mut parts = self.text(phrase.text).split("{}");
            let mut said = parts.next().unwrap_or_default().to_owned();
            for (below, part) in (0..places).rev().zip(parts) {
                said.push_str(&self.show(self.peek(thread, below)?));
                said.push_str(part);
            }
            let line = format!("[{}] {said}", self.show_thread(thread));
            world.print(self, thread, &line);
        }
        self.drop_top(thread, places);
        Ok(())
    }

    /// A short text may hold many `{}`, each of which becomes a long string. Integers are short.
    fn check_line(&self, text: Text, top: Value) -> Result<(), Fault> {
        if let Value::Int(_) = top {
            return Ok(());
        }
        let (text, most) = (self.text(text), self.limits.text);
        let places = text.matches("{}").count();
        let kept = text.len() - places * "{}".len();
        if places > 0 && kept + places * self.show(top).len() > most {
            return Err(Fault::TooMuch { what: "bytes of a line", limit: most as u64 });
        }
        Ok(())
    }
}
