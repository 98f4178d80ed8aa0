//! Where in a `--shell` script an item may stand.
//!
//! An item is quoted as a word of its own. Within the user's own quotes, a here-document or shell
//! arithmetic, the same characters mean something else, and a file name could become code:
//! `echo "{}"` with the item `$(reboot)` would reboot. So the script is read once, as a POSIX shell
//! reads it, and a placeholder in such a place is refused before anything runs. Where the reading
//! is unsure, it refuses.

use super::placeholder::Part;

/// What encloses a place in the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// `(…)` or `$(…)`: words again, whatever is outside.
    Parentheses,
    SingleQuotes,
    DoubleQuotes,
    Backquotes,
    /// `${…}`
    Braces,
    /// `((…))` or `$((…))`
    Arithmetic,
}

#[derive(Debug, Default)]
struct Reader {
    within: Vec<Within>,
    /// A `<<` or `$'` went before: from there on nothing is sure.
    unsure: Option<&'static str>,
    comment: bool,
    /// The next character is escaped.
    escaped: bool,
    /// The character before this one, as far as it matters whether a word begins here.
    before: u8,
}

/// Refuses a script in which an item would not be a word of its own.
pub(crate) fn check(script: &[Part]) -> Result<(), String> {
    let mut reader = Reader { before: b' ', ..Reader::default() };
    for part in script {
        match part {
            Part::Literal(bytes) => reader.read(bytes),
            // Digits: harmless anywhere.
            Part::Number | Part::Consumer => {
                reader.escaped = false;
                reader.before = b'1';
            }
            Part::Item(_) => {
                if let Some(place) = reader.unsafe_place() {
                    return Err(format!(
                        "--shell: a placeholder stands {place}, where a file name could become \
                         code; write it without quotes of your own, it is quoted for you"
                    ));
                }
                reader.before = b'x';
            }
        }
    }
    Ok(())
}

impl Reader {
    fn unsafe_place(&self) -> Option<&'static str> {
        if let Some(place) = self.unsure {
            return Some(place);
        }
        if self.escaped {
            return Some("after a backslash");
        }
        match self.within.last() {
            _ if self.comment => Some("in a comment"),
            _ if self.before == b'$' => Some("after $"),
            None | Some(Within::Parentheses) => None,
            Some(Within::SingleQuotes) => Some("in single quotes"),
            Some(Within::DoubleQuotes) => Some("in double quotes"),
            Some(Within::Backquotes) => Some("in backquotes (use $(...) instead)"),
            Some(Within::Braces) => Some("in ${...}"),
            Some(Within::Arithmetic) => Some("in shell arithmetic"),
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
            at += self.step(&bytes[at..]);
            self.before = bytes[at - 1];
        }
    }

    /// Reads one character, or two where two belong together; says how many.
    fn step(&mut self, rest: &[u8]) -> usize {
        if std::mem::take(&mut self.escaped) {
            return 1;
        }
        if self.comment {
            self.comment = rest[0] != b'\n';
            return 1;
        }
        let within = self.within.last().copied();
        if within == Some(Within::SingleQuotes) {
            if rest[0] == b'\'' {
                self.within.pop();
            }
            return 1;
        }
        let quoted = within == Some(Within::DoubleQuotes);
        let words = matches!(within, None | Some(Within::Parentheses));
        match rest {
            [b'\\', ..] => self.escaped = true,
            [b'"', ..] if quoted => drop(self.within.pop()),
            [b'"', ..] => self.within.push(Within::DoubleQuotes),
            [b'`', ..] if self.within.contains(&Within::Backquotes) => {
                while self.within.pop() != Some(Within::Backquotes) {}
            }
            [b'`', ..] => self.within.push(Within::Backquotes),
            [b'$', b'(', b'(', ..] => {
                self.within.push(Within::Arithmetic);
                return 3;
            }
            [b'$', b'(', ..] => {
                self.within.push(Within::Parentheses);
                return 2;
            }
            [b'$', b'{', ..] => {
                self.within.push(Within::Braces);
                return 2;
            }
            [b'}', ..] if within == Some(Within::Braces) => drop(self.within.pop()),
            _ if quoted => {}
            [b'$', b'\'', ..] => self.unsure = Some("after $'"),
            [b'\'', ..] => self.within.push(Within::SingleQuotes),
            [b'<', b'<', ..] => self.unsure = Some("after <<"),
            [b'#', ..] if words && b" \t\n;&|()".contains(&self.before) => self.comment = true,
            [b'(', b'(', ..] if words => {
                self.within.push(Within::Arithmetic);
                return 2;
            }
            [b')', b')', ..] if within == Some(Within::Arithmetic) => {
                self.within.pop();
                return 2;
            }
            [b'(', ..] if words => self.within.push(Within::Parentheses),
            [b')', ..] if within == Some(Within::Parentheses) => drop(self.within.pop()),
            _ => {}
        }
        1
    }
}

#[cfg(test)]
mod tests {
    use super::super::placeholder::parts;
    use super::*;

    #[test]
    fn words_are_fine() {
        for script in [
            "wc -l {} | sort > {.}.txt",
            "echo \"size: $(wc -c < {})\"",
            "for i in 1 2; do echo 'it''s' {} \"$i\"; done",
            "(cd {//} && ls) # don't\ncat {}",
            "echo a#b {}",
            "x=$((1 + 2)); echo {} $x ${x}",
            "awk '{ print $1 }' {}",
            "echo \\\" {}",
            "echo '{#}' \"{%}\" {}",
        ] {
            assert_eq!(check(&parts(script.as_bytes(), b"{}")), Ok(()), "{script}");
        }
    }

    #[test]
    fn places_where_a_name_could_be_code_are_refused() {
        for script in [
            "echo \"{}\"",
            "echo '{}'",
            "echo `basename {}`",
            "echo \"$(echo \"{}\")\"",
            "cat <<E\n{}\nE",
            "echo $(( {} + 1 ))",
            "((x = {}))",
            "echo ${x:-{}}",
            "echo \"${x:-{}}\"",
            "echo $'a\\'{}'",
            "echo \\{}",
            "echo ${}",
            "ls # {}",
            "echo $(echo '$(' {}; echo \"{/}\")",
            "x=a#'b {}'",
        ] {
            assert!(check(&parts(script.as_bytes(), b"{}")).is_err(), "{script}");
        }
    }
}
