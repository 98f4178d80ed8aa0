//! The command as the user wrote it, and the command that an item makes of it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::slice;

use crate::run::command::line::{Kind, Line, Values};
use crate::run::command::piece::{self, Piece, Repeat};
use crate::run::command::placeholder::{Form, Part, Placeholders};
use crate::run::intake::source::Columns;
use crate::run::item::Item;
use crate::run::{command::quote, command::shell};

/// How the words of a command are to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// What stands for the item, if not `{}`.
    pub(crate) replace: Option<&'a OsStr>,
    pub(crate) shell: bool,
    /// Whether the word around a placeholder is repeated for each item.
    pub(crate) repeat: bool,
    /// Whether `{1}` is the first column of each row where rows have several, and not the first
    /// argument of all.
    pub(crate) by_row: bool,
    /// The flag by which items are read from the command's standard input, and have no placeholders.
    pub(crate) by_input: Option<&'a str>,
    pub(crate) columns: Columns,
    /// How many rows a command gets at most, if that is known.
    pub(crate) most_rows: Option<usize>,
    /// What the joblog's header says before the command and after it, if anything.
    pub(crate) signature: (&'a [u8], &'a [u8]),
}

impl<'a> Reading<'a> {
    /// Each item is one argument, and nothing is out of the ordinary.
    #[cfg(test)]
    pub(crate) const PLAIN: Reading<'static> = Reading {
        replace: None,
        shell: false,
        repeat: false,
        by_row: false,
        by_input: None,
        columns: Columns::Known(1),
        most_rows: Some(1),
        signature: (b"", b""),
    };

    fn whole(self) -> &'a [u8] {
        self.replace.map_or(b"{}", OsStr::as_bytes)
    }

    /// Who names a placeholder of their own wants nothing else in braces read, unless there are
    /// several arguments to name.
    fn placeholders(self) -> Placeholders<'a> {
        let is_one = self.columns.is_one() && self.most_rows == Some(1);
        Placeholders { whole: self.whole(), numbered: self.replace.is_none() || !is_one }
    }

    fn by_row(self) -> bool {
        self.by_row && !self.columns.is_one()
    }

    /// Splits a text into its parts, and refuses placeholders that stand for nothing.
    pub(crate) fn parts(self, text: &[u8]) -> Result<Vec<Part>, String> {
        let parts = self.placeholders().parts(text);
        let rows = if self.by_row() { Some(1) } else { self.most_rows };
        let most = match (self.columns, rows) {
            (Columns::Known(columns), Some(rows)) => columns.checked_mul(rows),
            _ => None,
        };
        for part in &parts {
            match (part, most) {
                (Part::Item(_) | Part::Nth(..) | Part::Number, _)
                    if let Some(flag) = self.by_input
                        && (*part != Part::Number || flag != "--pipe") =>
                {
                    let others = if flag == "--pipe" { "{#} and {%}" } else { "{%}" };
                    return Err(format!(
                        "{flag}: a placeholder of an item stands in the command, which reads its items \
                         from standard input; of the placeholders only {others} may stand there (one that \
                         is none: name another with -I)"
                    ));
                }
                (Part::Nth(number, _), Some(most)) if number.unsigned_abs().get() > most => {
                    return Err(self.beyond(number.get(), most));
                }
                _ => {}
            }
        }
        Ok(parts)
    }

    fn beyond(self, number: isize, most: usize) -> String {
        let what = match (self.columns, most) {
            (Columns::Known(1), 1) => {
                "there is 1 source of items; give more after `:::`, split lines with --colsep, or, \
                 if it is no placeholder, name yours with -I"
                    .to_owned()
            }
            (Columns::Known(columns), _) if columns == most => {
                format!("there are {columns} sources of items")
            }
            _ => format!("a command gets {most} arguments at most"),
        };
        format!("{{{number}}}: {what}")
    }
}

/// A command with placeholders.
///
/// Without `--shell` it is a list of words that becomes an argv without any shell seeing it. With
/// it, the words joined by spaces are a script for `sh -c`, and each item put into it is quoted.
#[derive(Debug)]
pub(crate) struct Template {
    /// Each a word, or all together a script.
    pieces: Vec<Piece>,
    shell: bool,
    /// What the joblog's header says: everything that decides what the command does to an item.
    signature: Vec<u8>,
}

