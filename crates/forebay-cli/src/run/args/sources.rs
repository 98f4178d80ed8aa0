//! What stands after `:::`, `::::`, `:::+` and `::::+`.

use std::ffi::OsString;

use crate::run::intake::source::{Given, Values};

/// What such a word says of the words after it.
#[derive(Debug, Clone, Copy)]
struct Mark {
    linked: bool,
    files: bool,
}

impl Mark {
    fn of(word: &OsString) -> Option<Self> {
        let (linked, files) = match word.to_str()? {
            ":::" => (false, false),
            ":::+" => (true, false),
            "::::" => (false, true),
            "::::+" => (true, true),
            _ => return None,
        };
        Some(Self { linked, files })
    }
}

/// Splits the sources off the command's words.
pub(super) fn split_off(command: &mut Vec<OsString>) -> Result<Vec<Given>, String> {
    let Some(start) = command.iter().position(|word| Mark::of(word).is_some()) else {
        return Ok(Vec::new());
    };
    let mut given = Vec::new();
    let mut words = command.split_off(start).into_iter().peekable();
    while let Some((mark, word)) = words.next().and_then(|word| Some((Mark::of(&word)?, word))) {
        let mut list = Vec::new();
        while let Some(word) = words.next_if(|word| Mark::of(word).is_none()) {
            list.push(word);
        }
        let Mark { linked, files } = mark;
        if !files {
            given.push(Given { linked, values: Values::Arguments(list) });
        } else if list.is_empty() {
            return Err(format!(
                "no file after `{}`: name one to read items from (`-` is standard input)",
                word.display()
            ));
        } else {
            // Each file is a source of its own.
            let files = list.into_iter().map(|path| Values::File(path.into()));
            given.extend(files.map(|values| Given { linked, values }));
        }
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> (Vec<OsString>, Result<Vec<Given>, String>) {
        let mut command: Vec<_> = line.split(' ').map(OsString::from).collect();
        let given = split_off(&mut command);
        (command, given)
    }

    #[test]
    fn each_mark_begins_a_source() {
        let list = |linked, list: &[&str]| Given {
            linked,
            values: Values::Arguments(list.iter().map(OsString::from).collect()),
        };
        let file = |linked, path: &str| Given { linked, values: Values::File(path.into()) };
        assert_eq!(split("a b"), (vec!["a".into(), "b".into()], Ok(vec![])));
        assert_eq!(
            split("a ::: b c :::+ d :::: f g ::::+ h :::"),
            (
                vec!["a".into()],
                Ok(vec![
                    list(false, &["b", "c"]),
                    list(true, &["d"]),
                    file(false, "f"),
                    file(false, "g"),
                    file(true, "h"),
                    list(false, &[]),
                ])
            )
        );
        assert!(split("a :::: ::: b").1.is_err_and(|error| error.contains("after `::::`")));
    }
}
