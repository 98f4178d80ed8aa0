//! Pages with commands and what they print, which are run as they stand there.

/// The fenced blocks of a page: what stands after the fence, and the lines in it.
pub(crate) fn blocks(page: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => open = Some((info, Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Whether text is as shown: `…` stands for any text, and alone on a line for any lines.
pub(crate) fn is_shown(shown: &[&str], lines: &[&str]) -> bool {
    match shown {
        [] => lines.is_empty(),
        ["…", rest @ ..] => (0..=lines.len()).any(|skipped| is_shown(rest, &lines[skipped..])),
        [first, rest @ ..] => match lines {
            [line, later @ ..] => matches(first, line) && is_shown(rest, later),
            [] => false,
        },
    }
}

fn matches(shown: &str, line: &str) -> bool {
    match shown.split_once('…') {
        None => shown == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            let places = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            let mut ends = places.map(|at| &rest[at..]);
            ends.any(|rest| matches(after, rest))
        }),
    }
}

/// The commands in a block `console`, each with what is shown below it.
pub(crate) fn commands<'a>(lines: &[&'a str]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in lines {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command, Vec::new())),
            None => commands.last_mut().expect("a command comes first").1.push(line.trim_end()),
        }
    }
    for (_, shown) in &mut commands {
        while shown.last().is_some_and(|line| line.is_empty()) {
            shown.pop();
        }
    }
    commands
}

/// What a command printed must be what is shown.
#[track_caller]
pub(crate) fn assert_shown(command: &str, shown: &[&str], printed: &str) {
    let lines: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    assert!(is_shown(shown, &lines), "$ {command}\n{printed}\nshown:\n{}", shown.join("\n"));
}

#[test]
fn the_wildcard_stands_for_text_and_lines() {
    assert!(is_shown(&["a … c", "…", "z"], &["a bb c", "1", "2", "z"]));
    assert!(is_shown(&["…"], &[]) && is_shown(&["a…"], &["a"]));
    assert!(!is_shown(&["a … c"], &["a bb d"]) && !is_shown(&["a"], &["a", "b"]));
    assert!(!is_shown(&["…", "z"], &["y"]));
}
