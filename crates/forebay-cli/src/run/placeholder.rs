//! Placeholders, and what each makes of an item: `{}` `{.}` `{/}` `{//}` `{/.}` `{#}` `{%}`.
//!
//! They mean what they mean in GNU parallel (Tange, 2011), on bytes: a newline in a name is a
//! character like any other.

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
    /// `{#}`
    Number,
    /// `{%}`
    Consumer,
}

impl Form {
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

/// Splits a word into its parts. `whole` is what stands for the whole item: `{}` or `-I`'s text.
pub(crate) fn parts(word: &[u8], whole: &[u8]) -> Vec<Part> {
    let placeholders: [(&[u8], Part); 7] = [
        (whole, Part::Item(Form::Whole)),
        (b"{.}", Part::Item(Form::Stem)),
        (b"{/}", Part::Item(Form::Base)),
        (b"{//}", Part::Item(Form::Directory)),
        (b"{/.}", Part::Item(Form::BaseStem)),
        (b"{#}", Part::Number),
        (b"{%}", Part::Consumer),
    ];
    let mut parts = Vec::new();
    let mut literal = Vec::new();
    let mut rest = word;
    while let Some(&byte) = rest.first() {
        let found = placeholders.iter().find(|(text, _)| rest.starts_with(text));
        if let Some((text, part)) = found {
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(part.clone());
            rest = &rest[text.len()..];
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

    #[test]
    fn words_split_at_placeholders() {
        assert_eq!(
            parts(b"a{}b{/.}{#}{x}", b"{}"),
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
            parts(b"{},,{.}", b",,"),
            [Part::Literal(b"{}".to_vec()), Part::Item(Form::Whole), Part::Item(Form::Stem),]
        );
    }
}
