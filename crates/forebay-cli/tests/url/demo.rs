//! `forebay demo broker`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::engine::Engine;
use crate::place::Place;
use crate::process::{Ended, Going, until};
#[cfg(feature = "redis")]
use crate::{engine::REDIS, server::Server};

on_each_engine! {
    kafka:
    one_is_killed_and_one_is_added_and_nothing_is_lost
    what_is_there_already_is_left_alone
    an_interruption_leaves_neither_buffer_nor_processes
}

/// What each told, as `who, pid, what`, in the order told.
fn lines(told: &str) -> Vec<(&str, u32, &str)> {
    told.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (_, "ms" | "s") = (words.next()?, words.next()?) else { return None };
            let (who, pid) = (words.next()?, words.next()?.parse().ok()?);
            let (_, what) = line.split_once(&format!("{pid}  "))?;
            Some((who, pid, what))
        })
        .collect()
}

/// The items behind this verb, as `1.2`, and by whom.
fn items<'a>(told: &'a str, verb: &str) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut items = BTreeMap::<&str, Vec<&str>>::new();
    for (who, _, what) in lines(told) {
        if let Some((_, rest)) = what.split_once(&format!("{verb} item ")) {
            items.entry(rest.split(' ').next().expect("a number")).or_default().push(who);
        }
    }
    items
}

/// The processes that it started.
fn processes(told: &str) -> Vec<&str> {
    told.lines().filter_map(|line| Some(line.split_once("as process ")?.1)).collect()
}

/// The URL of the buffer that it made, with what is secret.
fn buffer(place: &Place, told: &str) -> String {
    let shown = told.lines().find_map(|line| Some(line.split_once("makes the buffer ")?.1));
    let shown = shown.unwrap_or_else(|| panic!("none in {told}"));
    let name = shown.rsplit_once('/').expect("a URL").1;
    format!("{}/{name}", place.server.text("url"))
}

/// It is not there any more.
#[track_caller]
fn is_gone(place: &Place, url: &str) {
    place.run(&["stat", url], b"").exits(255).says(&["there is no buffer"]);
    #[cfg(feature = "redis")]
    if place.engine.server == REDIS.server {
        let name = url.rsplit_once('/').expect("a URL").1;
        let keys = place.server.answers(&format!("KEYS *{name}*"));
        // Of the one who was killed, whose answers go by themselves.
        let left = keys.lines().filter(|line| line.contains(name) && !line.contains("}:answers:"));
        assert_eq!(left.count(), 0, "{keys}");
    }
}

fn play(place: &Place, arguments: &str) -> Ended {
    place.line(&format!("demo broker {arguments}")).exits(0)
}

#[track_caller]
fn account(told: &str, items: u64) {
    let account = format!("{items} produced, {items} consumed, 0 remaining");
    assert_eq!(told.lines().last(), Some(account.as_str()), "{told}");
    let finished = self::items(told, "finishes");
    assert_eq!(finished.len() as u64, items, "{told}");
    assert!(finished.values().all(|who| who.len() == 1), "{told}");
    assert!(self::items(told, "puts").keys().eq(finished.keys()), "{told}");
}

fn one_is_killed_and_one_is_added_and_nothing_is_lost(engine: Engine) {
    let Some(place) = Place::new(engine) else { return };
    let ended = play(&place, &format!("--seed 5 --url {}", place.server.text("url")));
    let told = ended.text();
    assert_eq!(ended.errors(), "");
    assert!(!told.contains(place.server.text("password")), "{told}");
    account(&told, 48);

    // Killed as it works on its second item, which another gets.
    let (before, after) = told.split_once("kills consumer-1 (SIGKILL)").expect("it is killed");
    let item = after.split_once("works on item ").expect("what it had").1.lines().next();
    let item = item.expect("a number");
    assert!(lines(before).iter().any(|(_, _, what)| *what == format!("leases item {item}")));
    assert_eq!(items(before, "finishes").values().filter(|who| **who == ["consumer-1"]).count(), 1);
    assert!(!lines(after).iter().any(|(who, ..)| *who == "consumer-1"), "{told}");
    let again = format!("leases item {item} again: delivery 2");
    assert_eq!(after.matches(&again).count(), 1, "{told}");
    let how = if engine.knows_deaths {
        "its connection ended with it"
    } else {
        "leases end after 3.00 s"
    };
    assert!(after.contains(how), "{told}");

    // One more comes when as many wait as were seen to, and not before.
    let (before, after) = told.split_once("the lag grew from ").expect("it grows");
    let (least, most) =
        after.split_once(" in ").expect("a time").0.split_once(" to ").expect("two");
    let (least, most): (u64, u64) =
        (least.parse().expect("a depth"), most.parse().expect("a depth"));
    assert!(least < most && most >= 4, "{told}");
    let seen = before.lines().rfind(|line| line.contains(" sees ")).expect("a look");
    assert!(seen.contains(&format!("sees {most} of 8 wait")), "{seen}: {told}");
    assert!(before.contains(&format!("sees {least} of 8 wait")), "{told}");
    assert!(!before.contains("consumer-4"), "{told}");
    assert!(items(after, "finishes").values().flatten().any(|who| *who == "consumer-4"), "{told}");

    let mut processes = processes(&told);
    assert_eq!(processes.len(), 6, "{told}");
    processes.sort_unstable();
    processes.dedup();
    assert_eq!(processes.len(), 6, "{told}");
    is_gone(&place, &buffer(&place, &told));
}

