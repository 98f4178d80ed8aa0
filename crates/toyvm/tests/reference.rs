//! The reference page is what the table of instructions says.

use std::fs;
use std::path::PathBuf;

#[test]
fn the_page_is_made_from_the_table() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/toyvm/instructions.md");
    let made = toyvm::reference::page();
    if std::env::var_os("WRITE_REFERENCE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "write it anew: WRITE_REFERENCE=1 cargo test -p toyvm --test reference");
}
