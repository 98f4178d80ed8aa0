//! `forebay stat`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::forebay::{buffer, line, run, start, stat, until};

#[test]
fn it_tells_who_does_what() {
    let folder = buffer("--capacity 5 --lease-time 60s");
    run(&folder, &["put", "b", "x", "y"], b"").exits(0);
    let work = start(
        &folder,
        &["work", "b", "-j1", "--shell", "until [ -e go ]; do sleep 0.01; done; : {}"],
        b"",
    );
    until("at work", || stat(&folder)["leased"] == 1);
    let now = stat(&folder);
    let lease = &now["leases"][0];
    assert_eq!((&lease["position"], &lease["deliveries"]), (&1.into(), &1.into()));
    assert_eq!(lease["pid"], work.child.id());
    assert!(lease["left_seconds"].as_f64().is_some_and(|left| left > 0.0), "{now}");
    assert_eq!(now["waiting"], 1, "the other one is left to others while this one is busy: {now}");
    let members = now["participants"].as_array().expect("a list");
    assert!(
        members.iter().any(|member| member["role"] == "consumer" && member["leased"] == 1),
        "{now}"
    );
    let text = line(&folder, "stat b").exits(0).text();
    let longest = format!("an item has at most {} bytes", now["longest_item_bytes"]);
    for words in [
        "b: open, 1 of 5 waiting, 1 leased, 0 dead",
        "2 produced",
        &longest,
        "position 1 leased by",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
    folder.write("go", b"");
    line(&folder, "close b").exits(0);
    work.wait().exits(0);
    let now = stat(&folder);
    assert_eq!((&now["finished"], &now["leased"]), (&2.into(), &0.into()));
}

#[test]
fn looking_needs_no_leave_to_write() {
    let folder = buffer("");
    fs::set_permissions(folder.path("b"), fs::Permissions::from_mode(0o400)).expect("set");
    line(&folder, "stat b").exits(0);
}

#[test]
fn the_dead_are_not_told_of_as_if_they_lived() {
    let folder = buffer("--capacity 1");
    run(&folder, &["put", "b", "x"], b"").exits(0);
    // Whoever is killed says no goodbye, and nobody is there to notice.
    let put = start(&folder, &["put", "b", "y"], b"");
    until("waits", || stat(&folder)["producers_waiting"] == 1);
    assert_eq!(stat(&folder)["producers"], 1);
    let text = line(&folder, "stat b").exits(0).text();
    assert!(
        text.contains("\n1 producer waited ") && text.contains(": 0 items, 0 leased"),
        "{text}"
    );
    put.signal(Signal::KILL);
    put.wait();
    until("dead", || stat(&folder)["participants"][0]["lives"] == false);
    let now = stat(&folder);
    assert_eq!((&now["producers"], &now["producers_waiting"]), (&0.into(), &0.into()), "{now}");
    assert_eq!(line(&folder, "stat b").exits(0).text().lines().count(), 3);
    // One that has something on lease is told of.
    let work = start(&folder, &["work", "b", "--shell", "sleep 300; : {}"], b"");
    until("at work", || stat(&folder)["leased"] == 1);
    work.signal(Signal::KILL);
    work.wait();
    let mut text = String::new();
    until("told", || {
        text = line(&folder, "stat b").exits(0).text();
        text.contains("1 item, 1 leased, waited ") && text.contains("dead: what it has leased")
    });
    assert!(text.contains(" 0 consumers "), "{text}");
}

#[test]
fn the_guide_tells_every_key() {
    const GUIDE: &str = include_str!("../../../../docs/processes.md");
    let folder = buffer("--capacity 5");
    run(&folder, &["put", "b", "x"], b"").exits(0);
    let work = start(&folder, &["work", "b", "--shell", "sleep 300; : {}"], b"");
    until("at work", || stat(&folder)["leased"] == 1);
    let now = stat(&folder);
    for object in [&now, &now["participants"][0], &now["leases"][0]] {
        for key in object.as_object().expect("an object").keys() {
            assert!(GUIDE.contains(&format!("`{key}`")), "{key}");
        }
    }
    work.signal(Signal::TERM);
    work.until_said("again stops it now");
    work.signal(Signal::TERM);
    work.wait().exits(143);
}

#[test]
fn what_came_back_beyond_the_capacity_is_explained() {
    let folder = buffer("--capacity 2");
    run(&folder, &["put", "b", "w", "x"], b"").exits(0);
    let work = start(&folder, &["work", "b", "-j2", "--shell", "sleep 300; : {}"], b"");
    until("at work", || stat(&folder)["leased"] == 2);
    run(&folder, &["put", "b", "y", "z"], b"").exits(0);
    assert!(!line(&folder, "stat b").exits(0).text().contains("beyond"));
    work.signal(Signal::KILL);
    work.wait();
    // Whoever comes finds the dead.
    line(&folder, "dead b").exits(0);
    until("back", || {
        line(&folder, "dead b").exits(0);
        stat(&folder)["waiting"] == 4
    });
    let words = "4 of 2 waiting (2 beyond the capacity: what comes back needs no room)";
    let told = line(&folder, "stat b").exits(0).text();
    assert!(told.contains(words), "{told}");
    let top = line(&folder, "top b --once").exits(0).text();
    assert!(top.contains("(2 beyond the capacity: what comes back needs no room)"), "{top}");
}
