//! Recordings drawn for other programs, and for the terminal.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value as Json;
use toyvm::Machine;
use toyvm::machine::Service;
use toyvm::trace::lanes::Style;
use toyvm::trace::{
    About, Decision, ExportError, Recording, dot, lanes, mermaid, perfetto, record, shiviz,
};

use crate::programs::{self, Run, random_run};

fn text(drawing: Result<Vec<u8>, ExportError>) -> String {
    String::from_utf8(drawing.unwrap()).unwrap()
}

fn timeline(run: &Run) -> Vec<Json> {
    let text = text(perfetto::export(&run.recording(), Vec::new()));
    let json: Json = serde_json::from_str(&text).unwrap();
    json["traceEvents"].as_array().unwrap().clone()
}

/// A track, and when a slice of it begins and ends.
fn slice(event: &Json) -> ((u64, u64), u64, u64) {
    let number = |key: &str| event[key].as_u64().unwrap_or_else(|| panic!("{key} of {event}"));
    ((number("pid"), number("tid")), number("ts"), number("ts") + number("dur"))
}

#[test]
fn slices_of_a_track_nest_and_arrows_have_two_ends() {
    let mut arrows = BTreeSet::new();
    for (name, run) in programs::runs() {
        let events = timeline(&run);
        let mut tracks: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
        let mut named = BTreeSet::new();
        let mut open: HashMap<u64, &Json> = HashMap::new();
        for event in &events {
            match event["ph"].as_str().unwrap() {
                "X" => {
                    let (track, begins, ends) = slice(event);
                    tracks.entry(track).or_default().push((begins, ends));
                }
                "M" if event["name"] == "thread_name" => {
                    named.insert((event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap()));
                }
                "s" => assert!(open.insert(event["id"].as_u64().unwrap(), event).is_none()),
                "f" => {
                    let from = open.remove(&event["id"].as_u64().unwrap()).unwrap();
                    assert!(from["ts"].as_u64() <= event["ts"].as_u64(), "{name}: back in time");
                    assert_eq!(event["bp"], "e");
                    arrows.insert(event["name"].as_str().unwrap().to_owned());
                    for end in [from, event] {
                        let (tid, at) = (end["tid"].as_u64(), end["ts"].as_u64().unwrap());
                        let here = events.iter().filter(|it| it["ph"] == "X" && it["pid"] == 1);
                        let mut here = here.filter(|it| it["tid"].as_u64() == tid).map(slice);
                        assert!(
                            here.any(|(_, begins, ends)| begins <= at && at < ends),
                            "{name}: no slice for {end}"
                        );
                    }
                }
                "i" | "M" => {}
                other => panic!("{other}"),
            }
        }
        assert!(open.is_empty(), "{name}");
        for (track, mut slices) in tracks {
            assert!(named.contains(&track), "{name}: {track:?} has no name");
            slices.sort_by_key(|(begins, ends)| (*begins, u64::MAX - ends));
            let mut around: Vec<u64> = Vec::new();
            for (begins, ends) in slices {
                around.retain(|end| *end > begins);
                assert!(around.iter().all(|end| *end >= ends), "{name}: slices of {track:?} cross");
                around.push(ends);
            }
        }
        let steps = events.iter().filter(|event| event["cat"] == "step").count();
        assert_eq!(steps as u64, run.outcome.steps, "{name}");
    }
    let all = ["join", "lock", "message", "notify", "semaphore", "start"];
    assert_eq!(arrows.iter().map(String::as_str).collect::<Vec<_>>(), all);
}

#[test]
fn a_timeline_shows_waits_sleeps_locks_and_what_is_printed() {
    let events = timeline(&random_run(programs::DEADLOCK, Service::InOrder, 0));
    let named = |name: &str| events.iter().filter(|event| event["name"] == name).count();
    assert_eq!(named("waits for lock b (held by right)"), 1);
    assert_eq!(named("sleeps"), 3);
    let held: Vec<_> = events.iter().filter(|event| event["cat"] == "lock").collect();
    assert_eq!(held.len(), 2);
    let last = events.iter().filter(|it| it["ph"] == "X").map(|it| slice(it).2).max();
    assert!(held.iter().all(|it| Some(slice(it).2) == last), "they are held to the end");
    let events = timeline(&random_run(programs::DEATHS, Service::InOrder, 0));
    let printed = events.iter().find(|event| event["ph"] == "i").unwrap();
    assert!(printed["name"].as_str().unwrap().starts_with("[thread-"));
    let alone = "main = [('SLEEP', 2), ('NOP',), ('NOP',)]";
    let events = timeline(&random_run(alone, Service::InOrder, 0));
    let sleep = events.iter().find(|event| event["name"] == "sleeps").unwrap();
    assert_eq!(slice(sleep), ((1, 1), 1, 2001), "it ends with the sleep");
}

