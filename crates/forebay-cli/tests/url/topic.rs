//! A topic and its groups.

use serde_json::Value;

use crate::engine::Engine;
use crate::place::Place;

#[cfg(feature = "nats")]
#[test]
fn nats() {
    a_topic_is_put_into_and_each_group_worked_on(crate::engine::NATS);
}

#[cfg(feature = "redis")]
#[test]
fn redis() {
    a_topic_is_put_into_and_each_group_worked_on(crate::engine::REDIS);
}

fn a_topic_is_put_into_and_each_group_worked_on(engine: Engine) {
    let Some(place) = Place::new(engine) else { return };
    let at = |group: &str| format!("{}?group={group}", place.url());
    let shown = |group: &str| format!("{}?group={group}", place.shown());
    let run = |words: &[&str]| place.run(words, b"");
    let (mail, bill) = (at("mail"), at("bill"));
    run(&["create", &mail, "--capacity", "5"]).exits(0);
    run(&["create", &bill, "--capacity", "3"]).exits(0);
    place.line("put @ a b").exits(0);

    // Both are worked on by themselves, with a joblog of their own.
    let work = run(&["work", &mail, "--once", "-k", "-j1", "-q", "--joblog", "log", "echo", "m"]);
    assert_eq!(work.exits(0).text(), "m a\nm b\n");
    let full = place.line("put @ c d --on-full refuse");
    full.exits(1).says(&["1 item put"]);
    let stands = place.line("stat @ --json").exits(0).lines();
    let stands: Vec<Value> =
        stands.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let counts = |one: &Value| (one["buffer"].clone(), one["waiting"].clone());
    let expected = [(shown("bill").into(), 3.into()), (shown("mail").into(), 1.into())];
    assert_eq!(stands.iter().map(counts).collect::<Vec<_>>(), expected);
    let told = place.line("stat @").exits(0).text();
    for words in [&shown("bill"), "3 of 3 waiting", &shown("mail"), "1 of 5 waiting"] {
        assert!(told.contains(words), "{told}");
    }

    // What takes names a group, or is told which there are.
    place.line("create to.fb").exits(0);
    for line in [
        "take @",
        "work @ --once echo",
        "dead @",
        "top @",
        "bridge @ to.fb",
        "run --buffer @ echo ::: x",
    ] {
        let told = place.line(line).exits(255);
        told.says(&["it is a topic", &shown("bill"), &shown("mail")]);
    }
    run(&["take", &at("male")]).exits(255).says(&[
        "there is no group",
        &shown("male"),
        "bill, mail",
    ]);
    place.line("create @").exits(255).says(&["is a topic with the groups bill, mail"]);
    run(&["bridge", &mail, &place.url()]).exits(255).says(&["round in a circle"]);

    // From one group to another there is no circle.
    run(&["bridge", &bill, &mail, "--once", "-q"]).exits(0);
    assert_eq!(run(&["take", &mail, "-n", "4"]).exits(0).text(), "c\na\nb\nc\n");
    place.line("put @ x").exits(0);
    let join = place.start_line("join @");
    for group in [&mail, &bill] {
        run(&["take", group]).exits(0);
    }
    join.wait().exits(0);
    run(&["close", &bill]).exits(0);
    place.line("put @ y").exits(0);
    place.line("close @").exits(0);
    place.line("put @ z").exits(255).says(&["the buffer is closed"]);
    place.line("delete @").exits(1).says(&["1 item unfinished"]);
    place.line("delete @ --force").exits(0);
    place.line("stat @").exits(255).says(&["there is no buffer"]);
}
