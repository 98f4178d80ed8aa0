//! The command as the user wrote it, and the command that an item makes of it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::item::Item;
use super::placeholder::{Form, Part, parts};
use super::{quote, shell};

/// A command with placeholders.
///
/// Without `--shell` it is a list of words that becomes an argv without any shell seeing it. With
/// it, the words joined by spaces are a script for `sh -c`, and each item put into it is quoted.
#[derive(Debug)]
pub(crate) struct Template {
    words: Vec<Vec<Part>>,
    shell: bool,
    /// What the joblog's header says: everything that decides what the command does to an item.
    signature: Vec<u8>,
}

impl Template {
    pub(crate) fn new(
        command: &[OsString],
        replace: Option<&OsStr>,
        shell: bool,
    ) -> Result<Self, String> {
        let whole = replace.map_or(&b"{}"[..], OsStr::as_bytes);
        if whole.is_empty() {
            return Err("-I '': a placeholder cannot be empty".to_owned());
        }
        let script;
        let words: &[OsString] = if shell {
            script = [command.join(OsStr::new(" "))];
            &script
        } else {
            command
        };
        let mut words: Vec<_> = words.iter().map(|word| parts(word.as_bytes(), whole)).collect();
        if words.iter().flatten().all(|part| matches!(part, Part::Literal(_))) {
            if shell {
                words[0].push(Part::Literal(b" ".to_vec()));
                words[0].push(Part::Item(Form::Whole));
            } else {
                words.push(vec![Part::Item(Form::Whole)]);
            }
        }
        if shell {
            shell::check(&words[0])?;
        }
        let mut signature = Vec::new();
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
        Ok(Self { words, shell, signature })
    }

    /// The command in a form that two equal commands share, and no two others.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// What is run for every item, if the items have no say in it.
    pub(crate) fn program(&self) -> Option<&OsStr> {
        match &self.words[0][..] {
            _ if self.shell => Some(OsStr::new("sh")),
            [Part::Literal(program)] => Some(OsStr::from_bytes(program)),
            [] => Some(OsStr::new("")),
            _ => None,
        }
    }

    /// Whether the user's own part of the program's name has a space, and no shell reads it.
    pub(crate) fn looks_like_a_script(&self) -> bool {
        let has_space = |part: &Part| matches!(part, Part::Literal(text) if text.contains(&b' '));
        !self.shell && self.words[0].iter().any(has_space)
    }

    /// The argv for this item on this consumer. Never empty.
    pub(crate) fn argv(&self, item: &Item, consumer: usize) -> Vec<OsString> {
        if self.shell {
            let script = OsString::from_vec(self.script(item, consumer));
            return vec!["sh".into(), "-c".into(), script];
        }
        let mut argv = Vec::with_capacity(self.words.len() + item.args.len());
        for word in &self.words {
            let mut argument = Vec::new();
            for part in word {
                match part {
                    Part::Literal(bytes) => argument.extend_from_slice(bytes),
                    Part::Number => argument.extend_from_slice(item.seq.to_string().as_bytes()),
                    Part::Consumer => argument.extend_from_slice(consumer.to_string().as_bytes()),
                    Part::Item(form) => {
                        for (index, arg) in item.args.iter().enumerate() {
                            // Between two items a word ends, as it would at a space in a shell.
                            if index > 0 {
                                argv.push(OsString::from_vec(std::mem::take(&mut argument)));
                            }
                            argument.extend_from_slice(form.of(arg.as_bytes()));
                        }
                    }
                }
            }
            argv.push(OsString::from_vec(argument));
        }
        argv
    }

    fn script(&self, item: &Item, consumer: usize) -> Vec<u8> {
        let mut script = Vec::new();
        for part in &self.words[0] {
            match part {
                Part::Literal(bytes) => script.extend_from_slice(bytes),
                Part::Number => script.extend_from_slice(item.seq.to_string().as_bytes()),
                Part::Consumer => script.extend_from_slice(consumer.to_string().as_bytes()),
                Part::Item(form) => {
                    for (index, arg) in item.args.iter().enumerate() {
                        if index > 0 {
                            script.push(b' ');
                        }
                        quote::push_quoted(&mut script, form.of(arg.as_bytes()));
                    }
                }
            }
        }
        script
    }

    /// A text with placeholders, which need not name the item.
    pub(crate) fn of_text(text: &OsStr, replace: Option<&OsStr>) -> Result<Self, String> {
        let mut template = Self::new(&[text.to_owned()], replace, false)?;
        template.words.truncate(1);
        Ok(template)
    }

    /// The words with spaces between them, for this item on this consumer.
    pub(crate) fn text(&self, item: &Item, consumer: usize) -> Vec<u8> {
        self.argv(item, consumer).join(OsStr::new(" ")).into_vec()
    }

    /// The command for a reader: what to type to run it by hand.
    pub(crate) fn command_line(&self, argv: &[OsString]) -> Vec<u8> {
        if self.shell { argv[2].as_bytes().to_vec() } else { quote::command_line(argv) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(command: &[&str], args: &[&str]) -> Vec<OsString> {
        let command: Vec<_> = command.iter().map(OsString::from).collect();
        let template = Template::new(&command, None, false).unwrap();
        let args = args.iter().map(OsString::from).collect();
        template.argv(&Item { seq: 7, place: 0, args }, 2)
    }

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
    }

    #[test]
    fn signatures_tell_commands_apart() {
        let signature = |command: &[&str], replace: Option<&str>, shell| {
            let command: Vec<_> = command.iter().map(OsString::from).collect();
            let template = Template::new(&command, replace.map(OsStr::new), shell).unwrap();
            template.signature().to_vec()
        };
        let all = [
            signature(&["echo", "a b"], None, false),
            signature(&["echo", "a", "b"], None, false),
            signature(&["echo", "a b"], None, true),
            signature(&["echo", "a b"], Some("a"), false),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{}", String::from_utf8_lossy(one));
        }
    }
}