#[test]
fn each_unit_of_a_semaphore_has_one_arrow() {
    let text_of = r#"
both = [
    ("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"), ("SEMAPHORE_RELEASE",),
    ("PUSH", "s"), ("SEMAPHORE_ACQUIRE",),
]
vm = ToyVM()
s = vm.create_semaphore(1, "s")
vm.create_thread(both, "a")
vm.create_thread(both, "b")
"#;
    let mut machine = Machine::new(programs::program(text_of));
    let threads: Vec<_> = machine.state().thread_ids().collect();
    let turns = [0, 0, 0, 0, 1, 1, 1, 1, 0, 0].map(|at: usize| Decision::of(threads[at]));
    let (trace, _) = record(&mut machine, &About::default(), &turns, Vec::new()).unwrap();
    let run = Recording::read(trace.as_slice()).unwrap();
    let events: Json = serde_json::from_str(&text(perfetto::export(&run, Vec::new()))).unwrap();
    let events = events["traceEvents"].as_array().unwrap();
    let ends = events.iter().filter(|event| event["ph"] == "s" || event["ph"] == "f");
    let ends: Vec<_> = ends.map(|it| (it["tid"].as_u64(), it["ts"].as_u64())).collect();
    // What was there from the beginning comes from nobody.
    let at = |tid, ts| (Some(tid), Some(ts));
    assert_eq!(ends, [at(1, 3), at(2, 5), at(2, 7), at(1, 9)]);
}

#[test]
fn vector_clocks_are_such() {
    let mut learned = 0;
    for (name, run) in programs::runs() {
        let log = text(shiviz::export(&run.recording(), Vec::new()));
        let mut lines = log.lines();
        assert_eq!(lines.next(), Some(r"(?<event>.*)\n(?<host>\S*) (?<clock>{.*})"));
        assert_eq!(lines.next(), Some(""));
        // By host and number of the event, its clock.
        let mut clocks: HashMap<(String, u64), HashMap<String, u64>> = HashMap::new();
        let mut last: HashMap<String, HashMap<String, u64>> = HashMap::new();
        while let Some(event) = lines.next() {
            assert!(!event.is_empty(), "{name}");
            let (host, clock) = lines.next().unwrap().split_once(' ').unwrap();
            let clock: HashMap<String, u64> = serde_json::from_str(clock).unwrap();
            let before = last.get(host).cloned().unwrap_or_default();
            assert_eq!(clock[host], before.get(host).unwrap_or(&0) + 1, "{name}: {event}");
            for (other, known) in &before {
                assert!(clock[other] >= *known, "{name}: {host} forgets at {event}");
            }
            for (other, known) in clock.iter().filter(|(other, _)| *other != host) {
                // What it knows of another's event, it knows all that the other knew.
                let theirs = &clocks[&(other.clone(), *known)];
                for (third, told) in theirs {
                    assert!(clock[third] >= *told, "{name}: {host} at {event} lacks {third}");
                }
                learned += 1;
            }
            clocks.insert((host.to_owned(), clock[host]), clock.clone());
            last.insert(host.to_owned(), clock);
        }
    }
    assert!(learned > 1000);
}

#[test]
fn hosts_have_no_blanks_and_differ() {
    let text_of = r#"
main = [("NOP",), ("PUSH", 1), ("GLOBAL_STORE", "x"), ("PRINT", "a\nb")]
vm = ToyVM()
vm.create_thread(main, "a b")
vm.create_thread(main, "a_b")
"#;
    let run = random_run(text_of, Service::InOrder, 0);
    let log = text(shiviz::export(&run.recording(), Vec::new()));
    assert!(log.contains("\na_b {\"a_b\":1}\n"), "{log}");
    assert!(log.contains("\na_b#1 {\"a_b#1\":1}\n"), "{log}");
    assert!(log.contains("\n[a b] a b\n"), "{log}");
}

