//! Where in a `--shell` script an item may stand.
//!
//! An item is quoted as a word of its own. Within the user's own quotes, a here-document or shell
//! arithmetic, the same characters mean something else, and a file name could become code:
//! `echo "{}"` with the item `$(reboot)` would reboot. So the script is read once, as a POSIX shell
//! reads it, and a placeholder in such a place is refused before anything runs. Where the reading
//! is unsure, it refuses.

use crate::run::command::placeholder::Part;

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
    /// `(…)` in it.
    Group,
}

#[derive(Debug, Default)]
struct Reader {
    within: Vec<Within>,
    /// Something that is not followed went before: from there on nothing is sure.
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
            Part::Item(_) | Part::Nth(..) => {
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
            Some(Within::Arithmetic | Within::Group) => Some("in shell arithmetic"),
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
            } else if rest[0] == b'`' && self.within.contains(&Within::Backquotes) {
                self.unsure = Some("after backquotes with quotes in them");
            }
            return 1;
        }
        let quoted = within == Some(Within::DoubleQuotes);
        let words = matches!(within, None | Some(Within::Parentheses));
        if self.is_case(rest) {
            // Its patterns end with a `)` that closes nothing.
            self.unsure = Some("after a `case` in parentheses");
        }
        match rest {
            // The shell takes both away, even from within a word or an operator.
            [b'\\', b'\n', ..] => {
                let is_in_the_midst =
                    if quoted { self.before == b'$' } else { !b" \t\n;&|".contains(&self.before) };
                if is_in_the_midst {
                    self.unsure = Some("after a line that goes on in the midst of a word");
                }
                return 2;
            }
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
            // Shells differ on whether it quotes.
            [b'\'', ..] if within == Some(Within::Braces) && self.is_quoted_outside() => {
                self.unsure = Some("after a ' in ${...} in double quotes");
            }
            [b'\'', ..] => self.within.push(Within::SingleQuotes),
            [b'<', b'<', ..] => self.unsure = Some("after <<"),
            [b'#', ..] if within == Some(Within::Backquotes) => {
                self.unsure = Some("after backquotes with # in them");
            }
            // After `$(…)` it begins no comment, after `(…)` it does.
            [b'#', ..] if words && self.before == b')' => self.unsure = Some("after )#"),
            [b'#', ..] if words && b" \t\n;&|(".contains(&self.before) => self.comment = true,
            [b'(', b'(', ..] if words => {
                self.within.push(Within::Arithmetic);
                return 2;
            }
            [b')', b')', ..] if within == Some(Within::Arithmetic) => {
                self.within.pop();
                return 2;
            }
            [b'(', ..] if matches!(within, Some(Within::Arithmetic | Within::Group)) => {
                self.within.push(Within::Group);
            }
            [b')', ..] if within == Some(Within::Group) => drop(self.within.pop()),
            // `$((` may begin a subshell, too.
            [b')', ..] if within == Some(Within::Arithmetic) => {
                self.unsure = Some("after what may be arithmetic or a subshell");
            }
            [b'(', ..] if words => self.within.push(Within::Parentheses),
            [b')', ..] if within == Some(Within::Parentheses) => drop(self.within.pop()),
            _ => {}
        }
        1
    }

    /// Whether the word `case` begins here, in parentheses.
    fn is_case(&self, rest: &[u8]) -> bool {
        self.within.last() == Some(&Within::Parentheses)
            && !is_of_a_word(self.before)
            && rest
                .strip_prefix(b"case")
                .is_some_and(|rest| !rest.first().is_some_and(|next| is_of_a_word(*next)))
    }

    /// Whether the innermost `${` stands in double quotes.
    fn is_quoted_outside(&self) -> bool {
        let mut outside = self.within.iter().rev().skip_while(|within| **within == Within::Braces);
        outside.next() == Some(&Within::DoubleQuotes)
    }
}

/// Whether a reserved word cannot end before, or begin after, this character.
fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-./=,:+@%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::command::placeholder::Placeholders;

    fn parts(script: &str) -> Vec<Part> {
        Placeholders { whole: b"{}", numbered: true }.parts(script.as_bytes())
    }

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
            "echo \"$(grep --ignore-case x lowercase/case.txt)\" {}",
            "case a in a) echo {} ;; esac",
            "echo $(((1) + 2)); echo a \\\n b |\\\n cat",
            "x=\"$(echo $(((1))) )\"; echo {}",
            "wc \\\n -l \\\n {}",
            "echo ${x:-'a b'} \"a\\\nb\" {}",
            "mv {1} {2.}.bak; echo {-1/}",
        ] {
            assert_eq!(check(&parts(script)), Ok(()), "{script}");
        }
    }

    #[test]
    fn places_where_a_name_could_be_code_are_refused() {
        for script in [
            "echo \"{}\"",
            "echo '{}'",
            "echo \"{1}\"",
            "echo '{-1/.}'",
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
            "echo \"$(case a in a) echo \"{}\" ;; esac)\"",
            "(case a in a) : ;; esac; echo {})",
            "echo $(:;case a in a) : ;; esac) {}",
            "echo $(if true\nthen case a in a) : ;; esac; fi) {}",
            "echo \"${x:-'}\" {} '",
            "echo \"${x:-${y:-'}}\" {} '",
            "echo \"$(echo $(((1))) \"{}\")\"",
            "echo \"$((echo a) | cat) $(echo {})\"",
            "echo $(echo a)#'b\n{}'",
            "cat <\\\n<E\n{}\nE",
            "echo \"$\\\n(echo \"{}\")\"",
            "echo `# '` {}",
            "echo `echo '`' {}",
        ] {
            assert!(check(&parts(script)).is_err(), "{script}");
        }
    }
}
