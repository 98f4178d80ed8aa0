//! `docs/switching.md`: each line of its tables is run, and does what the old tool did.
//!
//! What the old tools do was recorded from the tools themselves (`recorded.txt`), so that they need not be
//! installed: a line's output, the files that it leaves, and whether it succeeded. `RECORD=1 cargo test -p
//! forebay-cli --test switching` records what is missing, where the tools are installed, and removes what is no
//! longer in the page. A line whose old tool is told in words only has to succeed.

mod recording;
mod table;
mod workplace;

use recording::Recording;
use table::Row;
use workplace::Workplace;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/switching.md");
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/switching/recorded.txt");

/// Whose doings are recorded; without them a line fails, which is not what they do.
const TOOLS: [&str; 4] = ["xargs", "parallel", "parallel.moreutils", "rush"];

fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let rows = table::rows(&page);
    assert!(rows.len() > 100, "only {} lines were found in the page", rows.len());
    rows
}

#[test]
fn each_line_does_what_the_old_tool_does() {
    let mut recording = Recording::read(RECORDED);
    let rows = rows();
    if std::env::var_os("RECORD").is_some() {
        record(&rows, &mut recording);
    }
    let wrong: Vec<_> = rows.iter().filter_map(|row| complaint(row, &recording)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn record(rows: &[Row], recording: &mut Recording) {
    recording.keep(|old| rows.iter().any(|row| row.old.as_deref() == Some(old)));
    for old in rows.iter().filter_map(|row| row.old.as_ref()) {
        if recording.of(old).is_none() {
            for tool in TOOLS.iter().filter(|tool| old.split(' ').any(|word| word == **tool)) {
                assert!(is_installed(tool), "to record `{old}`, install {tool}");
            }
            recording.add(old, Workplace::new().run(old));
        }
    }
    recording.write(RECORDED);
}

fn is_installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}

/// What is wrong with a line, if anything is.
fn complaint(Row { old, new }: &Row, recording: &Recording) -> Option<String> {
    let done = Workplace::new().run(new);
    let Some(old) = old else {
        return (!done.succeeded).then(|| format!("`{new}` does:\n{done}"));
    };
    match recording.of(old) {
        None => Some(format!("`{old}` was never recorded")),
        Some(expected) if done == *expected => None,
        Some(expected) => Some(format!("`{new}` does:\n{done}\n`{old}` does:\n{expected}")),
    }
}

#[test]
fn nothing_is_recorded_that_is_not_in_the_page() {
    let rows = rows();
    for old in Recording::read(RECORDED).lines() {
        assert!(
            rows.iter().any(|row| row.old.as_deref() == Some(old)),
            "`{old}` is not in the page"
        );
    }
}
