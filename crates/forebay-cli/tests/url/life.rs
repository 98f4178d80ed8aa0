//! A buffer from its beginning to its end.

use crate::engine::Engine;
use crate::place::Place;
use crate::process::until;

on_each_engine! {
    items_go_through_a_server_as_through_a_file
    stat_tells_what_a_server_knows
    the_version_says_what_is_in
}

fn items_go_through_a_server_as_through_a_file(engine: Engine) {
    let Some(place) = Place::new(engine) else { return };
    place.line("create @ --capacity 3 --max-failures 2").exits(0);
    // The same again is no harm, and whatever differs is named.
    place.line("create @ --capacity 3 --max-failures 2").exits(0);
    place.line("create @ --capacity 4").exits(255).says(&[&place.shown(), "capacity is 3 there"]);

    place.line("put @ ant bee cat").exits(0);
    place
        .line("put @ --on-full refuse dog")
        .exits(1)
        .says(&["'dog' is not put: the buffer is full"]);
    // Backpressure: who puts waits until there is room.
    let mut put = place.start(&["put", "@"], b"dog\n");
    until("it waits", || place.figure("producers_waiting") == 1);
    assert!(put.child.try_wait().expect("asked").is_none());
    assert_eq!(place.line("take @").exits(0).text(), "ant\n");
    put.wait().exits(0).says(&["1 item put"]);

    place
        .line("join @ --timeout 50ms")
        .exits(1)
        .says(&[&place.shown(), "3 items still unfinished"]);
    let join = place.start_line("join @");
    // Each gets what it can have while the other is busy.
    let command = "echo {} >> ledger; until [ $(wc -l < ledger) -ge 2 ]; do sleep 0.01; done";
    let workers = [0, 1].map(|_| place.start(&["work", "@", "-j1", "--shell", command], b""));
    join.wait().exits(0);
    // Some engine's counts come a moment later.
    until("all is counted", || place.figure("finished") == 4);
    let now = place.stat();
    for (key, expected) in [
        ("produced", 4),
        ("finished", 4),
        ("waiting", 0),
        ("leased", 0),
        ("dead", 0),
        ("dropped", 0),
        ("high_water", 3),
        ("capacity", 3),
        ("max_failures", 2),
        ("max_leased", 64),
        ("consumers", 2),
    ] {
        assert_eq!(now[key], expected, "{key} in {now}");
    }

    place.line("close @").exits(0);
    let mut finished = 0;
    for worker in workers {
        let said = worker.wait().exits(0).errors();
        finished += said.split("items: ").count().min(1);
    }
    assert_eq!(finished, 2, "both have told");
    let mut ledger = place.folder.lines("ledger");
    ledger.sort();
    assert_eq!(ledger, ["bee", "cat", "dog"]);
    place.line("put @ emu").exits(255).says(&["the buffer is closed", "item 'emu'"]);
    place.line("take @").exits(1);
    place.line("take @ --all").exits(0);
    assert_eq!(place.stat()["closed"], true);
}

fn stat_tells_what_a_server_knows(engine: Engine) {
    let bytes = if engine.bounds_bytes { " --capacity-bytes 100" } else { "" };
    let flags = format!("--capacity 5{bytes}");
    let Some(place) = Place::with_buffer(engine, &flags) else { return };
    place.line("put @ ant bee").exits(0);
    let now = place.stat();
    assert_eq!(now["buffer"], place.shown());
    let most = engine.bounds_bytes.then_some(100);
    assert_eq!((&now["waiting"], &now["capacity_bytes"]), (&2.into(), &most.into()));
    // As the server of tests is set up.
    assert_eq!((&now["survives"], &now["warnings"]), (&"server".into(), &serde_json::json!([])));
    for key in ["fault", "durability", "dead_room", "oldest_seconds", "participants", "leases"] {
        assert!(now[key].is_null(), "{key} in {now}");
    }
    let text = place.line("stat @").exits(0).text();
    for words in
        ["open, 2 of 5 waiting, 0 leased, 0 dead", "2 produced", "survives the server's end"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
    let long = place.run(&["put", "@", &"x".repeat(101)], b"");
    if engine.bounds_bytes {
        long.exits(255).says(&["it has 101 bytes, and an item of this buffer at most 100"]);
    } else {
        long.exits(0);
        let other = format!("{}-bytes", place.url());
        let weighs = place.run(&["create", &other, "--capacity-bytes", "100"], b"").exits(255);
        assert!(weighs.errors().contains("bytes"), "{}", weighs.errors());
    }
}

fn the_version_says_what_is_in(engine: Engine) {
    let Some(place) = Place::new(engine) else { return };
    let said = place.line("--version").exits(0).text();
    assert!(said.contains("\nbuffers: files, ") && said.contains(engine.scheme), "{said}");
    assert_eq!(place.line("-V").exits(0).text().lines().count(), 1);
}
