//! `forebay join`.

use rustix::process::Signal;

use crate::forebay::{buffer, figure, line, run, start, start_line, until};

#[test]
fn it_waits_until_nothing_is_unfinished() {
    let folder = buffer("");
    line(&folder, "join b").exits(0);
    run(&folder, &["put", "b", "x", "y"], b"").exits(0);
    line(&folder, "join b --timeout 20ms").exits(1).says(&["b: 2 items still unfinished"]);
    let join = start_line(&folder, "join b");
    line(&folder, "take b").exits(0);
    line(&folder, "join b --timeout 20ms").exits(1).says(&["1 item still unfinished"]);
    line(&folder, "take b").exits(0);
    join.wait().exits(0);
}

#[test]
fn whoever_held_the_last_lease_may_be_killed() {
    let folder = buffer("");
    run(&folder, &["put", "b", "x"], b"").exits(0);
    let work = start(&folder, &["work", "b", "--shell", "sleep 300; : {}"], b"");
    until("at work", || figure(&folder, "leased") == 1);
    let join = start_line(&folder, "join b");
    work.signal(Signal::KILL);
    work.wait().exits(137);
    line(&folder, "take b").exits(0);
    join.wait().exits(0);
}
