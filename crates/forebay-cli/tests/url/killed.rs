//! `kill -9`, and softer ends.

use rustix::process::Signal;

use crate::engine::Engine;
use crate::place::Place;
use crate::process::until;

on_each_engine! {
    what_a_killed_worker_held_is_done_by_another
    once_does_what_a_process_had_that_was_killed
    who_is_interrupted_gives_back_at_once
    a_put_that_is_interrupted_tells_how_far_it_came
    who_stood_still_for_too_long_stops_what_is_somebody_elses_now
}

fn is_running(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

fn what_a_killed_worker_held_is_done_by_another(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "") else { return };
    place.run(&["put", "-q", "@"], b"1\n2\n3\n4\n5\n6\n").exits(0);
    let held = "echo $$ >> numbers; exec sleep 300; : {}";
    let victim = place.start(&["work", "@", "-j2", "--shell", held], b"");
    until("at work", || place.folder.lines("numbers").len() == 2);
    let other = place.start(&["work", "@", "-q", "-j2", "--shell", "echo {} >> ledger"], b"");
    until("the rest is done", || place.folder.lines("ledger").len() == 4);
    victim.signal(Signal::KILL);
    victim.wait().exits(137);
    let numbers = place.folder.lines("numbers");
    until("what ran is gone", || !numbers.iter().any(|number| is_running(number)));
    place.line("close @").exits(0);
    // It ends when all is done, and what the other had comes back when that has been silent for a while.
    place.line("join @").exits(0);
    other.wait().exits(0);
    let mut ledger = place.folder.lines("ledger");
    ledger.sort();
    assert_eq!(ledger, ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(place.figure("finished"), 6);
}

fn once_does_what_a_process_had_that_was_killed(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "") else { return };
    place.run(&["put", "@", "x", "y"], b"").exits(0);
    let victim = place.start(&["work", "@", "-j1", "--shell", "sleep 300; : {}"], b"");
    until("at work", || place.figure("leased") == 1);
    victim.signal(Signal::KILL);
    victim.wait();
    let once = place.line("work @ --once -q -j1 echo").exits(0);
    if engine.knows_deaths {
        assert_eq!(once.lines(), ["x", "y"]);
    } else {
        assert_eq!(once.text(), "y\nx\n");
    }
    assert_eq!(place.figure("finished"), 2);
}

fn who_is_interrupted_gives_back_at_once(engine: Engine) {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let Some(place) = Place::with_buffer(engine, "") else { return };
        place.run(&["put", "@", "x"], b"").exits(0);
        let work = place.start(&["work", "@", "--shell", "sleep 300; : {}"], b"");
        until("at work", || place.figure("leased") == 1);
        work.signal(signal);
        work.until_said("again stops it now");
        work.signal(signal);
        work.wait().exits(code);
        assert_eq!(place.line("take @ --no-wait").exits(0).text(), "x\n");
    }
}

fn a_put_that_is_interrupted_tells_how_far_it_came(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "--capacity 2") else { return };
    let put = place.start(&["put", "@"], b"1\n2\n3\n");
    until("it waits", || place.figure("producers_waiting") == 1);
    put.signal(Signal::INT);
    put.wait().exits(130).says(&["interrupted: 2 items put, and none after them"]);
    assert_eq!(place.line("take @ --all --no-wait").exits(0).text(), "1\n2\n");
    // It has left its place in line, too.
    place.line("put @ 4").exits(0);
    assert_eq!(place.figure("waiting"), 1);
}

fn who_stood_still_for_too_long_stops_what_is_somebody_elses_now(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "") else { return };
    place.run(&["put", "@", "x"], b"").exits(0);
    let held = "echo $$ >> numbers; exec sleep 300; : {}";
    let victim = place.start(&["work", "@", "-j1", "--shell", held], b"");
    until("at work", || place.folder.lines("numbers").len() == 1);
    victim.signal(Signal::STOP);
    let other = place.start_line("work @ -q echo");
    other.until_printed("x\n");
    let number = &place.folder.lines("numbers")[0];
    assert!(is_running(number), "nobody could stop it");
    victim.signal(Signal::CONT);
    victim.until_said("the item is somebody else's now, and its command is stopped");
    until("stopped", || !is_running(number));
    place.line("close @").exits(0);
    other.wait().exits(0);
    victim.wait();
    assert_eq!(place.figure("finished"), 1);
}