#[test]
fn a_sequence_diagram_draws_who_lets_whom_go_on() {
    let run = random_run(programs::MESSAGES, Service::InOrder, 4);
    let diagram = text(mermaid::export(&run.recording(), 10_000, Vec::new()));
    let lines: Vec<&str> = diagram.lines().collect();
    assert_eq!(lines[0], "sequenceDiagram");
    assert_eq!(lines[1], "    participant t0 as main");
    assert!(lines.contains(&"    t0->>t1: starts thread-0"));
    assert!(diagram.contains("    t1-)t"), "no message arrives: {diagram}");
    assert!(diagram.contains("waits for room in queue-0"), "{diagram}");
    for line in &lines[1..] {
        let rest = line.trim_start().split_once(": ").map_or(*line, |(_, text)| text);
        let entities = rest.split('#').skip(1);
        for entity in entities {
            assert!(entity.contains(';'), "{line}");
        }
        assert!(!rest.replace("<br/>", "").contains(['<', '>', '"']), "{line}");
    }
    assert!(!diagram.contains("more steps"));
}

#[test]
fn names_cannot_break_a_diagram() {
    let text_of = r#"
main = [("PRINT", "a; b #c <d>\n%% end")]
vm = ToyVM()
vm.create_thread(main, "x: y, z")
"#;
    let recording = random_run(text_of, Service::InOrder, 0).recording();
    assert_eq!(
        text(mermaid::export(&recording, 10, Vec::new())),
        "sequenceDiagram
    participant t0 as x#58; y#44; z
    Note over t0: [x#58; y#44; z] a#59; b #35;c #60;d#62;<br/>#37;#37; end
"
    );
}

#[test]
fn a_long_diagram_says_how_much_it_leaves_out() {
    let run = random_run(programs::MESSAGES, Service::InOrder, 4);
    let diagram = text(mermaid::export(&run.recording(), 5, Vec::new()));
    assert_eq!(diagram.lines().filter(|line| !line.contains("participant")).count(), 7);
    let last = diagram.lines().last().unwrap();
    let (_, more) = last.split_once("… ").unwrap();
    let more: u64 = more.strip_suffix(" more steps").unwrap().parse().unwrap();
    assert!(more > 50 && more < run.outcome.steps, "{last}");
    let deadlock = random_run(programs::DEADLOCK, Service::InOrder, 0);
    let diagram = text(mermaid::export(&deadlock.recording(), mermaid::MOST, Vec::new()));
    assert!(diagram.contains("DEADLOCK<br/>left waits at line 3"), "{diagram}");
}

#[test]
fn a_cycle_is_red_and_who_waits_beside_it_is_not() {
    let recording = random_run(programs::DEADLOCK, Service::InOrder, 0).recording();
    let graph = text(dot::export(&recording, None, Vec::new()));
    assert_eq!(
        graph,
        "digraph waits {
  rankdir=LR;
  node [fontname=\"sans-serif\"];
  edge [fontname=\"sans-serif\", fontsize=10];
  thread_0 [shape=box, label=\"left\\nwaiting at line 3\", color=red];
  thread_1 [shape=box, label=\"right\\nwaiting at line 6\", color=red];
  thread_2 [shape=box, label=\"idle\\nwaiting at line 8\"];
  lock_0 [shape=ellipse, label=\"lock a\", color=red];
  lock_1 [shape=ellipse, label=\"lock b\", color=red];
  thread_0 -> lock_1 [label=\"waits for\", color=red];
  thread_1 -> lock_0 [label=\"waits for\", color=red];
  thread_2 -> lock_0 [label=\"waits for\"];
  lock_0 -> thread_0 [label=\"held by\", color=red];
  lock_1 -> thread_1 [label=\"held by\", color=red];
}
"
    );
    let early = text(dot::export(&recording, Some(2), Vec::new()));
    assert!(early.contains("nobody waits"), "{early}");
}

#[test]
fn names_cannot_break_a_graph() {
    let text_of = "
main = [('PUSH', 'a\"b\\\\'), ('DUP',), ('LOCK_ACQUIRE',), ('LOCK_ACQUIRE',)]
vm = ToyVM()
m = vm.create_lock('a\"b\\\\')
vm.create_thread(main, 'x\\ny\"')
";
    let recording = random_run(text_of, Service::InOrder, 0).recording();
    let graph = text(dot::export(&recording, None, Vec::new()));
    assert!(graph.contains(r#"label="lock a\"b\\""#), "{graph}");
    assert!(graph.contains(r#"label="x\ny\"\nwaiting at line 2""#), "{graph}");
}

#[test]
fn lanes_show_each_thread_in_its_own() {
    let recording = random_run(programs::DEADLOCK, Service::InOrder, 0).recording();
    let drawing = text(lanes::export(&recording, Style::default(), Vec::new()));
    let lines: Vec<&str> = drawing.lines().collect();
    let column = |name: &str| lines[0].find(name).unwrap();
    let cell = |line: &str, name: &str| {
        line.chars().skip(column(name)).collect::<String>().trim().to_owned()
    };
    let waits = lines.iter().position(|line| line.contains("waits for lock a")).unwrap();
    let name = if cell(lines[waits], "right").starts_with("waits") { "right" } else { "idle" };
    assert!(cell(lines[waits], name).starts_with("waits for lock a"), "{drawing}");
    let bars = lines[waits + 1..].iter().take_while(|line| !line.starts_with("deadlock"));
    assert!(bars.clone().count() > 0, "{drawing}");
    for line in bars {
        assert!(cell(line, name).starts_with('║'), "{drawing}");
    }
    assert!(lines.iter().any(|line| line.starts_with("time")), "{drawing}");
    assert!(drawing.contains("deadlock after "), "{drawing}");
}

#[test]
fn bars_are_as_they_were_at_the_row() {
    let text_of = r#"
main = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", 0), ("THREAD_CREATE", [other]), ("SLEEP", 1),
    ("PUSH", 1), ("POP",), ("PUSH", "m"), ("LOCK_RELEASE",), ("NOP",), ("NOP",),
]
other = [("PUSH", "m"), ("LOCK_ACQUIRE",), ("SLEEP", 1)]
vm = ToyVM()
m = vm.create_lock("m")
vm.create_thread(main, "main")
"#;
    let run = random_run(text_of, Service::InOrder, 0);
    let drawing = text(lanes::export(&run.recording(), Style::default(), Vec::new()));
    let local = drawing.lines().find(|line| line.contains("PUSH 1; POP")).unwrap();
    assert!(local.ends_with('║'), "it waits still:\n{drawing}");
    let after = drawing.lines().rfind(|line| line.contains("NOP") && !line.contains("SLEEP"));
    assert!(!after.unwrap().ends_with('║'), "{drawing}");
}

#[test]
fn lanes_keep_to_their_width_and_to_plain_characters() {
    for columns in [0, 1, 20, 60, 300] {
        for (name, run) in programs::runs().filter(|(name, _)| name.ends_with("seed 1")) {
            let plain = Style { columns, ascii: true, color: false, end: true };
            // As if it went round from there.
            let trace = String::from_utf8(run.trace).unwrap();
            let round = trace.replacen("\"max_steps\":", "\"repeats_from\":2,\"max_steps\":", 1);
            let recording = Recording::read(round.as_bytes()).unwrap();
            let drawing = text(lanes::export(&recording, plain, Vec::new()));
            let rules = drawing.lines().filter(|line| line.starts_with("--")).count();
            assert!(columns < 20 || rules == 2, "{drawing}");
            assert!(drawing.bytes().all(|byte| byte == b'\n' || (b' '..127).contains(&byte)));
            let rows = drawing.lines().take_while(|line| !line.contains(" after "));
            for row in rows {
                let width = row.chars().count();
                assert!(columns < 20 || width <= columns, "{name}, {columns}: {width} {row}");
            }
            let colors = Style { color: true, ..plain };
            let colored = text(lanes::export(&recording, colors, Vec::new()));
            let mut bare = colored.clone();
            for code in ["\x1b[31m", "\x1b[2m", "\x1b[32m", "\x1b[0m"] {
                bare = bare.replace(code, "");
            }
            let trimmed =
                |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
            assert_eq!(trimmed(&bare), trimmed(&drawing), "{name}");
            assert_eq!(colored.matches('\x1b').count() % 2, 0);
        }
    }
}

#[test]
fn what_is_printed_cannot_command_a_terminal() {
    let run = random_run(programs::MESSAGES, Service::InOrder, 2);
    let drawing = text(lanes::export(&run.recording(), Style::default(), Vec::new()));
    assert!(!drawing.contains('\x1b'), "{drawing}");
    assert!(drawing.contains("» [main] a line?\"quoted\""), "{drawing}");
}

#[test]
fn more_threads_than_a_log_can_hold_are_refused() {
    let forks = |threads: usize| {
        let create = "('PUSH', 0), ('THREAD_CREATE', [[('NOP',)]]), ('POP',),";
        let run =
            random_run(&format!("main = [{}]", create.repeat(threads - 1)), Service::InOrder, 0);
        shiviz::export(&run.recording(), Vec::new())
    };
    assert!(forks(shiviz::MOST_THREADS).is_ok());
    match forks(shiviz::MOST_THREADS + 1) {
        Err(ExportError::TooManyThreads { threads: 501, most: 500 }) => {}
        other => panic!("{other:?}"),
    }
}
