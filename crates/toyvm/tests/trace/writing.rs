//! What a trace says.

use std::io::{self, Write};

use serde_json::{Value as Json, json};
use toyvm::machine::{Machine, Service};
use toyvm::run::{self, Pace, Stage};
use toyvm::scheduler::RoundRobin;
use toyvm::source::{ExtraThread, Selection, Source};
use toyvm::trace::{About, Recorder};

use crate::programs::{self, Run};

fn round_robin(text: &str) -> Run {
    let mut machine = Machine::new(programs::program(text));
    let recorder = Recorder::new(Vec::new(), &machine, &About::default());
    let mut stage = Stage { choices: run::choices(0), observer: recorder };
    let outcome = run::run(&mut machine, RoundRobin::default(), &mut stage, Pace::default());
    let trace = stage.observer.finish(&machine, &outcome, outcome.status()).unwrap();
    Run { trace, machine, outcome }
}

/// The first line of an instruction.
fn step<'a>(lines: &'a [Json], instruction: &str) -> &'a Json {
    let found = lines.iter().find(|line| line["do"] == instruction);
    found.unwrap_or_else(|| panic!("nobody does {instruction}"))
}

#[test]
fn the_first_line_holds_all_that_is_needed_to_run_it_again() {
    let text = "main = [('NOP',)]\nother = [('NOP',)]\n# ünïcode \"\t\n";
    let thread = ExtraThread { name: "x".to_owned(), list: "other".to_owned(), priority: -3 };
    let selection =
        Selection { entry: Some("main".to_owned()), threads: vec![thread], ..Selection::default() };
    let source = Source::new("a \"name\".py", text.as_bytes().to_vec()).unwrap();
    let program = toyvm::source::load(source, &selection).unwrap().program;
    let machine = Machine::with(program.into(), Service::Weak, toyvm::machine::Limits::default());
    let about = About {
        selection,
        scheduler: "pct --depth 3".to_owned(),
        seed: Some(u64::MAX),
        max_steps: 17,
        repeats_from: Some(5),
    };
    let outcome =
        run::Outcome { end: run::End::Finished, steps: 0, failed: Vec::new(), cycles: Vec::new() };
    let trace = Recorder::new(Vec::new(), &machine, &about).finish(&machine, &outcome, 0).unwrap();
    let header: Json = serde_json::from_slice(programs::lines(&trace).next().unwrap()).unwrap();
    assert_eq!(
        header,
        json!({
            "toyvm-trace": 1,
            "program": {
                "name": "a \"name\".py",
                "sha256": "88a23bab7994e7b2a0594d43227e164d863b5be9aefefb2cdd33c64228b9dabb",
                "text": text,
            },
            "entry": "main",
            "extra": [{"name": "x", "list": "other", "priority": -3}],
            "scheduler": "pct --depth 3",
            "seed": u64::MAX,
            "repeats_from": 5,
            "service": "weak",
            "max_steps": 17,
            "threads": [
                {"kind": "thread", "index": 0, "name": "main", "list": "main", "priority": 0},
                {"kind": "thread", "index": 1, "name": "x", "list": "other", "priority": -3},
            ],
            "objects": [],
            "globals": {},
            "enabled": [0, 1],
        })
    );
    let recording = toyvm::trace::Recording::read(trace.as_slice()).unwrap();
    let read = recording.about();
    assert_eq!(
        (read.seed, read.max_steps, recording.service()),
        (Some(u64::MAX), 17, Service::Weak)
    );
    assert_eq!((read.scheduler.as_str(), recording.program_text()), ("pct --depth 3", text));
    assert_eq!(recording.machine().unwrap().state(), machine.state());
}

#[test]
fn steps_tell_what_they_change() {
    let lines = round_robin(programs::MESSAGES).lines();
    let start = step(&lines, "THREAD_CREATE [producer, consumer]");
    assert_eq!(start["pop"], 1);
    assert_eq!(start["push"], json!([{"thread": 1}]));
    assert_eq!(
        start["new"],
        json!({"kind": "thread", "index": 1, "name": "thread-0", "list": "producer", "priority": 1})
    );
    assert_eq!(start["on"], json!([1]));
    let queue = step(&lines, "BOUNDED_QUEUE_CREATE");
    assert_eq!(
        queue["new"],
        json!({"kind": "queue", "index": 0, "name": "queue-0", "capacity": 1})
    );
    assert_eq!(step(&lines, "STORE \"left\"")["vars"], json!({"left": 3}));
    assert_eq!(step(&lines, "GLOBAL_STORE \"q\"")["globals"], json!({"q": {"queue": 0}}));
    assert_eq!(step(&lines, "ATOMIC_INCREMENT")["set"], json!([["counter", 0, 1]]));
    assert!(step(&lines, "RANDOM 10")["chose"].as_u64().unwrap() < 10);
    let jump = lines.iter().find(|line| line["to"] == 2).unwrap();
    assert_eq!((&jump["do"], &jump["pop"]), (&json!("JUMP_IF 2"), &json!(1)));
    let last = lines.iter().rfind(|line| !line["print"].is_null()).unwrap();
    assert_eq!(last["print"], "[main] a line\n\"quoted\" \\ \t\u{1b}[31m ☃");
    assert_eq!(lines.last().unwrap()["end"], "finished");
    assert_eq!(lines.last().unwrap()["status"], 0);
}

