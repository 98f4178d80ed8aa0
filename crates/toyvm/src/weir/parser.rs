//! From tokens to the tree: the parser's hands, and how it goes on after an error.

use super::syntax::{Expression, File, Name, Place, Value};
use super::token::{KEYWORDS, Sort, Token, unquoted};
use crate::nearest;
use crate::program::Span;
use crate::source::Diagnostic;

/// How deep expressions, and how deep blocks, may nest.
pub(super) const DEEPEST: u16 = 100;

/// An error was told; what it stands in is given up.
#[derive(Debug)]
pub(super) struct Told;

/// What is being read, if it can be.
pub(super) type Parsed<T> = Result<T, Told>;

/// Reads tokens one by one.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    pub(super) errors: Vec<Diagnostic>,
    /// How many brackets and signs that stand before are open.
    pub(super) depth: u16,
    /// How many blocks are open.
    pub(super) blocks: u16,
    /// It was told that a block has no end.
    pub(super) is_unclosed: bool,
    pub(super) file: File<'a>,
}

/// Reads all that can be read of a file, and tells what cannot.
pub(super) fn parse(text: &str, tokens: Vec<Token>) -> (File<'_>, Vec<Diagnostic>) {
    let (errors, file) = (Vec::new(), File::default());
    let mut parser =
        Parser { text, tokens, at: 0, errors, depth: 0, blocks: 0, is_unclosed: false, file };
    let main = parser.statements();
    while parser.sort() != Sort::End {
        let span = parser.advance();
        parser.wrong::<()>(Diagnostic::error("this `}` closes nothing").at(span)).ok();
        let more = parser.statements();
        parser.file.main.extend(more);
    }
    parser.file.main.splice(0..0, main);
    (parser.file, parser.errors)
}

impl<'a> Parser<'a> {
    pub(super) fn sort(&self) -> Sort {
        self.tokens[self.at].sort
    }

    /// Where the next token stands.
    pub(super) fn span(&self) -> Span {
        self.tokens[self.at].span.clone()
    }

    /// From there to the end of the last token that was taken.
    pub(super) fn since(&self, start: u32) -> Span {
        let end = self.at.checked_sub(1).map_or(start, |before| self.tokens[before].span.end);
        start..end.max(start)
    }

