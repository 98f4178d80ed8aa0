//! `forebay run --buffer URL`.

use rustix::process::Signal;

use crate::engine::Engine;
use crate::place::Place;
use crate::process::{Folder, input, until};

on_each_engine! {
    killed_and_started_again_it_does_what_is_left
    others_may_work_on_its_items_and_some_fail
}

/// A place, on an engine that lets a run see which items are its own: others refuse it.
fn place(engine: Engine) -> Option<Place> {
    let place = Place::new(engine)?;
    if !engine.lets_look {
        place.line("run --buffer @ echo ::: x").exits(255).says(&[
            &place.shown(),
            "the server lets nobody look at what waits",
            "`forebay put`, and `forebay work`",
        ]);
        return None;
    }
    Some(place)
}

/// The items that the joblog says have finished, sorted.
fn finished(folder: &Folder, joblog: &str) -> Vec<u32> {
    let lines = folder.lines(joblog);
    let columns = lines.iter().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let succeeded = columns.filter(|columns| columns[6] == "0" && columns[7] == "0");
    let mut items: Vec<u32> =
        succeeded.map(|columns| columns[9].parse().expect("a number")).collect();
    items.sort_unstable();
    items
}

fn killed_and_started_again_it_does_what_is_left(engine: Engine) {
    let Some(place) = place(engine) else { return };
    let arguments = [
        "run",
        "--buffer",
        "@",
        "-q",
        "-j2",
        "--capacity",
        "40",
        "--shell",
        "echo {} >> ledger; test -e go || sleep 0.02",
    ];
    let items = input(1..=120);
    let victim = place.start(&arguments, &items);
    until("at work", || place.folder.lines("ledger").len() > 10);
    victim.signal(Signal::KILL);
    victim.wait().exits(137);
    place.folder.write("go", b"");
    place.run(&arguments, &items).exits(0);
    let joblog = format!("{}@127.0.0.1-{}.joblog", place.name, place.server.port());
    assert_eq!(finished(&place.folder, &joblog), (1..=120).collect::<Vec<_>>());
    let now = place.stat();
    for (key, expected) in
        [("produced", 120), ("finished", 120), ("waiting", 0), ("leased", 0), ("capacity", 40)]
    {
        assert_eq!(now[key], expected, "{key} in {now}");
    }
    // Once more: there is nothing to be done.
    place.run(&arguments, &items).exits(0);
    assert_eq!(place.figure("produced"), 120);
    place.run(&["run", "--buffer", "@", "--capacity", "41", "true"], b"").exits(255).says(&[
        "--capacity 41",
        &place.shown(),
        "with a capacity of 40",
    ]);
}

fn others_may_work_on_its_items_and_some_fail(engine: Engine) {
    let Some(place) = place(engine) else { return };
    let run = ["run", "--buffer", "@", "-j1", "--shell", "sleep 0.02; test {} != 7"];
    let run = place.start(&run, &input(1..=40));
    until("there", || place.line("stat @").code() == 0);
    let work =
        place.start(&["work", "@", "-q", "-j2", "--shell", "echo {} >> ledger; test {} != 7"], b"");
    run.wait().exits(1).says(&["40 items: 39 finished, 1 failed, 0 remaining"]);
    place.line("close @").exits(0);
    work.wait();
    let dead = place.line("dead @").exits(0).text();
    assert!(dead.ends_with("\t7\n") && dead.lines().count() == 1, "{dead}");
    assert!(!place.folder.lines("ledger").is_empty(), "the others did some");
}