impl Template {
    pub(crate) fn new(command: &[OsString], reading: Reading<'_>) -> Result<Self, String> {
        let Reading { replace, shell, repeat, by_input, signature: (before, after), .. } = reading;
        if reading.whole().is_empty() {
            return Err("-I '': a placeholder cannot be empty".to_owned());
        }
        let script;
        let words: &[OsString] = if shell {
            script = [command.join(OsStr::new(" "))];
            &script
        } else {
            command
        };
        let words: Result<Vec<_>, _> =
            words.iter().map(|word| reading.parts(word.as_bytes())).collect();
        let mut words = words?;
        if by_input.is_none() && words.iter().flatten().all(|part| matches!(part, Part::Literal(_)))
        {
            if shell {
                words[0].push(Part::Literal(b" ".to_vec()));
                words[0].push(Part::Item(Form::Whole));
            } else {
                words.push(vec![Part::Item(Form::Whole)]);
            }
        }
        let pieces = if shell {
            let script = words.swap_remove(0);
            shell::check(&script)?;
            if repeat {
                piece::of_script(script, reading.by_row())?
            } else {
                vec![Piece::once(script)]
            }
        } else if repeat {
            words.into_iter().map(|word| Piece::word(word, reading.by_row())).collect()
        } else {
            words.into_iter().map(Piece::once).collect()
        };
        let mut signature = before.to_vec();
        if shell {
            signature.extend_from_slice(b"--shell ");
        }
        if let Some(replace) = replace {
            signature.extend_from_slice(b"-I ");
            quote::push_quoted(&mut signature, replace.as_bytes());
            signature.push(b' ');
        }
        signature.extend_from_slice(b"-- ");
        signature.extend_from_slice(&quote::command_line(command));
        signature.extend_from_slice(after);
        Ok(Self { pieces, shell, signature })
    }

    /// The command in a form that two equal commands share, and no two others.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// What is run for every item, if the items have no say in it.
    pub(crate) fn program(&self) -> Option<&OsStr> {
        match &self.pieces[0].parts[..] {
            _ if self.shell => Some(OsStr::new("sh")),
            [Part::Literal(program)] => Some(OsStr::from_bytes(program)),
            [] => Some(OsStr::new("")),
            _ => None,
        }
    }

    /// Whether the user's own part of the program's name has a space, and no shell reads it.
    pub(crate) fn looks_like_a_script(&self) -> bool {
        let has_space = |part: &Part| matches!(part, Part::Literal(text) if text.contains(&b' '));
        !self.shell && self.pieces[0].parts.iter().any(has_space)
    }

