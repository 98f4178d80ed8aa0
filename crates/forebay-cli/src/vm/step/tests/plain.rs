//! Plain mode.

use super::super::plain::Plain;
use super::super::play::Play;
use super::{play, play_text};

/// What plain mode writes, and whether all could be done.
fn obeyed(play: Play, commands: &str) -> (String, bool) {
    let mut out = Vec::new();
    let done = Plain::new(play, 50_000, &mut out).obey(commands.as_bytes(), "").expect("written");
    (String::from_utf8(out).expect("text"), done)
}

fn contains(shown: &str, parts: &[&str]) {
    for part in parts {
        assert!(shown.contains(part), "{part:?} in\n{shown}");
    }
}

#[test]
fn step_by_name_and_by_number() {
    let play = play("philosophers_deadlock.toy", "");
    let (shown, done) = obeyed(play, "step Kant\nstep 2\n# a remark\n\nback\nforward\nshow\n");
    assert!(done, "{shown}");
    contains(
        &shown,
        &[
            "step 0 · 0.000 ms · round-robin would step Plato\n",
            "step 1, 0.001 ms: Kant PUSH \"fork 1\"\n",
            "step 2, 0.002 ms: Kant acquires lock fork 1\n",
            "step 1 of 2 · 0.001 ms · played next: Kant",
            "lock fork 1 held by Kant\n",
            "▸2 Kant    ready     2  PUSH \"fork 2\"",
            "\nfindings:\nnone\n",
            "\nlanes:\n step Plato",
        ],
    );
}

#[test]
fn run_next_goto_and_the_end() {
    let (shown, done) =
        obeyed(play("philosophers_deadlock.toy", ""), "next 3\nrun\ngoto 2\nend\nnext\n");
    assert!(!done);
    contains(
        &shown,
        &[
            "step 3, 0.003 ms: Arendt PUSH \"fork 2\"\n",
            "  locks fork 0, fork 1 and fork 2 are taken in a circle",
            "  deadlock: 3 threads wait for each other in a circle\n    Arendt waits at line 10",
            "  the run is over: deadlock\n",
            "step 2 of 12 · 0.002 ms",
            "cannot: the run is over: deadlock\n",
        ],
    );
}

#[test]
fn numbers_can_be_chosen() {
    let text = "main = [('CHOOSE', 3), ('PRINT', 'chose {}'), ('POP',)]";
    let (_folder, play) = play_text(text, "");
    let (shown, done) =
        obeyed(play, "step main choose 3\nstep main choose 2\nstep main choose 1\nstep main\n");
    assert!(!done);
    contains(
        &shown,
        &[
            "cannot: a number from 0 to 2 can be chosen\n",
            "step 1, 0.001 ms: main chooses 2\n",
            "cannot: main chooses no number in its next step\n",
            "  printed: [main] chose 2\n",
        ],
    );
}

#[test]
fn what_cannot_be_done_is_said() {
    let (shown, done) = obeyed(
        play("mutex.toy", ""),
        "fly\nstep nobody\ngoto x\ngoto\nback\nforward\nshow nothing\nsave\nquit\nfly\n",
    );
    assert!(!done);
    assert_eq!(shown.matches("cannot: ").count(), 8, "{shown}");
    contains(&shown, &["there is no command `fly`", "there is no thread `nobody`; there are main"]);
}

#[test]
fn save_never_writes_over_unasked() {
    let (folder, play) = play_text("main = [('NOP',), ('NOP',)]", "");
    let path = folder.path().join("x.trace").display().to_string();
    let (shown, done) =
        obeyed(play, &format!("next\nsave {path}\nnext\nsave {path}\nsave! {path}\n"));
    assert!(!done);
    contains(&shown, &["saved 1 step in", "is there already", "saved 2 steps in"]);
}

#[test]
fn every_part_can_be_shown_at_any_time() {
    for name in super::PROGRAMS {
        let parts = "show\nshow instructions\nselect 1\nhelp\n";
        let (shown, done) = obeyed(play(name, ""), &format!("{parts}next\n{parts}goto 3\n{parts}"));
        assert!(done, "{name}: {shown}");
        contains(&shown, &["stack [", "vars  ", "save! FILE"]);
    }
}
