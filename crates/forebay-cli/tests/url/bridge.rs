//! `forebay bridge` to, from and between servers.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::engine::Engine;
use crate::place::Place;
use crate::process::{input, until};
use crate::server::Server;

on_each_engine! {
    items_go_from_a_file_to_a_server_and_on_to_a_file
    an_interruption_gives_back_at_once
    killed_at_any_moment_it_loses_nothing
    a_server_that_is_away_at_the_other_end_is_waited_for
    a_server_that_is_away_at_the_one_end_is_waited_for
}

/// A file `b` beside the buffer.
fn with_file(place: Option<Place>) -> Option<Place> {
    let place = place?;
    place.line("create b --capacity 100000").exits(0);
    Some(place)
}

fn numbers(count: u32) -> Vec<String> {
    (1..=count).map(|number| number.to_string()).collect()
}

fn items_go_from_a_file_to_a_server_and_on_to_a_file(engine: Engine) {
    let Some(place) = with_file(Place::with_buffer(engine, "--capacity 100")) else { return };
    place.line("create c --capacity 100000").exits(0);
    place.run(&["put", "-q", "b"], &input(1..=2000)).exits(0);
    // Both at a time, and the server is full again and again.
    let there = place.start_line("bridge b @");
    let back = place.start_line("bridge @ c");
    place.line("close b").exits(0);
    there.wait().exits(0).says(&["2000 items moved"]);
    place.line("close @").exits(0);
    let back = back.wait().exits(0).says(&["2000 items moved"]);
    assert!(!back.errors().contains("twice"), "{}", back.errors());
    let items = place.line("take c --all --no-wait").exits(0).text();
    assert_eq!(items.lines().collect::<Vec<_>>(), numbers(2000));
    let now = place.stat();
    assert_eq!((&now["finished"], &now["leased"]), (&2000.into(), &0.into()), "{now}");
    place.line("bridge @ @").exits(255).says(&[&place.shown(), "are one buffer"]);
}

#[cfg(all(feature = "nats", feature = "redis"))]
#[test]
fn items_go_from_one_server_to_another() {
    use crate::engine::{NATS, REDIS};
    let Some(place) = Place::with_buffer(REDIS, "") else { return };
    let Some(other) = Place::with_buffer(NATS, "--capacity 50") else { return };
    place.run(&["put", "-q", "@"], &input(1..=500)).exits(0);
    let bridge = place.start(&["bridge", "--json", "@", &other.url()], b"");
    let taken = other.start(&["take", "@", "-n", "500"], b"").wait().exits(0).text();
    assert_eq!(taken.lines().collect::<Vec<_>>(), numbers(500));
    place.line("close @").exits(0);
    let told = bridge.wait().exits(0).text();
    for (key, place) in [("from", &place), ("to", &other)] {
        assert!(told.contains(&format!("\"{key}\":\"{}\"", place.shown())), "{told}");
        assert!(!told.contains(place.server.text("password")), "{told}");
    }
    assert_eq!((place.figure("finished"), place.figure("leased")), (500, 0));
}

fn an_interruption_gives_back_at_once(engine: Engine) {
    let Some(place) = with_file(Place::with_buffer(engine, "")) else { return };
    place.line("create c --capacity 1").exits(0);
    place.line("put @ 1 2 3").exits(0);
    let bridge = place.start_line("bridge @ c");
    until("it waits", || {
        place.line("stat c").text().contains("waits for room") && place.figure("leased") == 2
    });
    bridge.signal(Signal::INT);
    bridge.wait().exits(130).says(&["interrupted: 1 item moved"]);
    // A server that only misses it gives it back after half a minute.
    assert_eq!(place.line("take @ --all --no-wait").exits(0).text(), "2\n3\n");
}

