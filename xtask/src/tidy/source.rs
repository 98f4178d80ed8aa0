//! Rust source with its comments and literals blanked, so that a word found in it is code.

/// `text` with every comment, string and character literal replaced by spaces; lines stay where they
/// are.
pub(super) fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blank = blank_length(rest, code.chars().next_back());
        let (taken, left) = rest.split_at(if blank > 0 { blank } else { first.len_utf8() });
        if blank > 0 {
            code.extend(taken.chars().map(|c| if c == '\n' { c } else { ' ' }));
        } else {
            code.push_str(taken);
        }
        rest = left;
    }
    code
}

/// How many bytes of comment or literal `rest` begins with.
fn blank_length(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if !in_word && (rest.starts_with('r') || rest.starts_with("br")) {
        return raw_string(rest);
    }
    if rest.starts_with('\'') {
        // `'a'` is a character, `'a` a lifetime.
        let mut inside = rest.chars().skip(1);
        let (first, second) = (inside.next(), inside.next());
        if first == Some('\\') || second == Some('\'') {
            return quoted(rest, '\'');
        }
    }
    0
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, `br"…"`; 0 if it is none.
fn raw_string(rest: &str) -> usize {
    let opening = rest.trim_start_matches('b').trim_start_matches('r');
    let hashes = opening.len() - opening.trim_start_matches('#').len();
    let inside = &opening[hashes..];
    if !inside.starts_with('"') {
        return 0;
    }
    let start = rest.len() - inside.len() + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
}

/// Whether `word` stands in `code` as a word of its own.
pub(super) fn has_word(code: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        !code[..at].chars().next_back().is_some_and(part_of_word)
            && !code[at + word.len()..].chars().next().is_some_and(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blank() {
        for text in [
            "// unsafe",
            "/* a /* unsafe */ b */",
            r#"let a = "unsafe \" unsafe";"#,
            "let a = r##\"unsafe \"# unsafe\"##;",
            "let a = br\"unsafe\";",
            "#![deny(unsafe_code)]",
            "let not_unsafe = 1;",
        ] {
            assert!(!has_word(&code_of(text), "unsafe"), "{text}");
        }
    }

    #[test]
    fn code_stays() {
        for text in [
            "unsafe { }",
            "let c = '\"'; unsafe {} // \"",
            "fn f<'a>(a: &'a str) { unsafe {} }",
            "let c = '\\''; unsafe {}",
            "\"text\"; unsafe impl Send for A {}",
            "let over = r; unsafe {}",
        ] {
            assert!(has_word(&code_of(text), "unsafe"), "{text}");
        }
        assert_eq!(code_of("a // b\nc /* d\n e */ f").lines().count(), 3);
    }
}
