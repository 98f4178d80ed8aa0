//! Tokens: the words, numbers, strings and signs of which a Weir file consists.

use crate::program::Span;
use crate::source::Diagnostic;

/// The words that are never names.
pub const KEYWORDS: &[&str] = &[
    "acquire",
    "and",
    "array",
    "assert",
    "atomic",
    "break",
    "condition",
    "const",
    "continue",
    "daemon",
    "decrement",
    "else",
    "false",
    "for",
    "global",
    "if",
    "in",
    "increment",
    "invariant",
    "join",
    "lock",
    "not",
    "notify",
    "or",
    "print",
    "procedure",
    "queue",
    "receive",
    "release",
    "return",
    "robust",
    "semaphore",
    "send",
    "sleep",
    "thread",
    "true",
    "try",
    "wait",
    "while",
];

/// The words that mean something where they stand, and may be names elsewhere.
pub const SOFT_KEYWORDS: &[&str] = &["all", "free", "max", "of", "when", "within"];

/// The functions that need no declaration, and the number of a thread among those of its body.
pub const BUILT_IN: &[&str] = &["alive", "choose", "compare_and_swap", "index", "length", "random"];

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A name.
    Name,
    /// One of [`KEYWORDS`].
    Keyword,
    /// An integer, without its sign.
    Int(u64),
    /// A string, with its quotes.
    Text,
    /// A sign: brackets, operators, commas.
    Sign,
    /// The end of a statement: of its line, or `;`.
    Newline,
    /// The end of the file.
    End,
}

/// One token, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) sort: Sort,
    pub(super) span: Span,
}

/// Signs, the longer ones first.
const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "+=", "-=", "*=", "..", "(", ")", "[", "]", "{", "}", ",", "=", "<",
    ">", "+", "-", "*", "/", "%",
];

/// Signs of other languages, and what is written here.
const FOREIGN: &[(&str, &str)] = &[
    ("&&", "write `and`"),
    ("||", "write `or`"),
    ("!", "write `not`"),
    ("//", "a comment begins with `#`, and `/` divides to an integer"),
    ("'", "a string stands in \"double quotes\""),
    ("++", "write `x = x + 1`, or `increment c` for an atomic"),
    ("--", "write `x = x - 1`, or `decrement c` for an atomic"),
];

