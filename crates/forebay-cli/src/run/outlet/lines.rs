//! `--line-buffer` and `--tag`: what a command writes, put together to whole lines.

/// A line longer than this is handed on in parts, so that what is held has a bound.
const LONGEST: usize = 1 << 20;

/// Puts a tag before each line of one stream.
#[derive(Debug)]
pub(crate) struct Tagger<'a> {
    tag: &'a [u8],
    line_begins: bool,
    tagged: Vec<u8>,
}

impl<'a> Tagger<'a> {
    pub(crate) fn new(tag: &'a [u8]) -> Self {
        Self { tag, line_begins: true, tagged: Vec::new() }
    }

    /// The next part of the stream, with its tags.
    pub(crate) fn tag<'b>(&'b mut self, part: &'b [u8]) -> &'b [u8] {
        if self.tag.is_empty() {
            return part;
        }
        self.tagged.clear();
        for line in part.split_inclusive(|byte| *byte == b'\n') {
            if self.line_begins {
                self.tagged.extend_from_slice(self.tag);
            }
            self.tagged.extend_from_slice(line);
            self.line_begins = line.ends_with(b"\n");
        }
        &self.tagged
    }
}

/// The line of one stream that is not whole yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    begun: Vec<u8>,
    /// Its beginning was handed on already.
    is_cut: bool,
}

impl Lines {
    /// Hands on the lines that are whole now, in one piece.
    pub(crate) fn push<E>(
        &mut self,
        bytes: &[u8],
        mut hand_on: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole > 0 {
            self.is_cut = false;
            if self.begun.is_empty() {
                hand_on(&bytes[..whole])?;
            } else {
                self.begun.extend_from_slice(&bytes[..whole]);
                let handed_on = hand_on(&self.begun);
                self.begun.clear();
                handed_on?;
            }
        }
        self.begun.extend_from_slice(&bytes[whole..]);
        if self.begun.len() <= LONGEST {
            return Ok(());
        }
        self.is_cut = true;
        hand_on(&std::mem::take(&mut self.begun))
    }

    /// The stream has ended: what there is of a line without a newline, and whether there was one.
    pub(crate) fn end(&mut self) -> Option<Vec<u8>> {
        let begun = std::mem::take(&mut self.begun);
        (std::mem::take(&mut self.is_cut) || !begun.is_empty()).then_some(begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is handed on, piece by piece, and what is left at the end.
    fn handed_on(parts: &[&[u8]]) -> (Vec<Vec<u8>>, Option<Vec<u8>>) {
        let mut lines = Lines::default();
        let mut pieces = Vec::new();
        for part in parts {
            let kept: Result<(), ()> = lines.push(part, |piece| {
                pieces.push(piece.to_vec());
                Ok(())
            });
            kept.unwrap();
        }
        (pieces, lines.end())
    }

    #[test]
    fn lines_are_handed_on_when_whole() {
        let (pieces, left) = handed_on(&[b"a", b"b\nc\nd", b"", b"e\n", b"f"]);
        assert_eq!(pieces, [&b"ab\nc\n"[..], b"de\n"]);
        assert_eq!(left.as_deref(), Some(&b"f"[..]));
        assert_eq!(handed_on(&[b"a\n"]).1, None);
    }

    #[test]
    fn a_long_line_is_handed_on_in_parts() {
        let long = vec![b'x'; LONGEST];
        let (pieces, left) = handed_on(&[&long, b"y", b"z\n", b"a\n"]);
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [LONGEST + 1, 2, 2]);
        assert_eq!(left, None);
        // It has no newline yet, although nothing more of it is held.
        assert_eq!(handed_on(&[&long, b"y"]).1.as_deref(), Some(&b""[..]));
    }
}
