//! `forebay work` with what else it can do.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::Value;

use crate::engine::Engine;
use crate::place::Place;
use crate::process::{assert_sums, input, number, until};

on_each_engine! {
    every_item_is_done_once_by_several_processes
    reports_and_events_are_those_of_a_run
    workers_and_an_elastic_number_of_them
    a_group_is_of_items_that_follow_each_other
}

fn every_item_is_done_once_by_several_processes(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "--capacity 100") else { return };
    let work = ["work", "@", "-q", "-j2", "--shell", "echo {} >> ledger"];
    let workers = [0, 1, 2].map(|_| place.start(&work, b""));
    place.run(&["put", "-q", "@"], &input(1..=400)).exits(0);
    place.line("close @").exits(0);
    for worker in workers {
        worker.wait().exits(0);
    }
    let ledger = place.folder.lines("ledger");
    assert_eq!((ledger.len(), ledger.into_iter().collect::<BTreeSet<_>>().len()), (400, 400));
}

fn reports_and_events_are_those_of_a_run(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "") else { return };
    place.run(&["put", "-q", "@"], &input(1..=20)).exits(0);
    let line =
        "work @ --once -j2 --json --report-html page.html --report-json report --joblog log echo";
    let work = place.line(line).exits(0);
    let events: Vec<Value> =
        work.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let named = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((named("ack"), named("lease")), (20, 20), "{}", work.text());
    assert_sums(&place.folder.report("report"));
    assert!((number(&place.folder.report("report"), "finished") - 20.0).abs() < 0.5);
    assert!(place.folder.path("page.html").exists());
    assert_eq!(place.folder.lines("log").len(), 21);
}

fn workers_and_an_elastic_number_of_them(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "--capacity 5000") else { return };
    place.run(&["put", "-q", "@"], &input(1..=3000)).exits(0);
    let work = ["work", "@", "--once", "-q", "-j2", "--worker", "--shell"];
    let answers = "while read -r item; do echo done $item; done";
    let done = place.run(&[&work[..], &[answers]].concat(), b"").exits(0);
    assert_eq!(done.lines().len(), 3000);
    place.run(&["put", "-q", "@"], &input(1..=60)).exits(0);
    let done = place.line("work @ --once -q --elastic 1..4 echo").exits(0);
    assert_eq!(done.lines().len(), 60);
    assert_eq!(place.figure("finished"), 3060);
}

fn a_group_is_of_items_that_follow_each_other(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "") else { return };
    place.run(&["put", "-q", "@"], &input(1..=9)).exits(0);
    let held = "until [ -e go ]; do sleep 0.01; done; : {}";
    let hold = |leased| {
        let work = ["work", "@", "-j1", "--halt", "soon,done=1", "--shell", held];
        let going = place.start(&work, b"");
        until("at work", || place.figure("leased") == leased);
        going
    };
    // The second stays in other hands, and the first comes back.
    let (first, second) = (hold(1), hold(2));
    first.signal(Signal::INT);
    first.until_said("again stops it now");
    first.signal(Signal::INT);
    first.wait().exits(130);
    let line = "work @ --once -q -k -j1 -n4 --joblog log echo";
    let (groups, numbers): (_, &[&str]) = if engine.knows_positions {
        ("1\n3 4 5\n6 7 8 9\n", &["1", "3", "6"])
    } else {
        // What comes together is taken for what follows each other, and counted where it comes.
        ("1 3 4 5\n6 7 8 9\n", &["1", "2"])
    };
    assert_eq!(place.line(line).exits(0).text(), groups);
    let log = place.folder.lines("log").into_iter().skip(1);
    let seqs: Vec<String> =
        log.map(|line| line.split('\t').next().unwrap_or("").to_owned()).collect();
    assert_eq!(seqs, numbers);
    place.folder.write("go", b"");
    second.wait().exits(0);
    assert_eq!(place.figure("finished"), 9);
}
