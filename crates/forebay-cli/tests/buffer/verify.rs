//! `forebay verify`.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::forebay::{buffer, line, run};

#[test]
fn a_whole_buffer_is_whole() {
    let folder = buffer("");
    run(&folder, &["put", "b", "x", "y"], b"").exits(0);
    let verify = line(&folder, "verify b").exits(0);
    assert_eq!(verify.text(), "b: 2 items looked at; all of it fits together\n");
    line(&folder, "verify b --repair").exits(0);
    assert_eq!(line(&folder, "take b --all --no-wait").text(), "x\ny\n");
}

#[test]
fn what_somebody_wrote_over_is_found_and_repaired() {
    let folder = buffer("");
    run(&folder, &["put", "b", "first item", "second item"], b"").exits(0);
    let content = folder.read("b");
    let at = content.windows(5).position(|part| part == b"first").expect("it is there as it is");
    let file = File::options().write(true).open(folder.path("b")).expect("open");
    file.write_all_at(b"fIrst", at as u64).expect("write");
    let verify = line(&folder, "verify b").exits(1);
    assert!(verify.text().contains("1 item that cannot be read"), "{}", verify.text());
    assert!(verify.text().contains("forebay verify b --repair"), "{}", verify.text());
    let verify = line(&folder, "verify b --repair").exits(0);
    assert!(verify.text().contains("1 item given up"), "{}", verify.text());
    line(&folder, "verify b").exits(0);
    assert_eq!(line(&folder, "take b --all --no-wait").text(), "second item\n");
}
