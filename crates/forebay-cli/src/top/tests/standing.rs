//! How a buffer stands, in words.

use forebay::Fault;

use super::*;

/// The words on a screen, spaces and line ends aside.
fn words(look: &Look, history: &History) -> String {
    shown(look, history, 100, 30).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(look: &Look, history: &History, parts: &[&str]) {
    let words = words(look, history);
    for part in parts {
        assert!(words.contains(part), "{part:?} is not in {words}");
    }
}

#[test]
fn which_side_is_the_bottleneck() {
    let look = busy();
    says(
        &look,
        &history(&look, 30),
        &[
            "the consumers are the bottleneck: producers waited for room 50 % of the last 10 s",
            "1 of 2 producers waits for room, for 1.2 s; none of 2 consumers waits",
        ],
    );
    let mut history = History::default();
    for second in 0..5 {
        let mut then = look.clone();
        then.counts.consumer_wait = Duration::from_secs(second);
        history.add(Sample::of(&then, Duration::from_secs(second)));
    }
    let text = "the producers are the bottleneck: consumers waited for items 50 % of the last 4 s";
    says(&look, &history, &[text]);
}

#[test]
fn who_is_missing() {
    let mut look = busy();
    look.members.retain(|member| member.role != Role::Producer);
    let flow = history(&look, 30);
    says(&look, &flow, &["no producer is here: consumers work off what is left, for about 1.9 s"]);
    look.members.clear();
    says(&look, &flow, &["nobody is here, and 150 items wait for a consumer"]);
    look.counts.waiting = 0;
    says(&look, &flow, &["nobody is here", "none waits"]);
    look.members.push(member(1, Role::Producer, 3));
    says(&look, &flow, &["no consumer is here", "the producer does not wait"]);
}

#[test]
fn what_holds_items_up() {
    let mut look = busy();
    let flow = history(&look, 30);
    look.counts.leased = look.max_leased;
    look.members[5].waits = Some((Awaited::Item, seconds(2.0)));
    says(&look, &flow, &["all leases are out that there may be (64)"]);
    look.counts.dead = 64;
    says(&look, &flow, &["nothing can be leased: forebay dead /var/spool/jobs.fb retry or purge"]);
}

#[test]
fn closed_poisoned_and_deleted_are_told_plainly() {
    let mut look = busy();
    let flow = history(&look, 30);
    says(&look, &flow, &["jobs.fb open"]);
    look.counts.closed = true;
    says(&look, &flow, &["jobs.fb closed", "the consumers are the bottleneck"]);
    (look.counts.waiting, look.counts.leased) = (0, 0);
    says(&look, &flow, &["jobs.fb closed and drained", "nothing is left, and nothing will come"]);
    look.fault = Some(Fault::Poisoned);
    says(&look, &flow, &["jobs.fb poisoned", "forebay verify /var/spool/jobs.fb --repair"]);
    look.fault = Some(Fault::Deleted);
    says(&look, &flow, &["jobs.fb deleted", "this is how it was", "1000 in all"]);
}

#[test]
fn the_dead_and_what_they_hold_are_told() {
    let look = busy();
    says(&look, &history(&look, 3), &["1 dead", "dead, unnoticed", "841 4004, no. 4 1 m 02 s"]);
}