    pub(super) fn slice(&self, span: &Span) -> &'a str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// How the next token is written; empty where a line or the file ends.
    pub(super) fn word(&self) -> &'a str {
        match self.sort() {
            Sort::Newline | Sort::End => "",
            _ => self.slice(&self.tokens[self.at].span),
        }
    }

    /// How the token after the next is written.
    pub(super) fn second(&self) -> Option<(&'a str, Sort)> {
        let token = self.tokens.get(self.at + 1)?;
        Some((self.slice(&token.span), token.sort))
    }

    /// How the tokens up to the end of the line are written.
    pub(super) fn ahead(&self) -> impl Iterator<Item = &'a str> {
        let line = self.tokens[self.at..].iter().take_while(|token| token.sort != Sort::Newline);
        line.map(|token| self.slice(&token.span))
    }

    /// Takes the next token; the end is never taken.
    pub(super) fn advance(&mut self) -> Span {
        let span = self.span();
        if self.sort() != Sort::End {
            self.at += 1;
        }
        span
    }

    /// Whether the next is this sign or keyword.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self.sort(), Sort::Sign | Sort::Keyword) && self.word() == word
    }

    /// Whether the next is a name that is written like this.
    pub(super) fn is_soft(&self, word: &str) -> bool {
        self.sort() == Sort::Name && self.word() == word
    }

    /// Takes the next if it is this sign or keyword.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let is = self.is(word);
        if is {
            self.advance();
        }
        is
    }

    /// Likewise, a word that may be a name elsewhere.
    pub(super) fn takes_soft(&mut self, word: &str) -> bool {
        let is = self.is_soft(word);
        if is {
            self.advance();
        }
        is
    }

    /// Takes a sign that must stand here.
    pub(super) fn expect(&mut self, sign: &str, after: &str) -> Parsed<Span> {
        if self.is(sign) {
            return Ok(self.advance());
        }
        self.unexpected(&format!("`{sign}` {after}"))
    }

    pub(super) fn skip_newlines(&mut self) {
        while self.sort() == Sort::Newline {
            self.advance();
        }
    }

    /// Tells that something else stands where `wanted` is needed.
    pub(super) fn unexpected<T>(&mut self, wanted: &str) -> Parsed<T> {
        let found = self.found();
        let error = Diagnostic::error(format!("{wanted} is missing here, before {found}"));
        let span = self.span();
        self.wrong(error.at(span))
    }

    /// What stands here, in words.
    pub(super) fn found(&self) -> String {
        match self.sort() {
            Sort::Newline if self.slice(&self.span()) == ";" => "`;`".to_owned(),
            Sort::Newline => "the end of the line".to_owned(),
            Sort::End => "the end of the file".to_owned(),
            Sort::Text => "a string".to_owned(),
            _ => {
                let short: String = self.word().chars().take(30).collect();
                format!("`{short}`")
            }
        }
    }

    pub(super) fn wrong<T>(&mut self, error: Diagnostic) -> Parsed<T> {
        if self.errors.len() < super::MOST_ERRORS {
            self.errors.push(error);
        }
        Err(Told)
    }

    /// A name, as whatever `what` says.
    pub(super) fn name(&mut self, what: &str) -> Parsed<Name<'a>> {
        if self.sort() == Sort::Keyword {
            let word = self.word();
            let error = Diagnostic::error(format!("`{word}` is a word of the language, no name"));
            let span = self.span();
            return self.wrong(error.at(span).help(format!("{what} stands here")));
        }
        if self.sort() != Sort::Name {
            return self.unexpected(what);
        }
        let text = self.word();
        Ok(Name { text, span: self.advance() })
    }

    /// `name` or `name[index]`.
    pub(super) fn place(&mut self, what: &str) -> Parsed<Place<'a>> {
        let name = self.name(what)?;
        let start = name.span.start;
        let index = if self.takes("[") {
            let index = self.expression()?;
            self.expect("]", "after the index")?;
            Some(Box::new(index))
        } else {
            None
        };
        Ok(Place { name, index, span: self.since(start) })
    }

    /// `[count]`, if it stands here.
    pub(super) fn count(&mut self) -> Parsed<Option<Expression<'a>>> {
        if !self.takes("[") {
            return Ok(None);
        }
        let count = self.expression()?;
        self.expect("]", "after how many there are")?;
        Ok(Some(count))
    }

    /// A string.
    pub(super) fn string(&mut self) -> Parsed<String> {
        let span = self.advance();
        match unquoted(self.slice(&span)) {
            Ok(text) => Ok(text),
            Err(at) => {
                let at = span.start + at as u32;
                let error = Diagnostic::error("this escape means nothing").at(at..at + 1);
                self.wrong(error.help("there are \\n, \\t, \\\" and \\\\"))
            }
        }
    }

    fn follows_block(&self) -> bool {
        let before = self.at.checked_sub(1).map(|at| &self.tokens[at]);
        before.is_some_and(|before| self.slice(&before.span) == "}")
    }

    /// The end of a statement.
    pub(super) fn end_of_statement(&mut self) -> Parsed<()> {
        match self.sort() {
            Sort::Newline => {
                self.advance();
                Ok(())
            }
            Sort::End => Ok(()),
            // A block ends the statement that it is part of.
            _ if self.is("}") || self.follows_block() => Ok(()),
            _ => {
                let found = self.found();
                let error =
                    Diagnostic::error(format!("{found} cannot follow what stands before it"));
                let span = self.span();
                self.wrong(
                    error
                        .at(span)
                        .help("a statement ends with its line, with `;` or with its block"),
                )
            }
        }
    }

    /// After an error: past the end of the statement, with the blocks that it opens.
    pub(super) fn recover(&mut self) {
        let mut open = 0_u32;
        loop {
            match self.sort() {
                Sort::End => return,
                Sort::Newline if open == 0 => {
                    self.advance();
                    return;
                }
                _ if self.is("{") => open += 1,
                _ if self.is("}") => match open.checked_sub(1) {
                    None => return,
                    Some(less) => open = less,
                },
                _ => {}
            }
            self.advance();
        }
    }

    /// One level deeper, in brackets or after a sign.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEEPEST {
            return self.too_deep();
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn too_deep<T>(&mut self) -> Parsed<T> {
        let message = format!("expressions nest deeper than {DEEPEST} here");
        let span = self.span();
        let error = Diagnostic::error(message).at(span);
        self.wrong(error.help("give a part of it a name of its own"))
    }

    /// An expression that is made of others.
    pub(super) fn made(
        &mut self,
        is: Value<'a>,
        parts: &[u16],
        start: u32,
    ) -> Parsed<Expression<'a>> {
        let height = 1 + parts.iter().max().copied().unwrap_or(0);
        if height > DEEPEST {
            return self.too_deep();
        }
        Ok(Expression { is, span: self.since(start), height })
    }

    /// The keyword that a name comes near to, for those who mistype it.
    pub(super) fn near_keyword(name: &str) -> String {
        nearest::hint(name, KEYWORDS.iter().copied())
    }
}
