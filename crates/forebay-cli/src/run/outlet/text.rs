//! Bytes in JSON: as text, or in base64 where they are not UTF-8, so that nothing is lost.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::Serializer;

/// The most bytes in one piece of output.
const PIECE: usize = 64 << 10;

/// Bytes as the key `text` or the key `bytes`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Keyed<'a> {
    Text(&'a str),
    /// In base64.
    Bytes(String),
}

impl<'a> Keyed<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(_) => Self::Bytes(STANDARD.encode(bytes)),
        }
    }
}

/// Bytes as a string, or as an object with the key `bytes`.
#[derive(Debug)]
pub(crate) struct Text<'a>(pub(crate) &'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match Keyed::new(self.0) {
            Keyed::Text(text) => text.serialize(serializer),
            bytes @ Keyed::Bytes(_) => bytes.serialize(serializer),
        }
    }
}

/// The arguments of an item as a list.
#[derive(Debug)]
pub(crate) struct Texts<'a>(pub(crate) &'a [OsString]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|arg| Text(OsStr::as_bytes(arg))))
    }
}

/// Cuts a stream of bytes into pieces of bounded length, and none within a character.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// The beginning of a character.
    rest: Vec<u8>,
}

impl Pieces {
    /// Hands on what came before and can be told now.
    pub(crate) fn push<E>(
        &mut self,
        bytes: &[u8],
        mut hand_on: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let joined;
        let mut left = if self.rest.is_empty() {
            bytes
        } else {
            joined = [&self.rest, bytes].concat();
            self.rest.clear();
            &joined
        };
        loop {
            let piece = &left[..left.len().min(PIECE)];
            let (piece, after) = left.split_at(whole_characters(piece));
            if piece.is_empty() {
                break;
            }
            hand_on(piece)?;
            left = after;
        }
        self.rest.extend_from_slice(left);
        Ok(())
    }

    /// The stream has ended.
    pub(crate) fn end<E>(&mut self, hand_on: impl FnOnce(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let rest = std::mem::take(&mut self.rest);
        if rest.is_empty() { Ok(()) } else { hand_on(&rest) }
    }
}

/// How many bytes there are before a character that only begins at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    for (behind, byte) in (1..).zip(bytes.iter().rev().take(3)) {
        let length = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if length > behind { bytes.len() - behind } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(parts: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut cut = Vec::new();
        let mut hand_on = |piece: &[u8]| {
            cut.push(piece.to_vec());
            Ok::<_, ()>(())
        };
        let mut pieces = Pieces::default();
        for part in parts {
            pieces.push(part, &mut hand_on).unwrap();
        }
        pieces.end(&mut hand_on).unwrap();
        cut
    }

    #[test]
    fn no_piece_ends_within_a_character() {
        // One more byte at a time shifts every cut.
        for before in 0..5 {
            let text = "x".repeat(before) + &"é漢🦀".repeat(40_000);
            let cut = pieces(&[&text.as_bytes()[..100_001], &text.as_bytes()[100_001..]]);
            assert!(cut.len() > 5);
            assert!(cut.iter().all(|piece| piece.len() <= PIECE && str::from_utf8(piece).is_ok()));
            assert_eq!(cut.concat(), text.as_bytes());
        }
        let byte_by_byte: Vec<_> = "漢".as_bytes().chunks(1).collect();
        assert_eq!(pieces(&byte_by_byte), ["漢".as_bytes()]);
    }

    #[test]
    fn what_is_no_text_is_whole_too() {
        for bytes in [&b"a\xe6\xbc"[..], b"\xff\xfe\x80\x80\x80\x80", b"\xf0\x9f", b""] {
            assert_eq!(pieces(&[bytes]).concat(), bytes);
        }
        let (text, bytes) = (b"a\n".to_vec(), b"\xff".to_vec());
        assert_eq!(serde_json::to_string(&Text(&text)).unwrap(), r#""a\n""#);
        assert_eq!(serde_json::to_string(&Text(&bytes)).unwrap(), r#"{"bytes":"/w=="}"#);
    }
}
