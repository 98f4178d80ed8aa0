//! `docs/switching.md`: each line of its tables is run, and does what the old tool did.
//!
//! What the old tools do was recorded from the tools themselves (`recorded.txt`), so that they need not be
//! installed: a line's output, the files that it leaves, and whether it succeeded. `RECORD=1 cargo test -p
//! forebay-cli --test switching` records anew what is missing, where the tools are installed.

mod recording;
mod table;
mod workplace;

use recording::Recording;
use table::Row;
use workplace::Workplace;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/switching.md");
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/switching/recorded.txt");

fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let rows = table::rows(&page);
    assert!(rows.len() > 40, "only {} lines were found in the page", rows.len());
    rows
}

#[test]
fn each_line_does_what_the_old_tool_does() {
    let mut recording = Recording::read(RECORDED);
    let mut wrong = Vec::new();
    for row in rows() {
        if recording.of(&row.old).is_none() && std::env::var_os("RECORD").is_some() {
            recording.add(&row.old, Workplace::new().run(&row.old));
        }
        let Some(expected) = recording.of(&row.old) else {
            wrong.push(format!("`{}` was never recorded", row.old));
            continue;
        };
        let done = Workplace::new().run(&row.new);
        if done != *expected {
            wrong.push(format!("`{}` does:\n{done}\n`{}` does:\n{expected}\n", row.new, row.old));
        }
    }
    recording.write(RECORDED);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_recorded_that_is_not_in_the_page() {
    let rows = rows();
    for old in Recording::read(RECORDED).lines() {
        assert!(rows.iter().any(|row| row.old == old), "`{old}` is not in the page");
    }
}
