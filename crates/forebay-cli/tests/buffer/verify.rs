//! `forebay verify`.

use crate::damaged::write_over;
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
    write_over(&folder, b"first", b"fIrst");
    let verify = line(&folder, "verify b").exits(1);
    assert!(verify.text().contains("1 item that cannot be read"), "{}", verify.text());
    assert!(verify.text().contains("forebay verify b --repair"), "{}", verify.text());
    let verify = line(&folder, "verify b --repair").exits(0);
    assert!(verify.text().contains("1 item given up"), "{}", verify.text());
    line(&folder, "verify b").exits(0);
    assert_eq!(line(&folder, "take b --all --no-wait").text(), "second item\n");
}