/// The tokens of a text, the last its end, and what is wrong with it.
pub(super) fn tokens(text: &str) -> (Vec<Token>, Vec<Diagnostic>) {
    let mut lexer = Lexer { text, at: 0, brackets: 0, tokens: Vec::new(), errors: Vec::new() };
    while lexer.at < text.len() {
        lexer.next();
    }
    let end = text.len() as u32;
    lexer.push(Sort::Newline, end..end);
    lexer.push(Sort::End, end..end);
    (lexer.tokens, lexer.errors)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Open ( and [: within them, a line has no end.
    brackets: u32,
    tokens: Vec<Token>,
    errors: Vec<Diagnostic>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn push(&mut self, sort: Sort, span: Span) {
        let is_newline = sort == Sort::Newline;
        // Empty lines end nothing.
        if !is_newline || self.tokens.last().is_some_and(|last| last.sort != Sort::Newline) {
            self.tokens.push(Token { sort, span });
        }
    }

    /// Takes so many bytes, and tells where they stand.
    fn take(&mut self, bytes: usize) -> Span {
        let start = self.at as u32;
        self.at += bytes;
        start..self.at as u32
    }

    fn while_is(&self, is: impl Fn(char) -> bool) -> usize {
        let rest = self.rest();
        rest.find(|c| !is(c)).unwrap_or(rest.len())
    }

    fn next(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        match first {
            '\n' | ';' => {
                let span = self.take(1);
                if first == ';' || self.brackets == 0 {
                    self.push(Sort::Newline, span);
                }
            }
            '#' => self.at += self.while_is(|c| c != '\n'),
            ' ' | '\t' | '\r' | '\u{feff}' => self.at += first.len_utf8(),
            '"' => self.string(),
            '0'..='9' => self.number(),
            first if first == '_' || first.is_ascii_alphabetic() => {
                let length = self.while_is(|c| c == '_' || c.is_ascii_alphanumeric());
                let word = &rest[..length];
                let sort =
                    if KEYWORDS.binary_search(&word).is_ok() { Sort::Keyword } else { Sort::Name };
                let span = self.take(length);
                self.push(sort, span);
            }
            _ => self.sign(first),
        }
    }

    fn sign(&mut self, first: char) {
        let rest = self.rest();
        if let Some((sign, help)) = FOREIGN.iter().find(|(sign, _)| rest.starts_with(sign))
            && !rest.starts_with("!=")
            // `a--1` is a difference.
            && !(*sign == "--" && rest[2..].starts_with(|c: char| !c.is_whitespace()))
        {
            let span = self.take(sign.len());
            let error = Diagnostic::error(format!("`{sign}` means nothing here")).at(span);
            self.wrong(error.help(*help));
            return;
        }
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            match *sign {
                "(" | "[" => self.brackets += 1,
                ")" | "]" => self.brackets = self.brackets.saturating_sub(1),
                // Whatever was left open before a block.
                "{" | "}" => self.brackets = 0,
                _ => {}
            }
            let span = self.take(sign.len());
            self.push(Sort::Sign, span);
            return;
        }
        let span = self.take(first.len_utf8());
        let what = if first.is_control() {
            format!("the character U+{:04X}", u32::from(first))
        } else {
            format!("`{first}`")
        };
        let help = first.is_alphabetic().then_some("names have the letters a to z, digits and _");
        let error = Diagnostic::error(format!("{what} means nothing here")).at(span);
        self.wrong(match help {
            Some(help) => error.help(help),
            None => error,
        });
    }

    fn number(&mut self) {
        let length = self.while_is(|c| c == '_' || c.is_ascii_alphanumeric());
        let digits = self.rest()[..length].replace('_', "");
        let span = self.take(length);
        let int = match digits.parse::<u64>() {
            Ok(int) if int <= 1 << 63 => int,
            _ if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                let error = Diagnostic::error("this integer does not fit in 64 bits");
                self.wrong(error.at(span.clone()));
                0
            }
            _ => {
                let written = &self.text[span.start as usize..span.end as usize];
                let short: String = written.chars().take(20).collect();
                let error = Diagnostic::error(format!("`{short}` is no integer"));
                self.wrong(error.at(span.clone()).help("integers are decimal, such as 1_000"));
                0
            }
        };
        self.push(Sort::Int(int), span);
    }

    fn string(&mut self) {
        let bytes = self.rest().as_bytes();
        let mut length = 1;
        loop {
            match bytes.get(length) {
                Some(b'"') => {
                    let span = self.take(length + 1);
                    return self.push(Sort::Text, span);
                }
                Some(b'\\') if !matches!(bytes.get(length + 1), None | Some(b'\n')) => length += 2,
                None | Some(b'\n') => break,
                Some(_) => length += 1,
            }
        }
        let span = self.take(length);
        let error = Diagnostic::error("this string has no end on its line").at(span.clone());
        self.wrong(error.help("close it with `\"`; \\n stands for a line's end"));
        self.push(Sort::Text, span);
    }

    fn wrong(&mut self, error: Diagnostic) {
        if self.errors.len() < super::MOST_ERRORS {
            self.errors.push(error);
        }
    }
}

/// What a string, with its quotes, stands for; or the place in it, in bytes, of what means nothing.
pub(super) fn unquoted(written: &str) -> Result<String, usize> {
    let inner = written.strip_prefix('"').unwrap_or(written);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match chars.next() {
            Some((_, 'n')) => '\n',
            Some((_, 't')) => '\t',
            Some((_, '"')) => '"',
            Some((_, '\\')) => '\\',
            _ => return Err(at + 1),
        });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_order() {
        for words in [KEYWORDS, SOFT_KEYWORDS, BUILT_IN] {
            assert!(words.is_sorted());
        }
    }

    #[test]
    fn a_line_ends_a_statement_but_not_within_brackets() {
        let sorts = |text| -> Vec<Sort> { tokens(text).0.iter().map(|it| it.sort).collect() };
        let (name, newline) = (Sort::Name, Sort::Newline);
        assert_eq!(sorts("a # b\n\n;c"), [name, newline, name, newline, Sort::End]);
        assert_eq!(sorts("(a\nb)"), [Sort::Sign, name, name, Sort::Sign, newline, Sort::End]);
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(unquoted(r#""a\n\t\"\\""#), Ok("a\n\t\"\\".to_owned()));
        assert_eq!(unquoted(r#""ä\x""#), Err(3));
    }
}
