//! `forebay bridge` between two files.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::forebay::{Folder, Going, buffer, input, line, run, start, start_line, until};

/// Two buffers, `b` and `to`.
fn banks(flags: &str, flags_of_to: &str) -> Folder {
    let folder = buffer(flags);
    line(&folder, format!("create to {flags_of_to}").trim()).exits(0);
    folder
}

fn figure(folder: &Folder, name: &str, key: &str) -> u64 {
    let stat = line(folder, &format!("stat {name} --json")).exits(0);
    let stat: Value = serde_json::from_slice(&stat.stdout).expect("JSON");
    stat[key].as_u64().unwrap_or_else(|| panic!("no {key}"))
}

fn all(folder: &Folder, name: &str) -> Vec<String> {
    let taken = line(folder, &format!("take {name} --all --no-wait")).exits(0);
    taken.text().lines().map(str::to_owned).collect()
}

#[test]
fn what_is_at_the_one_end_is_at_the_other_in_its_order() {
    let folder = banks("", "");
    run(&folder, &["put", "-q", "b"], &input(1..=1000)).exits(0);
    let done = line(&folder, "bridge b to --once --json").exits(0).says(&["1000 items moved in"]);
    let told: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    for (key, expected) in [
        ("from", "b".into()),
        ("to", "to".into()),
        ("ended", "empty".into()),
        ("moved", 1000.into()),
        ("perhaps_twice", 0.into()),
        ("set_aside", 0.into()),
        ("unreadable", Value::from(0)),
    ] {
        assert_eq!(told[key], expected, "{key} in {told}");
    }
    assert!(told["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{told}");
    assert_eq!(all(&folder, "to"), (1..=1000).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!((figure(&folder, "b", "finished"), figure(&folder, "b", "leased")), (1000, 0));
    // There is nothing, and both are still open.
    line(&folder, "bridge b to --once").exits(0).says(&["0 items moved"]);
    assert_eq!(line(&folder, "bridge b to --once -q").exits(0).errors(), "");
    line(&folder, "put b x").exits(0);
    line(&folder, "put to x").exits(0);
}

#[test]
fn it_goes_on_until_the_one_end_is_closed_and_drained() {
    let folder = banks("", "");
    let bridge = start_line(&folder, "bridge b to --json");
    for item in ["ant", "bee"] {
        line(&folder, &format!("put b {item}")).exits(0);
        assert_eq!(line(&folder, "take to").exits(0).text(), format!("{item}\n"));
    }
    line(&folder, "put b cat").exits(0);
    line(&folder, "close b").exits(0);
    let done = bridge.wait().exits(0).says(&["3 items moved"]);
    assert!(done.text().contains(r#""ended":"closed""#), "{}", done.text());
    assert_eq!(all(&folder, "to"), ["cat"]);
    line(&folder, "put to dog").exits(0);
}

#[test]
fn it_waits_while_the_other_end_is_full() {
    let folder = banks("", "--capacity 2");
    line(&folder, "put b 1 2 3 4 5").exits(0);
    let bridge = start_line(&folder, "bridge b to --once");
    until("it waits", || figure(&folder, "to", "producers_waiting") == 1);
    assert_eq!(figure(&folder, "to", "waiting"), 2);
    for expected in 1..=5 {
        assert_eq!(line(&folder, "take to").exits(0).text(), format!("{expected}\n"));
    }
    bridge.wait().exits(0).says(&["5 items moved"]);
    assert_eq!(figure(&folder, "to", "high_water"), 2);
}

#[test]
fn an_other_end_that_is_closed_ends_it_and_nothing_is_lost() {
    let folder = banks("", "--capacity 2");
    line(&folder, "put b 1 2 3 4 5").exits(0);
    let bridge = start_line(&folder, "bridge b to");
    until("it waits", || figure(&folder, "to", "producers_waiting") == 1);
    line(&folder, "close to").exits(0);
    bridge.wait().exits(255).says(&["to: the buffer is closed"]).says(&["2 items moved"]);
    assert_eq!(all(&folder, "b"), ["3", "4", "5"]);
    assert_eq!(all(&folder, "to"), ["1", "2"]);
}

#[test]
fn a_buffer_is_not_bridged_to_itself() {
    let folder = buffer("");
    symlink(folder.path("b"), folder.path("link")).expect("linked");
    for to in ["b", "./b", "link"] {
        line(&folder, &format!("bridge b {to}")).exits(255).says(&["b", to, "are one buffer"]);
    }
    line(&folder, "bridge b none").exits(255).says(&["none"]);
    line(&folder, "bridge none b").exits(255).says(&["none"]);
}

#[test]
fn what_is_too_large_for_the_other_end_holds_up_no_others() {
    let folder = banks("", "--capacity-bytes 10");
    run(&folder, &["put", "b", "1", "far too long", "3"], b"").exits(0);
    line(&folder, "bridge b to --once")
        .exits(1)
        .says(&["'far too long' is not moved", "it has 12 bytes", "at most 10"])
        .says(&["2 items moved", "1 set aside", "forebay dead b"]);
    assert_eq!(all(&folder, "to"), ["1", "3"]);
    let dead = line(&folder, "dead b").exits(0).text();
    assert!(dead.contains("an item of to at most 10") && dead.ends_with("\tfar too long\n"));
}

#[test]
fn an_interruption_gives_back_what_is_in_hand() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let folder = banks("", "--capacity 2");
        line(&folder, "put b 1 2 3 4 5").exits(0);
        let bridge = start_line(&folder, "bridge b to --json");
        until("it waits", || figure(&folder, "to", "producers_waiting") == 1);
        assert_eq!(figure(&folder, "b", "leased"), 3);
        bridge.signal(signal);
        let done = bridge.wait().exits(code).says(&["interrupted: 2 items moved"]);
        assert!(done.text().contains(r#""ended":"interrupted","moved":2"#), "{}", done.text());
        assert_eq!(
            (all(&folder, "b"), all(&folder, "to")),
            (["3", "4", "5"].map(str::to_owned).to_vec(), ["1", "2"].map(str::to_owned).to_vec())
        );
    }
    let folder = banks("", "");
    let bridge = start_line(&folder, "bridge b to");
    until("it waits", || figure(&folder, "b", "consumers_waiting") == 1);
    bridge.signal(Signal::INT);
    bridge.wait().exits(130).says(&["interrupted: 0 items moved"]);
}

#[test]
fn killed_at_any_moment_it_loses_nothing_and_doubles_what_was_in_hand() {
    const ITEMS: u32 = 100_000;
    const ROUNDS: usize = 12;
    const HAND: usize = 8;
    let folder = banks("--capacity 100000", "--capacity 101000");
    run(&folder, &["put", "-q", "b"], &input(1..=ITEMS)).exits(0);
    let bridge = |folder: &Folder| -> Going {
        start(folder, &["bridge", "b", "to", "--once", "-q", "-n", &HAND.to_string()], b"")
    };
    let mut kills = 0;
    for round in 0..ROUNDS {
        let before = figure(&folder, "to", "produced");
        let victim = bridge(&folder);
        until("it is on its way", || {
            figure(&folder, "to", "produced") > before || figure(&folder, "b", "waiting") == 0
        });
        thread::sleep(Duration::from_micros(round as u64 * 7919 % 10_000));
        victim.signal(Signal::KILL);
        kills += usize::from(victim.wait().code() == 137);
    }
    bridge(&folder).wait().exits(0);
    let there = all(&folder, "to");
    let different: BTreeSet<&String> = there.iter().collect();
    assert_eq!(different.len(), ITEMS as usize, "each is there");
    assert!(there.len() - different.len() <= kills * HAND, "{} after {kills}", there.len());
    assert!(kills > ROUNDS / 2, "{kills}");
    for key in ["waiting", "leased", "dead"] {
        assert_eq!(figure(&folder, "b", key), 0, "{key}");
    }
    line(&folder, "verify b").exits(0);
    line(&folder, "verify to").exits(0);
}

#[test]
fn a_lease_that_has_a_deadline_outlives_it_while_one_waits() {
    let folder = banks("--lease-time 300ms", "--capacity 1");
    line(&folder, "put b 1 2 3").exits(0);
    let bridge = start_line(&folder, "bridge b to --once");
    until("it waits", || figure(&folder, "to", "producers_waiting") == 1);
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1200) {
        assert_eq!(figure(&folder, "b", "leased"), 2, "nothing goes back");
        thread::sleep(Duration::from_millis(50));
    }
    for expected in 1..=3 {
        assert_eq!(line(&folder, "take to").exits(0).text(), format!("{expected}\n"));
    }
    let done = bridge.wait().exits(0).says(&["3 items moved"]);
    assert!(!done.errors().contains("twice"), "{}", done.errors());
}

#[test]
fn it_keeps_to_the_rate() {
    let folder = banks("", "");
    run(&folder, &["put", "-q", "b"], &input(1..=20)).exits(0);
    let began = Instant::now();
    line(&folder, "bridge b to --once --rate 50/s").exits(0).says(&["20 items moved"]);
    // The first at once, and a little is made up.
    assert!(began.elapsed() >= Duration::from_millis(19 * 20 - 60), "{:?}", began.elapsed());
    run(&folder, &["put", "-q", "b"], &input(1..=20)).exits(0);
    let slow = start_line(&folder, "bridge b to --rate 1/h");
    until("it holds back", || figure(&folder, "b", "leased") == 1);
    slow.signal(Signal::INT);
    slow.wait().exits(130);
    assert_eq!((figure(&folder, "b", "waiting"), figure(&folder, "b", "leased")), (19, 0));
}
