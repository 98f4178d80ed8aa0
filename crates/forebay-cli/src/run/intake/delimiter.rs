//! What separates items, or the columns of one: a fixed string of bytes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delimiter(Vec<u8>);

impl Delimiter {
    pub(crate) fn byte(byte: u8) -> Self {
        Self(vec![byte])
    }

    /// Reads the argument of a flag, in which `\n \t \r \0 \\ \xHH` stand for what they do in C.
    pub(crate) fn parse(flag: &str, text: &OsStr) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("{flag} {}: {why}", text.display()));
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [byte, after @ ..] = rest {
            rest = after;
            if *byte != b'\\' {
                bytes.push(*byte);
                continue;
            }
            let (byte, after) = match rest {
                [b'n', after @ ..] => (b'\n', after),
                [b't', after @ ..] => (b'\t', after),
                [b'r', after @ ..] => (b'\r', after),
                [b'0', after @ ..] => (0, after),
                [b'\\', after @ ..] => (b'\\', after),
                [b'x', high, low, after @ ..]
                    if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
                {
                    let digit = |hex: u8| (hex as char).to_digit(16).unwrap_or(0) as u8;
                    (digit(*high) * 16 + digit(*low), after)
                }
                _ => return refuse(r"after a backslash comes n, t, r, 0, \ or xHH"),
            };
            bytes.push(byte);
            rest = after;
        }
        if bytes.is_empty() {
            return refuse("the delimiter is empty");
        }
        Ok(Self(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn is_newline(&self) -> bool {
        self.0 == b"\n"
    }

    /// Hands over what stands between delimiters: at least one part, which may be empty.
    pub(crate) fn split<'a>(&self, text: &'a [u8], mut part: impl FnMut(&'a [u8])) {
        let mut start = 0;
        let mut at = 0;
        while at < text.len() {
            if text[at..].starts_with(&self.0) {
                part(&text[start..at]);
                at += self.0.len();
                start = at;
            } else {
                at += 1;
            }
        }
        part(&text[start..]);
    }

    /// Where the last delimiter that begins at `from` or later ends.
    pub(crate) fn last_end(&self, text: &[u8], from: usize) -> Option<usize> {
        let (&last, before) = self.0.split_last()?;
        let mut end = text.len();
        while let Some(at) = text[from..end].iter().rposition(|byte| *byte == last) {
            let at = from + at;
            if text[from..at].ends_with(before) {
                return Some(at + 1);
            }
            end = at;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_delimiters_are_refused() {
        for wrong in ["", "\\", "\\q", "\\x1", "\\xgg"] {
            assert!(Delimiter::parse("-d", OsStr::new(wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn text_is_split_at_each() {
        let parts = |delimiter: &str, text: &str| {
            let delimiter = Delimiter::parse("--colsep", OsStr::new(delimiter)).unwrap();
            let mut parts = Vec::new();
            delimiter.split(text.as_bytes(), |part| {
                parts.push(String::from_utf8(part.to_vec()).unwrap());
            });
            parts
        };
        assert_eq!(parts(",", "a,,b,"), ["a", "", "b", ""]);
        assert_eq!(parts(", ", "a,b, c, , d"), ["a,b", "c", "", "d"]);
        assert_eq!(parts("aa", "aaab"), ["", "ab"]);
        assert_eq!(parts("\\t", ""), [""]);
    }

    #[test]
    fn the_last_is_found() {
        let line = Delimiter::byte(b'\n');
        assert_eq!(line.last_end(b"a\nb\nc", 0), Some(4));
        assert_eq!(line.last_end(b"a\nbc", 2), None);
        let two = Delimiter::parse("-d", OsStr::new("ab")).unwrap();
        assert_eq!(two.last_end(b"xabybxb", 0), Some(3));
        assert_eq!(two.last_end(b"bbb", 0), None);
    }
}
