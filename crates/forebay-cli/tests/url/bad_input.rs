//! What is wrong is named, with what to do, and nothing is done (C11).

use crate::engine::REDIS;
use crate::place::Place;
use crate::process::{Ended, Folder, start_with};

fn forebay(folder: &Folder, line: &str) -> Ended {
    start_with(folder.root(), line.split(' '), b"").wait()
}

#[test]
fn a_url_that_is_none_is_refused_before_anything_is_asked() {
    let folder = Folder::new();
    for (line, words) in [
        ("put gopher://me:hidden@host/jobs x", "unknown scheme `gopher`"),
        ("stat redis://me:hidden@host", "names no buffer"),
        ("stat redis://me:hidden@host/a{b", "name has no `{`"),
        ("work redis://me:hidden@host/jobs?answer=42 echo", "it does not know `answer`"),
        ("create redis://me:hidden@host/jobs?outage=soon", "`outage=soon` is no number"),
        ("create redis://me:hidden@host/jobs?ca=x", "certificates are for TLS"),
        ("create redis://me:hidden@host/jobs --mode 0640", "with --mode: that is for files"),
        ("create redis://me:hidden@host/jobs --participants 3", "with --participants"),
        ("create redis://me:hidden@host/jobs --dead-room 3", "with --dead-room"),
        ("create redis://me:hidden@host/jobs --durability power", "with --durability"),
        ("verify redis://me:hidden@host/jobs", "a server keeps its own data whole"),
        ("run --buffer redis://me:hidden@host/jobs -X echo ::: x", "--buffer with -X"),
        ("run --buffer gopher://me:hidden@host/jobs echo ::: x", "unknown scheme `gopher`"),
    ] {
        let done = forebay(&folder, line).exits(255).says(&[words]);
        assert!(!done.errors().contains("hidden"), "{}", done.errors());
        assert_eq!(done.errors().lines().count(), 1, "{}", done.errors());
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let folder = Folder::new();
    // A port that nobody has listened on for decades.
    let place = "127.0.0.1:1";
    for line in [
        "create URL",
        "put URL x",
        "take URL",
        "work URL echo",
        "join URL",
        "stat URL",
        "dead URL",
        "close URL",
        "delete URL",
        "top URL",
        "run --buffer URL echo ::: x",
    ] {
        let line = line.replace("URL", &format!("redis://me:hidden@{place}/jobs"));
        let done = forebay(&folder, &line).exits(255).says(&[place, "no server answers there"]);
        assert!(!done.errors().contains("hidden"), "{}", done.errors());
    }
}

#[test]
fn a_wrong_password_and_a_missing_buffer_are_told_as_what_they_are() {
    let Some(place) = Place::new(REDIS) else { return };
    let wrong = place.url().replace(place.server.text("password"), "not-it");
    let done = forebay(&place.folder, &format!("put {wrong} x"))
        .exits(255)
        .says(&[&place.shown(), "does not take this user and password"]);
    assert!(!done.errors().contains("not-it"), "{}", done.errors());
    for line in ["put @ x", "take @", "work @ echo", "join @", "stat @", "dead @", "close @"] {
        place.line(line).exits(255).says(&[
            "there is no buffer",
            &place.shown(),
            "create it first",
        ]);
    }
}
