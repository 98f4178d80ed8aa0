//! Commands that are shown so that somebody can type them.

use std::fmt::Write as _;

use toyvm::program::Wishes;
use toyvm::scheduler::Policy;

use super::file::FileArgs;

/// `forebay vm VERB FILE FLAGS`, with whatever selects the program in the file.
pub(super) fn again(verb: &str, file: &FileArgs, flags: &[String]) -> String {
    let mut line = format!("forebay vm {verb} {}", word(&file.file.display().to_string()));
    if let Some(entry) = &file.entry {
        let _ = write!(line, " --entry {}", word(entry));
    }
    for thread in &file.threads {
        let value = format!("{}={}:{}", thread.name, thread.list, thread.priority);
        let _ = write!(line, " --thread {}", word(&value));
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
    let plain = |c: char| c.is_alphanumeric() || "-_=/.,:+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        let mut file = FileArgs::of(Path::new("my program's.toy"));
        file.entry = Some("main".to_owned());
        let line = again("run", &file, &["--seed 7".to_owned()]);
        assert_eq!(line, "forebay vm run 'my program'\\''s.toy' --entry main --seed 7");
    }
}
