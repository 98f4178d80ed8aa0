//! `forebay top` of a buffer on a server.

use crate::engine::Engine;
use crate::place::Place;
use crate::process::until;
use crate::pty::Terminal;

on_each_engine! {
    what_a_server_tells_is_shown_as_of_a_file
    what_happens_is_seen_on_a_terminal_as_it_happens
}

fn what_a_server_tells_is_shown_as_of_a_file(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "--capacity 2") else { return };
    place.line("put @ a bad").exits(0);
    let work = ["work", "@", "--once", "-q", "-j1", "--shell", "test {} != bad"];
    place.run(&work, b"").exits(1);
    place.line("put @ b c").exits(0);
    let put = place.start(&["put", "@"], b"d\n");
    until("it waits", || place.figure("producers_waiting") == 1);
    let top = || place.line("top @ --once --interval 500ms").exits(0).text();
    until("all is told", || top().contains("the producer waits for room"));
    let text = top();
    for words in [
        &place.shown(),
        " open\n",
        "2 of 2, high-water mark 2",
        "2 items wait, 0 leased, 1 dead",
        "the producer waits for room; ",
        "Participants: 1 producer, ",
        "Dead letters: 1\n",
        "forebay dead",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains(place.server.text("password")), "{text}");
    place.line("take @ -n 3").exits(0);
    put.wait().exits(0);
    place.line("close @").exits(0);
    assert!(top().contains(" closed and drained\n"));
    place.line("delete @ --force").exits(0);
    place.line("top @ --once").exits(255).says(&["there is no buffer"]);
}

fn what_happens_is_seen_on_a_terminal_as_it_happens(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "--capacity 2") else { return };
    let url = place.url();
    let mut top = Terminal::new(110, 30, "top", &[&url, "--interval", "200ms"]);
    top.shows(&[&place.shown(), "open", "0 of 2", "none waits", "q quit   every 200 ms"]);
    place.line("put @ a b").exits(0);
    top.shows(&["2 of 2", "2 items wait"]);
    let put = place.start(&["put", "@"], b"c\n");
    top.shows(&["the producer waits for room"]);
    place.line("take @ -n 3").exits(0);
    put.wait().exits(0);
    top.shows(&["0 of 2", "none waits"]);
    place.line("close @").exits(0);
    top.shows(&["closed and drained"]);
    assert!(!top.text().contains(place.server.text("password")), "{}", top.text());
    top.press("q");
    assert_eq!(top.ends(), (Some(0), true));
}
