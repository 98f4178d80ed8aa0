//! Placeholders, and what each makes of an item: `{}` `{.}` `{/}` `{//}` `{/.}` `{#}` `{%}`, and of
//! one argument among several: `{1}` `{2.}` `{-1/}` and so on.
//!
//! They mean what they mean in GNU parallel (Tange, 2011), on bytes: a newline in a name is a
//! character like any other.

use std::num::NonZeroIsize;

/// Which part of an item is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `{}`, or what `-I` says.
    Whole,
    /// `{.}`: without the extension.
    Stem,
    /// `{/}`: after the last slash.
    Base,
    /// `{//}`: the directory, as dirname(1) gives it.
    Directory,
    /// `{/.}`: after the last slash, without the extension.
    BaseStem,
}

/// A piece of a word of the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(Vec<u8>),
    Item(Form),
    /// One argument, counted from 1, or from the end.
    Nth(NonZeroIsize, Form),
    /// `{#}`
    Number,
    /// `{%}`
    Consumer,
}

impl Form {
    /// What it is called between the braces.
    fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"" => Self::Whole,
            b"." => Self::Stem,
            b"/" => Self::Base,
            b"//" => Self::Directory,
            b"/." => Self::BaseStem,
            _ => return None,
        })
    }

    /// That part of the item.
    pub(crate) fn of(self, item: &[u8]) -> &[u8] {
        match self {
            Self::Whole => item,
            Self::Stem => stem(item),
            Self::Base => base(item),
            Self::Directory => directory(item),
            Self::BaseStem => stem(base(item)),
        }
    }
}

fn last_slash(path: &[u8]) -> Option<usize> {
    path.iter().rposition(|byte| *byte == b'/')
}

fn stem(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'.' || *byte == b'/') {
        Some(at) if path[at] == b'.' => &path[..at],
        _ => path,
    }
}

fn base(path: &[u8]) -> &[u8] {
    last_slash(path).map_or(path, |at| &path[at + 1..])
}

fn without_end_slashes(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
    &path[..end]
}

fn directory(path: &[u8]) -> &[u8] {
    let named = without_end_slashes(path);
    if named.is_empty() {
        return if path.is_empty() { b"." } else { b"/" };
    }
    match last_slash(named) {
        None => b".",
        Some(at) => match without_end_slashes(&named[..at]) {
            [] => b"/",
            above => above,
        },
    }
}

/// Looks up one argument by its number; what is missing is empty.
pub(crate) fn nth<T>(list: &[T], number: NonZeroIsize) -> Option<&T> {
    let index = number.unsigned_abs().get();
    let at = if number.is_positive() { Some(index - 1) } else { list.len().checked_sub(index) };
    list.get(at?)
}

/// Which placeholders a word may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placeholders<'a> {
    /// What stands for the whole item: `{}` or `-I`'s text. Never empty.
    pub(crate) whole: &'a [u8],
    /// Whether `{1}` is one.
    pub(crate) numbered: bool,
}

impl Placeholders<'_> {
    /// Splits a word into its parts.
    pub(crate) fn parts(self, word: &[u8]) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut rest = word;
        while let Some(&byte) = rest.first() {
            if let Some((part, length)) = self.at_start(rest) {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(part);
                rest = &rest[length..];
            } else {
                literal.push(byte);
                rest = &rest[1..];
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        parts
    }

    /// The placeholder that the text begins with, and how long it is written.
    fn at_start(self, text: &[u8]) -> Option<(Part, usize)> {
        if text.starts_with(self.whole) {
            return Some((Part::Item(Form::Whole), self.whole.len()));
        }
        let inside = text.strip_prefix(b"{")?;
        let inside = &inside[..inside.iter().position(|byte| *byte == b'}')?];
        let length = inside.len() + 2;
        let part = match inside {
            b"#" => Part::Number,
            b"%" => Part::Consumer,
            // Only `whole` stands for that.
            b"" => return None,
            _ => {
                let is_of_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
                let end =
                    inside.iter().position(|byte| !is_of_number(byte)).unwrap_or(inside.len());
                let (number, form) = inside.split_at(end);
                let form = Form::named(form)?;
                match number {
                    [] => Part::Item(form),
                    [b'-', b'1'..=b'9', ..] | [b'1'..=b'9', ..] if self.numbered => {
                        Part::Nth(str::from_utf8(number).ok()?.parse().ok()?, form)
                    }
                    _ => return None,
                }
            }
        };
        Some((part, length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns are what GNU parallel 20221122 prints for `{.} {/} {//} {/.}`.
    #[test]
    fn as_gnu_parallel_cuts_paths() {
        for (path, expected) in [
            ("foo.tar.gz", ["foo.tar", "foo.tar.gz", ".", "foo.tar"]),
            (".bashrc", ["", ".bashrc", ".", ""]),
            ("a/.b", ["a/", ".b", "a", ""]),
            ("dir.x/foo", ["dir.x/foo", "foo", "dir.x", "foo"]),
            ("a/b/", ["a/b/", "", "a", ""]),
            ("/", ["/", "", "/", ""]),
            ("/a", ["/a", "a", "/", "a"]),
            ("a", ["a", "a", ".", "a"]),
            ("a//b", ["a//b", "b", "a", "b"]),
            ("a.", ["a", "a.", ".", "a"]),
        ] {
            let forms = [Form::Stem, Form::Base, Form::Directory, Form::BaseStem];
            let cut = forms.map(|form| str::from_utf8(form.of(path.as_bytes())).unwrap());
            assert_eq!(cut, expected, "{path:?}");
        }
    }

    fn parts(word: &[u8], whole: &[u8], numbered: bool) -> Vec<Part> {
        Placeholders { whole, numbered }.parts(word)
    }

    fn number(number: isize) -> NonZeroIsize {
        NonZeroIsize::new(number).unwrap()
    }

    #[test]
    fn words_split_at_placeholders() {
        assert_eq!(
            parts(b"a{}b{/.}{#}{x}", b"{}", true),
            [
                Part::Literal(b"a".to_vec()),
                Part::Item(Form::Whole),
                Part::Literal(b"b".to_vec()),
                Part::Item(Form::BaseStem),
                Part::Number,
                Part::Literal(b"{x}".to_vec()),
            ]
        );
        assert_eq!(
            parts(b"{},,{.}", b",,", true),
            [Part::Literal(b"{}".to_vec()), Part::Item(Form::Whole), Part::Item(Form::Stem),]
        );
    }

    #[test]
    fn numbers_name_arguments() {
        assert_eq!(
            parts(b"{1}{12/.}{-2//}", b"{}", true),
            [
                Part::Nth(number(1), Form::Whole),
                Part::Nth(number(12), Form::BaseStem),
                Part::Nth(number(-2), Form::Directory),
            ]
        );
        let literal = b"{0}{01}{-0}{--1}{1-}{1x}{1,2}{+1}{ 1}{99999999999999999999}{1";
        assert_eq!(parts(literal, b"{}", true), [Part::Literal(literal.to_vec())]);
        assert_eq!(parts(b"x{2}", b"{}", false), [Part::Literal(b"x{2}".to_vec())]);
        let list = ["a", "b"];
        let found = [1, 2, 3, -1, -2, -3].map(|at| nth(&list, number(at)).copied());
        assert_eq!(found, [Some("a"), Some("b"), None, Some("b"), Some("a"), None]);
    }
}
