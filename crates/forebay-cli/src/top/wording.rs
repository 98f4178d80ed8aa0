//! How the buffer stands, in words: the same on the screen and in plain text.

use std::fmt::Write as _;
use std::time::Duration;

use forebay::Fault;
use forebay::processes::{Awaited, Role};

use super::history::{History, LATELY};
use super::ink::Ink;
use super::look::{Look, Member};
use crate::buffer::place::is_away;
use crate::buffer::stat::beyond;
use crate::run::report::bottleneck::Bottleneck;

/// Open, closed, or broken, in a word or two.
pub(super) fn state(look: &Look) -> (String, Ink) {
    let (word, ink) = match look.fault {
        Some(Fault::Deleted) => ("deleted", Ink::Wrong),
        Some(Fault::Truncated) => ("cut short", Ink::Wrong),
        Some(Fault::Gone) => ("gone", Ink::Wrong),
        Some(fault) if is_away(fault) => ("out of reach", Ink::Wrong),
        Some(_) if look.is_remote => ("of no use", Ink::Wrong),
        Some(Fault::Poisoned) => ("poisoned", Ink::Wrong),
        Some(_) => ("damaged", Ink::Wrong),
        None if look.is_drained() => ("closed and drained", Ink::Strong),
        None if look.counts.closed => ("closed", Ink::Waits),
        None => ("open", Ink::Strong),
    };
    (word.to_owned(), ink)
}

/// What is wrong, and what to do about it.
fn wrong(look: &Look, fault: Fault) -> String {
    let path = &look.path;
    match fault {
        Fault::Deleted => {
            "the file was deleted, or another was put in its place: this is how it was".to_owned()
        }
        Fault::Truncated => "the file was cut short: this is how it was".to_owned(),
        fault if is_away(fault) => "the server cannot be reached: this is how it was".to_owned(),
        Fault::Poisoned | Fault::Damaged if !look.is_remote => {
            format!("{fault}: forebay verify {path} --repair")
        }
        fault => fault.to_string(),
    }
}

/// Which side is the bottleneck now, or what else holds items up.
pub(super) fn verdict(look: &Look, history: &History) -> (String, Ink) {
    if let Some(fault) = look.fault {
        return (wrong(look, fault), Ink::Wrong);
    }
    if look.is_stopped_by_the_dead() {
        let path = &look.path;
        let text = format!(
            "the dead letters fill their room, so nothing can be leased: forebay dead {path} retry or purge"
        );
        return (text, Ink::Wrong);
    }
    if look.is_drained() {
        return ("nothing is left, and nothing will come".to_owned(), Ink::Strong);
    }
    let counts = &look.counts;
    let waits = |what| look.in_line(what) > 0;
    if counts.waiting > 0 && counts.leased >= look.max_leased && waits(Awaited::Item) {
        let text = format!(
            "all leases are out that there may be ({}): consumers wait until one is answered",
            look.max_leased
        );
        return (text, Ink::Waits);
    }
    match (look.here(Role::Producer), look.here(Role::Consumer)) {
        (0, 0) if counts.waiting == 0 => ("nobody is here".to_owned(), Ink::Quiet),
        (0, 0) => (format!("nobody is here, and {} for a consumer", wait(look)), Ink::Waits),
        (_, 0) if counts.waiting == 0 => ("no consumer is here".to_owned(), Ink::Plain),
        (_, 0) => (format!("no consumer is here, and {}", wait(look)), Ink::Waits),
        (0, _) if counts.unfinished() == 0 => {
            ("no producer is here: consumers wait for items".to_owned(), Ink::Plain)
        }
        (0, _) => (
            format!("no producer is here: consumers work off what is left{}", end(look, history)),
            Ink::Strong,
        ),
        (_, _) => between_the_two(history),
    }
}

/// When all that is left will be worked off, at the rate of late.
fn end(look: &Look, history: &History) -> String {
    let rate = history.rate(LATELY).map_or(0.0, |rate| rate.finished);
    let left = look.counts.unfinished() as f64 / rate;
    match Duration::try_from_secs_f64(left) {
        Ok(left) if rate > 0.0 => format!(", for about {}", age(left)),
        _ => String::new(),
    }
}

fn between_the_two(history: &History) -> (String, Ink) {
    let Some(measured) = history.lately() else { return ("…".to_owned(), Ink::Quiet) };
    let (producers, consumers) = measured.idle_percent();
    let span = span(Duration::from_secs_f64(measured.elapsed.as_secs_f64().round()));
    let text = match measured.bottleneck() {
        Bottleneck::Consumers => format!(
            "the consumers are the bottleneck: producers waited for room {producers:.0} % of the last {span}"
        ),
        Bottleneck::Producers => format!(
            "the producers are the bottleneck: consumers waited for items {consumers:.0} % of the last {span}"
        ),
        Bottleneck::Balanced | Bottleneck::Rate => {
            format!("both sides keep up with each other: neither waited much in the last {span}")
        }
        Bottleneck::Bursts => format!(
            "both sides wait in turns: in the last {span} producers for room {producers:.0} %, consumers for \
             items {consumers:.0} %"
        ),
    };
    (text, Ink::Strong)
}