#[cfg(feature = "redis")]
#[test]
fn a_name_is_taken_and_freed_again() {
    let Some(place) = Place::new(REDIS) else { return };
    let flags = "--items 40 --producers 3 --consumers 2 --capacity 1 --seed 9";
    let url = place.url();
    let told = play(&place, &format!("{flags} --url {url}")).text();
    account(&told, 40);
    assert!(told.contains(&format!("makes the buffer {}\n", place.shown())), "{told}");
    assert!(told.contains("waits: buffer full"), "{told}");
    assert!(told.contains("starts consumer-3 as process"), "{told}");
    is_gone(&place, &url);
}

fn what_is_there_already_is_left_alone(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "--capacity 8") else { return };
    place.line("put @ ant").exits(0);
    let refused = place.line("demo broker --url @").exits(255);
    assert_eq!(refused.text(), "");
    assert!(!refused.errors().contains(place.server.text("password")), "{}", refused.errors());
    refused.says(&[&place.shown(), "is there already"]);
    assert_eq!(place.line("take @").exits(0).text(), "ant\n");
}

/// Until the kill, when everybody is at work.
fn started(place: &Place, url: &str) -> Going {
    let going = place.start(&["demo", "broker", "--items", "10000", "--url", url], b"");
    going.until_printed("kills consumer-1");
    going
}

fn group(process: &str) -> Option<String> {
    let stat = fs::read_to_string(PathBuf::from("/proc").join(process).join("stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(2).map(str::to_owned)
}

fn an_interruption_leaves_neither_buffer_nor_processes(engine: Engine) {
    // What ends it is no affair of the engine's.
    let each = if engine.scheme == "redis" { 3 } else { 1 };
    let signals = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)];
    for (signal, code) in signals.into_iter().take(each) {
        let Some(place) = Place::new(engine) else { return };
        let going = started(&place, &place.url());
        let told = String::from_utf8(going.printed()).expect("text");
        let processes = processes(&told);
        assert!(processes.len() >= 5, "{told}");
        // A terminal's Ctrl-C reaches the scene alone, which then tells no errors of others.
        let own = group(&going.child.id().to_string());
        assert!(processes.iter().all(|process| group(process) != own), "{told}");
        going.signal(signal);
        let ended = going.wait().exits(code);
        assert_eq!(ended.errors(), "");
        until("its processes are gone", || {
            !processes.iter().any(|process| PathBuf::from("/proc").join(process).exists())
        });
        is_gone(&place, &place.url());
    }
}

#[cfg(feature = "redis")]
#[test]
fn nobody_listening_any_more_leaves_nothing() {
    let Some(place) = Place::new(REDIS) else { return };
    let line = format!("\"$0\" demo broker --url '{}' | head -n 12", place.url());
    let forebay = env!("CARGO_BIN_EXE_forebay");
    let shell = std::process::Command::new("bash").args(["-c", &line, forebay]).output();
    let told = String::from_utf8(shell.expect("bash starts").stdout).expect("text");
    assert_eq!(told.lines().count(), 12);
    // The shell waits for both.
    is_gone(&place, &place.url());
}

#[cfg(feature = "redis")]
#[test]
fn a_buffer_that_cannot_be_deleted_is_told() {
    let Some(server) = Server::of_its_own("redis", "demo") else { return };
    let place = Place::on(REDIS, server);
    let going = started(&place, &format!("{}?outage=0.5", place.url()));
    place.server.does("kill");
    let shown = place.shown();
    going.wait().exits(255).says(&[&shown, "is left", "forebay delete --force"]);
    place.server.does("restart");
    place.line("delete @ --force").exits(0);
}

#[cfg(feature = "redis")]
#[test]
fn a_server_that_is_not_there_is_told() {
    let Some(place) = Place::new(REDIS) else { return };
    let none = place.run(&["demo", "broker", "--url", "redis://127.0.0.1:1"], b"").exits(255);
    assert_eq!(none.text(), "");
    none.says(&["redis://127.0.0.1:1/forebay-demo-", "no server answers there"]);
}
