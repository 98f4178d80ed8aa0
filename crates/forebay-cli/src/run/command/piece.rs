//! A command's text in pieces: some are written once, some again for each item (`-X`).

use crate::run::command::placeholder::Part;

/// How often a piece is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Once,
    /// Once for each argument, a word each.
    EachArgument,
    /// Once for each row of several columns, a word each.
    EachRow,
}

/// Parts that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) parts: Vec<Part>,
    pub(crate) repeat: Repeat,
}

impl Piece {
    pub(crate) fn once(parts: Vec<Part>) -> Self {
        Self { parts, repeat: Repeat::Once }
    }

    /// A word that is repeated if a placeholder in it says so. `by_row`: numbers are of columns.
    pub(crate) fn word(parts: Vec<Part>, by_row: bool) -> Self {
        let has_number = parts.iter().any(|part| matches!(part, Part::Nth(..)));
        let has_item = parts.iter().any(|part| matches!(part, Part::Item(_)));
        let repeat = match (by_row && has_number, has_item) {
            (true, _) => Repeat::EachRow,
            (false, true) => Repeat::EachArgument,
            (false, false) => Repeat::Once,
        };
        Self { parts, repeat }
    }
}

/// Cuts a shell script into pieces, so that the word around each placeholder can be repeated.
///
/// That word is what stands between white space and operators. If it holds anything by which a
/// shell would read it otherwise the second time, a quote above all, it is refused.
pub(crate) fn of_script(script: Vec<Part>, by_row: bool) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut once = Vec::new();
    let mut word = Word::default();
    for part in script {
        let Part::Literal(bytes) = part else {
            word.parts.push(part);
            continue;
        };
        let mut rest = &bytes[..];
        while let Some(first) = rest.first() {
            let is_plain = is_plain(*first);
            let end = rest.iter().position(|byte| self::is_plain(*byte) != is_plain);
            let (run, after) = rest.split_at(end.unwrap_or(rest.len()));
            if is_plain {
                word.parts.push(Part::Literal(run.to_vec()));
            } else {
                word.end(by_row, Some(run[0]), &mut once, &mut pieces)?;
                once.push(Part::Literal(run.to_vec()));
                word.before = match run {
                    [.., b'\\', _] => Some(b'\\'),
                    _ => run.last().copied(),
                };
            }
            rest = after;
        }
    }
    word.end(by_row, None, &mut once, &mut pieces)?;
    pieces.push(Piece::once(once));
    Ok(pieces)
}

#[derive(Debug, Default)]
struct Word {
    parts: Vec<Part>,
    /// What stands before it.
    before: Option<u8>,
}

impl Word {
    fn end(
        &mut self,
        by_row: bool,
        after: Option<u8>,
        once: &mut Vec<Part>,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), String> {
        let piece = Piece::word(std::mem::take(&mut self.parts), by_row);
        if piece.repeat == Repeat::Once {
            once.extend(piece.parts);
            return Ok(());
        }
        let unclear = [self.before, after].into_iter().flatten().find(|byte| !separates(*byte));
        if let Some(byte) = unclear {
            return Err(format!(
                "-X with --shell: the word around a placeholder is repeated, and a shell might \
                 read `{}` in it otherwise the second time; use -m, or leave it out",
                byte.escape_ascii()
            ));
        }
        pieces.push(Piece::once(std::mem::take(once)));
        pieces.push(piece);
        Ok(())
    }
}

/// Whether a shell reads nothing but the character itself in it, wherever it stands in a word.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.+/=,:@%^".contains(&byte) || !byte.is_ascii()
}

/// Whether words end at it.
fn separates(byte: u8) -> bool {
    b" \t\n;|&<>()".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::command::placeholder::Placeholders;

    fn pieces(script: &str, by_row: bool) -> Result<Vec<(String, Repeat)>, String> {
        let parts = Placeholders { whole: b"{}", numbered: true }.parts(script.as_bytes());
        let shown = |parts: &[Part]| -> String {
            let shown = parts.iter().map(|part| match part {
                Part::Literal(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Part::Item(_) => "{}".to_owned(),
                Part::Nth(number, _) => format!("{{{number}}}"),
                Part::Number | Part::Consumer => "{#}".to_owned(),
            });
            shown.collect()
        };
        let pieces = of_script(parts, by_row)?;
        Ok(pieces.iter().map(|piece| (shown(&piece.parts), piece.repeat)).collect())
    }

    #[test]
    fn the_word_around_a_placeholder_is_repeated() {
        assert_eq!(
            pieces("cat 'a b' --in={}.x {#}|sort>{1}", false),
            Ok(vec![
                ("cat 'a b' ".to_owned(), Repeat::Once),
                ("--in={}.x".to_owned(), Repeat::EachArgument),
                (" {#}|sort>{1}".to_owned(), Repeat::Once),
            ])
        );
        assert_eq!(
            pieces("mv {1}-{2} $(ls {})", true),
            Ok(vec![
                ("mv ".to_owned(), Repeat::Once),
                ("{1}-{2}".to_owned(), Repeat::EachRow),
                (" $(ls ".to_owned(), Repeat::Once),
                ("{}".to_owned(), Repeat::EachArgument),
                (")".to_owned(), Repeat::Once),
            ])
        );
    }

    #[test]
    fn what_could_be_read_otherwise_is_not_repeated() {
        for script in
            ["echo 'a b'{}", "echo {}\"a b\"", "echo $x{}", "echo {}*", "echo \\ {}", "x`{}"]
        {
            assert!(pieces(script, false).is_err(), "{script}");
        }
    }
}
