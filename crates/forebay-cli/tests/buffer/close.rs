//! `forebay close`.

use crate::forebay::{buffer, line, run, stat};

#[test]
fn what_is_in_a_closed_buffer_is_drained() {
    let folder = buffer("");
    run(&folder, &["put", "b", "x"], b"").exits(0);
    for _ in 0..2 {
        line(&folder, "close b").exits(0);
    }
    assert_eq!(stat(&folder)["closed"], true);
    assert_eq!(line(&folder, "work b echo").exits(0).text(), "x\n");
    line(&folder, "work b echo").exits(0);
}
