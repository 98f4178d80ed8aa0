//! JSON, written by hand into a buffer that is used again and again: a trace is written at every step
//! of a run, so nothing is allocated on the way.

use crate::machine::{Label, Machine};
use crate::value::{Handle, Kind, Value};

/// A piece of JSON that is being written.
#[derive(Debug, Default)]
pub(super) struct Json(Vec<u8>);

impl Json {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What is JSON already.
    #[inline]
    pub(super) fn raw(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// Likewise, in bytes.
    #[inline]
    pub(super) fn piece(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    #[inline]
    pub(super) fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        let mut digits = itoa::Buffer::new();
        self.raw(digits.format(number))
    }

    pub(super) fn string(&mut self, text: &str) -> &mut Self {
        self.0.push(b'"');
        self.escaped(text);
        self.0.push(b'"');
        self
    }

    /// A string without its quotes.
    fn escaped(&mut self, text: &str) {
        let special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(special) {
            self.0.extend_from_slice(&rest[..at]);
            match rest[at] {
                b'\n' => self.raw("\\n"),
                b'\t' => self.raw("\\t"),
                b'"' => self.raw("\\\""),
                b'\\' => self.raw("\\\\"),
                control => {
                    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
                    self.raw("\\u00").piece(&[digit(control >> 4), digit(control & 15)])
                }
            };
            rest = &rest[at + 1..];
        }
        self.0.extend_from_slice(rest);
    }

    /// A list, each of whose elements `write` writes.
    pub(super) fn list<T>(
        &mut self,
        all: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.0.push(b'[');
        for (place, element) in all.into_iter().enumerate() {
            if place > 0 {
                self.0.push(b',');
            }
            write(self, element);
        }
        self.0.push(b']');
        self
    }

    /// A value: a number, a string, or `{"lock":0}`.
    #[inline]
    pub(super) fn value(&mut self, machine: &Machine, value: Value) -> &mut Self {
        match value {
            Value::Int(int) => self.number(int),
            Value::Text(text) => self.string(machine.text(text)),
            Value::Handle(handle) => self.handle(handle),
        }
    }

    pub(super) fn values(
        &mut self,
        machine: &Machine,
        values: impl IntoIterator<Item = Value>,
    ) -> &mut Self {
        self.list(values, |json, value| {
            json.value(machine, value);
        })
    }

    pub(super) fn handle(&mut self, handle: Handle) -> &mut Self {
        self.raw("{\"").raw(handle.kind.word()).raw("\":").number(handle.index).raw("}")
    }

    /// The name of a thing, as a string.
    pub(super) fn name(&mut self, machine: &Machine, kind: Kind, label: Label) -> &mut Self {
        match label {
            Label::Named(text) => self.string(machine.text(text)),
            Label::Numbered(number) => {
                self.raw("\"").raw(kind.word()).raw("-").number(number).raw("\"")
            }
        }
    }

    /// A comma, unless this is the first.
    #[inline]
    pub(super) fn comma(&mut self) -> &mut Self {
        if !self.0.is_empty() {
            self.0.push(b',');
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_as_they_were() {
        let every: String = (0..0x250).filter_map(char::from_u32).collect();
        for text in ["", "plain", "\"\\\n\t\r\0\u{1b}[31m", "ä\u{2028}🦀", &every] {
            let mut json = Json::default();
            json.string(text);
            assert_eq!(serde_json::from_slice::<String>(json.bytes()).unwrap(), text);
        }
    }

    #[test]
    fn numbers_and_lists() {
        let mut json = Json::default();
        json.list([i64::MIN, 0, i64::MAX], |json, number| {
            json.number(number);
        });
        assert_eq!(json.bytes(), b"[-9223372036854775808,0,9223372036854775807]");
    }
}