/// Who waits for whom at this moment.
pub(super) fn waits(look: &Look) -> String {
    let told = |role: Role, what: Awaited, side: &str, goal: &str| {
        let longest = look.waiting_for(what).max();
        // A server does not tell since when.
        let since = |words: &str| {
            longest.map_or_else(String::new, |time| format!(", {words} {}", age(time)))
        };
        match (look.here(role), look.in_line(what)) {
            (0, _) => format!("no {side}"),
            (1, 0) => format!("the {side} does not wait"),
            (all, 0) => format!("none of {all} {side}s waits"),
            (1, _) => format!("the {side} waits for {goal}{}", since("for")),
            (all, count) if count >= all => {
                format!("all {all} {side}s wait for {goal}{}", since("the first for"))
            }
            (all, 1) => format!("1 of {all} {side}s waits for {goal}{}", since("for")),
            (all, count) => {
                format!("{count} of {all} {side}s wait for {goal}{}", since("the first for"))
            }
        }
    };
    let mut text = told(Role::Producer, Awaited::Room, "producer", "room");
    text += "; ";
    text += &told(Role::Consumer, Awaited::Item, "consumer", "an item");
    let joins = look.waiting_for(Awaited::Idle).count();
    if joins > 0 {
        let _ = write!(text, "; {joins} in join");
    }
    text
}

/// Where the items are.
pub(super) fn items(look: &Look) -> String {
    let counts = &look.counts;
    let mut text = wait(look);
    if let Some(oldest) = look.oldest.filter(|_| counts.waiting > 0) {
        let _ = write!(text, " (the next for {})", age(oldest));
    }
    text += &beyond(counts.waiting, look.capacity);
    let _ = write!(text, ", {} leased", counts.leased);
    for (count, what) in
        [(counts.reserved, "being put"), (counts.dead, "dead"), (counts.dropped, "dropped")]
    {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
}

fn wait(look: &Look) -> String {
    match look.counts.waiting {
        0 => "none waits".to_owned(),
        1 => "1 item waits".to_owned(),
        many => format!("{many} items wait"),
    }
}

/// What a participant waits for now.
pub(super) fn deed(member: &Member) -> (String, Ink) {
    if !member.lives {
        return ("dead, unnoticed".to_owned(), Ink::Wrong);
    }
    match member.waits {
        Some((awaited, time)) => {
            let goal = match awaited {
                Awaited::Room => "room",
                Awaited::Item => "an item",
                _ => "the end",
            };
            (format!("for {goal}, {}", age(time)), Ink::Waits)
        }
        None => (String::new(), Ink::Plain),
    }
}

pub(super) fn role(role: Role) -> (&'static str, Ink) {
    match role {
        Role::Producer => ("producer", Ink::Producer),
        Role::Consumer => ("consumer", Ink::Consumer),
        _ => ("other", Ink::Quiet),
    }
}

/// A time as a person says it.
pub(super) fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3_600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {:02} m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A span of time that somebody chose.
pub(super) fn span(time: Duration) -> String {
    let is_whole = time.subsec_millis() == 0 && (1..60).contains(&time.as_secs());
    if is_whole { format!("{} s", time.as_secs()) } else { age(time) }
}

/// Items in a second, as exact as one can read.
pub(super) fn rate(rate: f64) -> String {
    match rate {
        0.0 => "0/s".to_owned(),
        ..9.95 => format!("{rate:.1}/s"),
        ..99_999.5 => format!("{rate:.0}/s"),
        ..9_999_500.0 => format!("{:.0}k/s", rate / 1e3),
        _ => format!("{:.0}M/s", rate / 1e6),
    }
}

/// A number of bytes.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while value >= 1023.95 {
        let Some(next) = units.next() else { break };
        (value, unit) = (value / 1024.0, Some(next));
    }
    format!("{value:.1} {}", unit.unwrap_or(&""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_rates_and_sizes_are_short() {
        let ages = [80, 1_000, 3_449, 65_000, 7_500_000, 180_000_000];
        let ages = ages.map(|millis| age(Duration::from_millis(millis)));
        assert_eq!(ages, ["80 ms", "1.0 s", "3.4 s", "1 m 05 s", "2 h 05 m", "2 d 02 h"]);
        let rates = [0.0, 0.25, 9.94, 10.0, 1_234.5, 123_456.0, 12_345_678.0].map(rate);
        assert_eq!(rates, ["0/s", "0.2/s", "9.9/s", "10/s", "1234/s", "123k/s", "12M/s"]);
        let sizes = [512, 1024, 1_048_575, 1 << 20, 5 << 30].map(bytes);
        assert_eq!(sizes, ["512 B", "1.0 KiB", "1.0 MiB", "1.0 MiB", "5.0 GiB"]);
    }
}