fn killed_at_any_moment_it_loses_nothing(engine: Engine) {
    const ITEMS: u32 = 4_000;
    const HAND: usize = 16;
    let Some(place) = with_file(Place::with_buffer(engine, "--capacity 10000")) else { return };
    place.run(&["put", "-q", "b"], &input(1..=ITEMS)).exits(0);
    let hand = HAND.to_string();
    let bridge = ["bridge", "b", "@", "--once", "-q", "-n", &hand];
    let mut kills = 0;
    for round in 0..6_u64 {
        let before = place.figure("produced");
        let victim = place.start(&bridge, b"");
        until("it is on its way", || {
            place.figure("produced") > before || place.line("stat b").text().contains(" 0 of ")
        });
        thread::sleep(Duration::from_micros(round * 7919 % 20_000));
        victim.signal(Signal::KILL);
        kills += usize::from(victim.wait().code() == 137);
    }
    place.run(&bridge, b"").exits(0);
    let there = place.line("take @ --all --no-wait").exits(0).text();
    let different: BTreeSet<&str> = there.lines().collect();
    assert_eq!(different.len(), ITEMS as usize, "each is there");
    let doubled = there.lines().count() - different.len();
    assert!(doubled <= kills * HAND, "{doubled} after {kills}");
}

/// With a server of its own, to which calls wait for half a second.
fn short(engine: Engine, use_for: &str) -> Option<(Place, String)> {
    let server = Server::of_its_own(engine.server, use_for)?;
    let place = with_file(Some(Place::on(engine, server)))?;
    place.line("create @ --capacity 1000").exits(0);
    let url = format!("{}?outage=0.5", place.url());
    Some((place, url))
}

fn a_server_that_is_away_at_the_other_end_is_waited_for(engine: Engine) {
    let Some((place, url)) = short(engine, "bank") else { return };
    place.server.does("kill");
    // It is not there when this begins,
    let bridge = place.start(&["bridge", "b", &url], b"");
    place.line("put b 1").exits(0);
    bridge.until_said("no server answers there");
    place.server.does("restart");
    bridge.until_said("the server is there");
    until("it has come", || place.figure("produced") == 1);
    // nor later, for longer than any call waits.
    place.server.does("kill");
    place.run(&["put", "-q", "b"], &input(2..=500)).exits(0);
    bridge.until_said("the server cannot be reached; waiting until it is back");
    thread::sleep(Duration::from_secs(2));
    place.server.does("restart");
    bridge.until_said("the server is back, after");
    place.line("close b").exits(0);
    let done = bridge.wait().exits(0).says(&["500 items moved"]).errors();
    for words in ["no server answers", "server is there", "cannot be reached", "server is back"] {
        assert_eq!(done.matches(words).count(), 1, "{words} in {done}");
    }
    let there = place.line("take @ --all --no-wait").exits(0).text();
    let different: BTreeSet<String> = there.lines().map(str::to_owned).collect();
    assert_eq!(different, numbers(500).into_iter().collect());
}

fn a_server_that_is_away_at_the_one_end_is_waited_for(engine: Engine) {
    let Some((place, url)) = short(engine, "shore") else { return };
    place.line("create c --capacity 2").exits(0);
    place.run(&["put", "-q", "@"], &input(1..=50)).exits(0);
    let bridge = place.start(&["bridge", &url, "c"], b"");
    // Some are in hand, and there is no room for them.
    until("it waits", || place.figure("leased") > 0);
    place.server.does("kill");
    let taken = place.start_line("take c --all");
    bridge.until_said("the server cannot be reached; waiting until it is back");
    place.server.does("restart");
    bridge.until_said("the server is back, after");
    place.run(&["put", "-q", "@"], &input(51..=60)).exits(0);
    place.line("close @").exits(0);
    // What was in hand comes back though its ack was lost, and this ends.
    bridge.wait().exits(0);
    place.line("close c").exits(0);
    let there = taken.wait().exits(0).text();
    let different: BTreeSet<String> = there.lines().map(str::to_owned).collect();
    assert_eq!(different, numbers(60).into_iter().collect());
    assert_eq!((place.figure("leased"), place.figure("finished")), (0, 60));
}
