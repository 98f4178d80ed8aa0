//! Quoting for a POSIX shell, as GNU parallel (Tange, 2011) does it.
//!
//! A word of plain characters stands for itself; any other goes between single quotes, where a
//! shell gives no character a meaning, and a single quote in it between double quotes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Appends the bytes as one word of a shell command.
pub(crate) fn push_quoted(line: &mut Vec<u8>, word: &[u8]) {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+/".contains(byte);
    if !word.is_empty() && word.iter().all(plain) {
        line.extend_from_slice(word);
        return;
    }
    line.push(b'\'');
    for &byte in word {
        if byte == b'\'' {
            line.extend_from_slice(br#"'"'"'"#);
        } else {
            line.push(byte);
        }
    }
    line.push(b'\'');
}

/// A command as one would type it.
pub(crate) fn command_line<S: AsRef<OsStr>>(argv: &[S]) -> Vec<u8> {
    let mut line = Vec::new();
    for (index, word) in argv.iter().enumerate() {
        if index > 0 {
            line.push(b' ');
        }
        push_quoted(&mut line, word.as_ref().as_bytes());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(word: &[u8]) -> Vec<u8> {
        let mut line = Vec::new();
        push_quoted(&mut line, word);
        line
    }

    /// What `parallel --dry-run echo {}` of 20221122 prints for the same items.
    #[test]
    fn as_gnu_parallel_quotes() {
        for (word, expected) in [
            (&b"a b"[..], &b"'a b'"[..]),
            (b"it's", br#"'it'"'"'s'"#),
            (b"x;y", b"'x;y'"),
            (b"", b"''"),
            (b"$(x)", b"'$(x)'"),
            ("é".as_bytes(), "'é'".as_bytes()),
            (b"-rf", b"-rf"),
            (b"~a", b"'~a'"),
            (b"a=b", b"'a=b'"),
            (b"\xff", b"'\xff'"),
            (b"a/b_c.d+e-9", b"a/b_c.d+e-9"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn a_shell_reads_back_the_same_word() {
        let mut every: Vec<u8> = (1..=255).collect();
        every.extend_from_slice(b"''\"'\n");
        let mut script = b"printf %s ".to_vec();
        push_quoted(&mut script, &every);
        let output = std::process::Command::new("sh")
            .arg("-c")
            .arg(OsStr::from_bytes(&script))
            .output()
            .expect("sh runs");
        assert_eq!(output.stdout, every);
    }
}
