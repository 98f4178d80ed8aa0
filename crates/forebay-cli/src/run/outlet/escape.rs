//! Bytes on one line of text, and back: the joblog's items and commands, and names in messages.
//!
//! Valid UTF-8 stands for itself. `\t` `\n` `\r` `\\` are written so, other control characters and
//! bytes that are not UTF-8 as `\xHH`. Nothing is lost: [`unescaped`] gives back the same bytes.

use std::fmt::Write as _;

/// The bytes as one line of text without tabs.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\t' => text.push_str("\\t"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\\' => text.push_str("\\\\"),
                // C1 controls and the like are two bytes: escaped byte by byte.
                c if c.is_control() => {
                    let mut utf8 = [0; 4];
                    push_hex(&mut text, c.encode_utf8(&mut utf8).as_bytes());
                }
                c => text.push(c),
            }
        }
        push_hex(&mut text, chunk.invalid());
    }
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(text, "\\x{byte:02x}");
    }
}

/// The bytes that were escaped, or `None` if no escaping gives this text.
pub(crate) fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b't' => b'\t',
                b'n' => b'\n',
                b'r' => b'\r',
                b'\\' => b'\\',
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    // `from_str_radix` alone would take a sign.
                    if !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    u8::from_str_radix(str::from_utf8(&digits).ok()?, 16).ok()?
                }
                _ => return None,
            },
            byte => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let mut every: Vec<u8> = (0..=255).collect();
        every.extend_from_slice("a\\tb\u{85}é漢\u{feff}".as_bytes());
        every.extend_from_slice(b"\xe6\xbc"); // cut within a character
        let text = escaped(&every);
        assert!(!text.contains(['\t', '\n', '\r', '\0', '\u{7f}', '\u{85}']), "{text:?}");
        assert_eq!(unescaped(text.as_bytes()).as_deref(), Some(&every[..]));
        for two in (0..=255_u8).flat_map(|a| [[a, b'\\'], [b'\\', a], [a, 0x80]]) {
            assert_eq!(unescaped(escaped(&two).as_bytes()).as_deref(), Some(&two[..]));
        }
    }

    #[test]
    fn damage_is_seen() {
        for wrong in ["\\", "\\q", "\\x", "\\x1", "\\xg0", "\\x+1"] {
            let back = unescaped(wrong.as_bytes());
            assert!(back.is_none(), "{wrong:?} {back:?}");
        }
    }
}