    /// Whether a shell reads the command: then all of it is one argument.
    pub(crate) fn is_script(&self) -> bool {
        self.shell
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The argv for this item on this consumer. Never empty.
    pub(crate) fn argv(&self, item: &Item, consumer: usize) -> Vec<OsString> {
        let (seq, all) = (item.seq, &item.args[..]);
        let kind = if self.shell { Kind::Script } else { Kind::Argv };
        let mut line = Line::new(kind, self.pieces.len() + all.len());
        for piece in &self.pieces {
            let mut begun = false;
            let mut push = |items, numbered| {
                if std::mem::replace(&mut begun, true) {
                    line.end_word();
                }
                line.push(&piece.parts, Values { items, numbered, seq, consumer });
            };
            match piece.repeat {
                Repeat::Once => push(all, all),
                Repeat::EachArgument => {
                    for argument in all {
                        push(slice::from_ref(argument), all);
                    }
                }
                Repeat::EachRow => item.args.rows().for_each(|row| push(row, row)),
            }
            if kind == Kind::Argv {
                line.end_word();
            }
        }
        if self.shell {
            return vec!["sh".into(), "-c".into(), line.into_text()];
        }
        line.into_words()
    }

    /// The argv of this consumer's worker. Never empty.
    pub(crate) fn worker_argv(&self, consumer: usize) -> Vec<OsString> {
        self.argv(&Item::NONE, consumer)
    }

    /// The command for a reader: what to type to run it by hand.
    pub(crate) fn command_line(&self, argv: &[OsString]) -> Vec<u8> {
        if self.shell { argv[2].as_bytes().to_vec() } else { quote::command_line(argv) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::arguments::Arguments;

    fn template(command: &[&str], reading: Reading<'_>) -> Result<Template, String> {
        let command: Vec<_> = command.iter().map(OsString::from).collect();
        Template::new(&command, reading)
    }

    /// Arguments of one row each; where rows have several columns these are `+` apart.
    fn filled(command: &[&str], reading: Reading<'_>, rows: &[&str]) -> Vec<OsString> {
        let template = template(command, reading).unwrap();
        let (mut list, mut ends) = (Vec::new(), Vec::new());
        for row in rows {
            list.extend(row.split('+').map(OsString::from));
            ends.push(list.len());
        }
        if reading.columns.is_one() {
            ends.clear();
        }
        let args = Arguments::rows_of(list, ends);
        template.argv(&Item { seq: 7, place: 0, args, duty: None }, 2)
    }

    fn argv(command: &[&str], args: &[&str]) -> Vec<OsString> {
        filled(command, Reading { most_rows: Some(args.len()), ..Reading::PLAIN }, args)
    }

    const PACKED: Reading<'static> =
        Reading { repeat: true, by_row: true, most_rows: None, ..Reading::PLAIN };

    #[test]
    fn an_item_is_appended_where_none_is_named() {
        assert_eq!(argv(&["wc", "-l"], &["a b"]), ["wc", "-l", "a b"]);
        assert_eq!(argv(&["echo", "{#}:{%}"], &["a"]), ["echo", "7:2"]);
        assert_eq!(argv(&["cp", "{}", "{.}.bak"], &["x.c"]), ["cp", "x.c", "x.bak"]);
    }

    #[test]
    fn several_items_are_several_arguments() {
        assert_eq!(argv(&["rm", "--", "{}"], &["a", "b c"]), ["rm", "--", "a", "b c"]);
        assert_eq!(argv(&["echo", "x{}y"], &["1", "2", "3"]), ["echo", "x1", "2", "3y"]);
        assert_eq!(argv(&["echo", "{/}={.}"], &["a/b.c", "d"]), ["echo", "b.c", "d=a/b", "d"]);
        assert_eq!(argv(&["echo", "{2}-{-2.}"], &["a.x", "b"]), ["echo", "b-a"]);
    }

    #[test]
    fn words_are_repeated_for_each_item() {
        assert_eq!(
            filled(&["echo", "x{}y", "{#}"], PACKED, &["1", "2"]),
            ["echo", "x1y", "x2y", "7"]
        );
        assert_eq!(filled(&["echo", "{/}-{}"], PACKED, &["d/1", "2"]), ["echo", "1-d/1", "2-2"]);
        assert_eq!(filled(&["echo", "x{2}"], PACKED, &["1", "2"]), ["echo", "x2"]);
        let script = Reading { shell: true, ..PACKED };
        assert_eq!(
            filled(&["echo", "x{}y;", "ls"], script, &["1", "a b"])[2],
            "echo x1y x'a b'y; ls"
        );
    }

    #[test]
    fn columns_are_named_by_number() {
        let two = Reading { columns: Columns::Known(2), ..Reading::PLAIN };
        assert_eq!(filled(&["mv", "{1}", "{2}"], two, &["a+b"]), ["mv", "a", "b"]);
        assert_eq!(filled(&["echo", "x{}y"], two, &["a+b"]), ["echo", "xa", "by"]);
        let each = Reading { columns: two.columns, ..PACKED };
        assert_eq!(filled(&["echo", "{1}-{2}"], each, &["a+b", "c+d"]), ["echo", "a-b", "c-d"]);
        assert_eq!(filled(&["echo", "{1}:{}"], each, &["a+b"]), ["echo", "a:a", "b"]);
        let split = Reading { columns: Columns::Split, ..Reading::PLAIN };
        assert_eq!(filled(&["echo", "{1}", "{3/}"], split, &["a+b"]), ["echo", "a", ""]);
        let script = Reading { shell: true, ..split };
        assert_eq!(filled(&["echo {1} {3//}x"], script, &["a b+b"])[2], "echo 'a b' ''x");
    }

    #[test]
    fn numbers_beyond_what_there_is_are_refused() {
        let two = Reading { columns: Columns::Known(2), ..Reading::PLAIN };
        let refused = |word, reading| template(&["echo", word], reading).unwrap_err();
        assert!(refused("{3}", two).contains("{3}: there are 2 sources"));
        assert!(refused("{-3.}", two).contains("{-3}: there are 2 sources"));
        assert!(refused("{2}", Reading::PLAIN).contains("there is 1 source"));
        let three = Reading { most_rows: Some(3), ..Reading::PLAIN };
        assert!(refused("{4}", three).contains("3 arguments at most"));
        assert!(
            refused("{}", Reading { by_input: Some("--pipe"), ..Reading::PLAIN })
                .contains("standard input")
        );
        for (word, reading) in [
            ("{9}", Reading { columns: Columns::Split, ..Reading::PLAIN }),
            ("{9}", PACKED),
            ("{9}", Reading { replace: Some(OsStr::new("%")), ..Reading::PLAIN }),
            ("{#}{foo}", Reading { by_input: Some("--pipe"), ..Reading::PLAIN }),
        ] {
            assert!(template(&["echo", word], reading).is_ok(), "{word} {reading:?}");
        }
    }

    #[test]
    fn signatures_tell_commands_apart() {
        let signature =
            |command: &[&str], reading| template(command, reading).unwrap().signature().to_vec();
        let plain = Reading::PLAIN;
        let all = [
            signature(&["echo", "a b"], plain),
            signature(&["echo", "a", "b"], plain),
            signature(&["echo", "a b"], Reading { shell: true, ..plain }),
            signature(&["echo", "a b"], Reading { replace: Some(OsStr::new("a")), ..plain }),
            signature(&["echo", "a b"], Reading { signature: (b"--wd x ", b""), ..plain }),
            signature(&["echo", "a b"], Reading { signature: (b"", b" ::: ..."), ..plain }),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{}", String::from_utf8_lossy(one));
        }
        assert_eq!(all[0], b"-- echo 'a b'");
    }
}
