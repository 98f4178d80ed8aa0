//! Commands that are shown so that somebody can type them.

use std::fmt::Write as _;
use std::path::Path;

use toyvm::program::Wishes;
use toyvm::scheduler::Policy;

use super::file::FileArgs;
use crate::run::command::quote::command_line;

/// `forebay vm VERB FILE FLAGS`, with whatever selects the program in the file.
pub(super) fn again(verb: &str, file: &FileArgs, flags: &[String]) -> String {
    let mut line = format!("forebay vm {verb} {}", file_word(&file.file));
    if let Some(entry) = &file.entry {
        let _ = write!(line, " --entry {}", word(entry));
    }
    for thread in &file.threads {
        let value = format!("{}={}:{}", thread.name, thread.list, thread.priority);
        let _ = write!(line, " --thread {}", word(&value));
    }
    if let Some(language) = file.notation.language {
        let _ = write!(line, " --language {}", language.name());
    }
    for (name, value) in &file.notation.constants {
        let _ = write!(line, " --const {}", word(&format!("{name}={value}")));
    }
    for flag in flags {
        let _ = write!(line, " {flag}");
    }
    line
}

/// Who decides who goes on, as flags. What the file wishes, or else is usual, is left out, but never the
/// seed where it decides.
pub(super) fn schedule(policy: Policy, seed: u64, wishes: &Wishes) -> Vec<String> {
    let mut flags = vec![format!("--scheduler {policy}")];
    if policy.has_seed() || seed != wishes.seed.unwrap_or(0) {
        flags.push(format!("--seed {seed}"));
    }
    match policy {
        Policy::RoundRobin { quantum } if quantum != wishes.quantum.unwrap_or(1) => {
            flags.push(format!("--quantum {quantum}"));
        }
        Policy::Pct { depth, .. } if depth != 3 => flags.push(format!("--depth {depth}")),
        _ => {}
    }
    flags
}

/// One word for a shell.
fn word(text: &str) -> String {
    String::from_utf8_lossy(&command_line(&[text])).into_owned()
}

/// A file, which a command line must not take for a flag.
pub(super) fn file_word(path: &Path) -> String {
    let name = path.display().to_string();
    if name.starts_with('-') && name != "-" { word(&format!("./{name}")) } else { word(&name) }
}

#[cfg(test)]
mod tests {
    use toyvm::source::Language;

    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        let mut file = FileArgs::of(Path::new("my program's.toy"));
        file.entry = Some("main".to_owned());
        let line = again("run", &file, &["--seed 7".to_owned()]);
        assert_eq!(line, r#"forebay vm run 'my program'"'"'s.toy' --entry main --seed 7"#);
        file.notation.language = Some(Language::Weir);
        file.notation.constants.push(("N".to_owned(), -1));
        let line = again("run", &file, &[]);
        assert!(line.ends_with(" --entry main --language weir --const N=-1"), "{line}");
    }

    #[test]
    fn a_file_is_not_taken_for_a_flag() {
        assert_eq!(
            again("run", &FileArgs::of(Path::new("-a.toy")), &[]),
            "forebay vm run ./-a.toy"
        );
        assert_eq!(again("run", &FileArgs::of(Path::new("-")), &[]), "forebay vm run -");
    }
}