#[test]
fn who_waits_says_for_what_and_who_has_it() {
    let lines = round_robin(programs::DEADLOCK).lines();
    let told = lines.iter().flat_map(|line| line["threads"].as_array().into_iter().flatten());
    let waits: Vec<&Json> = told.filter(|it| it["is"] == "waiting").collect();
    assert_eq!(
        *waits[0],
        json!({"thread": 0, "is": "waiting", "for": {"lock": 1}, "name": "b", "owner": 1})
    );
    let cycle = lines.iter().find(|line| line["finding"] == "cycle").unwrap();
    assert_eq!(cycle["threads"], json!([1, 0]));
    assert_eq!(
        cycle["text"][0],
        "right waits at line 6 (LOCK_ACQUIRE) for lock a, which left holds"
    );
    // The clock wakes two at once, between two steps.
    let clock = lines.iter().find(|line| !line["clock"].is_null()).unwrap();
    assert!(clock["n"].is_null());
    let end = lines.last().unwrap();
    assert_eq!((&end["end"], &end["status"]), (&json!("deadlock"), &json!(1)));
    assert_eq!(end["waits"].as_array().unwrap().len(), 3);
}

#[test]
fn failures_and_broken_claims_are_told() {
    let lines = round_robin(programs::DEATHS).lines();
    let failed = lines.iter().flat_map(|line| line["threads"].as_array().into_iter().flatten());
    let failed: Vec<&Json> = failed.filter(|it| it["is"] == "failed").collect();
    assert!(failed.iter().any(|it| it["why"] == "division by zero"), "{failed:?}");
    let end = lines.last().unwrap();
    assert_eq!(end["failed"].as_array().unwrap().len(), 3);
    assert_eq!(end["status"], 2);
    let claims = |end: &str| {
        let run = |seed| programs::random_run(programs::CLAIMS, Service::InOrder, seed).lines();
        let ends = (0..50).map(|seed| run(seed).pop().unwrap());
        ends.into_iter().find(|it| it["end"] == end).unwrap()
    };
    assert_eq!(claims("assertion")["thread"], 2);
    let broken = claims("invariant");
    assert_eq!((&broken["claim"], &broken["thread"]), (&json!("x < 5"), &json!(1)));
    assert_eq!((&broken["pc"], &broken["status"]), (&json!(1), &json!(1)));
}

#[test]
fn findings_of_others_are_lines_of_their_own() {
    let machine = Machine::new(programs::program("main = [('NOP',)]"));
    let mut recorder = Recorder::new(Vec::new(), &machine, &About::default());
    recorder.finding("race", "main and other race on `x`");
    let outcome = run::Outcome {
        end: run::End::OutOfSteps,
        steps: 0,
        failed: Vec::new(),
        cycles: Vec::new(),
    };
    let trace = recorder.finish(&machine, &outcome, 1).unwrap();
    let recording = toyvm::trace::Recording::read(trace.as_slice()).unwrap();
    let finding = &recording.findings()[0];
    assert_eq!((finding.kind.as_str(), finding.step), ("race", 0));
    assert_eq!(finding.text, ["main and other race on `x`"]);
    assert_eq!((recording.end(), recording.status()), (Some("out of steps"), Some(1)));
}

/// A disk that is full after so many bytes.
struct Full {
    room: usize,
    refused: usize,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            self.refused += 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_ends_the_trace_and_not_the_run() {
    let mut machine = Machine::new(programs::program(programs::DEADLOCK));
    let mut disk = Full { room: 1500, refused: 0 };
    let recorder = Recorder::new(&mut disk, &machine, &About::default());
    let mut stage = Stage { choices: run::choices(0), observer: recorder };
    let outcome = run::run(&mut machine, RoundRobin::default(), &mut stage, Pace::default());
    assert_eq!(outcome.end, run::End::Deadlock);
    let error = stage.observer.finish(&machine, &outcome, 1).map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!((disk.room, disk.refused), (0, 1), "it goes on asking a full disk");
}
