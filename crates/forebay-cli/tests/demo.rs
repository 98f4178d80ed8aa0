//! `forebay demo`, run as a user runs it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Those that are played with threads.
const SCENES: [&str; 4] = ["squares", "random", "semaphores", "monitor"];

/// Longer than any scene takes on the slowest machine.
const HANGS: Duration = Duration::from_mins(2);

fn demo(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
    command.arg("demo").args(arguments.split_whitespace()).stdin(Stdio::null());
    command
}

fn output(arguments: &str) -> Output {
    let child = demo(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    finished(child.expect("the command starts"))
}

/// What a scene printed when it has ended.
fn finished(child: Child) -> Output {
    let watchdog = Watchdog::over(&child);
    let output = child.wait_with_output().expect("it can be waited for");
    watchdog.call_off();
    output
}

/// Kills a scene that hangs, and so fails its test.
struct Watchdog {
    leash: Sender<()>,
    barked: JoinHandle<bool>,
}

impl Watchdog {
    fn over(child: &Child) -> Self {
        let pid = Pid::from_child(child);
        let (leash, held) = mpsc::channel();
        let barked = thread::spawn(move || {
            let hangs = held.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout);
            hangs && kill_process(pid, Signal::KILL).is_ok()
        });
        Self { leash, barked }
    }

    fn call_off(self) {
        drop(self.leash);
        assert!(!self.barked.join().unwrap(), "it hung, and was killed");
    }
}

/// What a scene that ends well prints.
fn told(arguments: &str) -> String {
    let output = output(arguments);
    assert!(output.status.success(), "{arguments}: {output:?}");
    assert!(output.stderr.is_empty(), "{arguments}: {output:?}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// The three counts of the last line.
fn account(told: &str) -> [u64; 3] {
    let last = told.lines().last().expect("there is a last line");
    let counts: Vec<u64> = last
        .split(", ")
        .zip(["produced", "consumed", "remaining"])
        .map(|(part, word)| {
            let (count, its_word) = part.split_once(' ').expect("a count and a word");
            assert_eq!(its_word, word, "{last}");
            count.parse().expect("a count")
        })
        .collect();
    counts.try_into().unwrap_or_else(|_| panic!("three counts: {last}"))
}

/// The depths in a scene's lines, as `(waiting, capacity)`.
fn depths(told: &str) -> Vec<(u64, u64)> {
    told.lines()
        .filter_map(|line| line.rsplit_once('(')?.1.strip_suffix(')'))
        .filter_map(|depth| {
            let (waiting, capacity) = depth.split_once(" of ")?;
            let waiting = waiting.rsplit(' ').next()?;
            Some((waiting.parse().ok()?, capacity.parse().ok()?))
        })
        .collect()
}

/// What stands after `verb` in the lines of a scene, up to the depth or the next step.
fn items<'a>(told: &'a str, verb: &str) -> Vec<&'a str> {
    told.lines()
        .filter_map(|line| line.split_once(verb))
        .map(|(_, rest)| rest.split([',', '(']).next().expect("split gives one").trim())
        .collect()
}

#[test]
fn without_a_name_the_scenes_are_listed() {
    let told = told("");
    let names: Vec<&str> = told.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, [SCENES.as_slice(), &["toyvm"]].concat());
    assert!(told.lines().all(|line| line.split_whitespace().count() > 3), "{told}");
}

#[test]
fn toyvm_explains_a_lock_a_missing_lock_and_the_bounded_buffer() {
    let told = told("toyvm --seed 7");
    for line in [
        "counter = 200 after 200 additions: none is lost.",
        "thread-1  sets 1, having seen 0: an addition in between is lost",
        "counter = 149 after 200 additions: 51 are lost.",
        "[     ] waits: the buffer is empty",
        "[#    ] puts an item",
        "16 produced, 16 consumed",
        "places were taken; producers waited",
    ] {
        assert!(told.contains(line), "{line:?} in {told}");
    }
    assert!(output("toyvm --items 3").status.code() == Some(255));
}

#[test]
fn every_scene_accounts_for_every_item() {
    for (scene, items) in [("squares", 100), ("semaphores", 16), ("monitor", 16)] {
        assert_eq!(account(&told(scene)), [items, items, 0], "{scene}");
    }
    assert_eq!(account(&told("random --items 20")), [20, 20, 0]);
}

#[test]
fn every_flag_works_on_every_scene() {
    for scene in SCENES {
        let told =
            told(&format!("{scene} --items 11 --producers 3 --consumers 2 --capacity 2 --seed 5"));
        assert_eq!(account(&told), [11, 11, 0]);
        let first = told.lines().next().unwrap();
        assert_eq!(
            first,
            format!("{scene}: 3 producers, 2 consumers, capacity 2, 11 items, seed 5")
        );
        assert!(told.contains("producer-3 ") && told.contains("consumer-2 "), "{told}");
        assert!(!told.contains("producer-4") && !told.contains("consumer-3"), "{told}");
    }
}

#[test]
fn never_more_waits_than_the_capacity() {
    for scene in SCENES {
        for capacity in [1, 3] {
            let told = told(&format!("{scene} --items 24 --capacity {capacity}"));
            let depths = depths(&told);
            assert!(depths.len() >= 48, "each put and each take tells the depth: {told}");
            for (waiting, of) in depths {
                assert!(waiting <= of && of == capacity, "{told}");
            }
            let mark = format!(" of {capacity}");
            let high_water = told.lines().find(|line| line.starts_with("high-water mark")).unwrap();
            assert!(high_water.ends_with(&mark), "{high_water}");
        }
    }
}

#[test]
fn more_on_a_side_than_items_is_fine() {
    for scene in SCENES {
        let told = told(&format!("{scene} --items 2 --producers 5 --consumers 9 --capacity 1"));
        assert_eq!(account(&told), [2, 2, 0], "{told}");
    }
}

#[test]
fn squares_are_complete_and_in_order_every_time() {
    for _ in 0..5 {
        let told = told("squares --capacity 2 --consumers 4");
        let printed: Vec<u64> = told
            .lines()
            .filter(|line| line.split_whitespace().all(|word| word.parse::<u64>().is_ok()))
            .flat_map(str::split_whitespace)
            .map(|word| word.parse().unwrap())
            .collect();
        assert_eq!(printed, (0..100).map(|n| n * n).collect::<Vec<u64>>());
        assert!(told.contains("\nsum 328350\n"), "{told}");
        let (before, after) = told.split_once("joined after").expect("join is told");
        assert_eq!(items(before, "leases ").len(), 100, "all are leased before the join returns");
        assert_eq!(items(after, "leases ").len(), 0);
    }
}

#[test]
fn ids_are_given_once_and_taken_once() {
    for scene in ["semaphores", "monitor"] {
        let told = told(&format!("{scene} --items 40 --producers 4 --consumers 4 --capacity 2"));
        for verb in ["puts ", "takes "] {
            let seen = items(&told, verb);
            let expected: BTreeSet<String> = (0..40).map(|id| format!("item {id}")).collect();
            assert_eq!(seen.len(), 40, "{told}");
            assert_eq!(seen.into_iter().map(String::from).collect::<BTreeSet<_>>(), expected);
        }
        let ended = told.matches("finds no ticket left").count();
        assert_eq!(ended, 4, "every consumer ends by the count: {told}");
    }
}

#[test]
fn each_wait_and_signal_is_told() {
    let semaphores = told("semaphores --capacity 1 --consumers 1");
    for word in [
        "wait(empty)",
        "wait(filled)",
        "wait(mutex)",
        "signal(mutex)",
        "signal(filled)",
        "signal(empty)",
        "wait(empty) waits: buffer full (1 of 1)",
    ] {
        assert!(semaphores.contains(word), "{word}: {semaphores}");
    }
    let monitor = told("monitor --capacity 1 --consumers 1");
    for word in ["wait(not_full)", "signal(not_full)", "signal(not_empty)", "enters", "leaves"] {
        assert!(monitor.contains(word), "{word}: {monitor}");
    }
    // Whoever waits is told when it is woken, and how long it waited.
    for told in [&semaphores, &monitor] {
        assert_eq!(told.matches(") waits: ").count(), told.matches(") passed after ").count());
    }
}

#[test]
fn random_items_are_in_range_and_the_same_for_the_same_seed() {
    let numbers = |arguments: &str| {
        let told = told(arguments);
        let mut numbers: Vec<u64> =
            items(&told, "puts ").iter().map(|number| number.parse().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    let first = numbers("random --items 30 --seed 4");
    assert_eq!(first.len(), 30);
    assert!(first.iter().all(|number| *number <= 256), "{first:?}");
    assert_eq!(first, numbers("random --items 30 --seed 4"));
    assert_ne!(first, numbers("random --items 30 --seed 5"));
}

#[test]
fn a_run_says_its_seed() {
    let told = told("monitor");
    let seed = told.lines().next().unwrap().rsplit_once("seed ").unwrap().1;
    assert!(seed.parse::<u64>().is_ok(), "{told}");
}

#[test]
fn an_interruption_ends_random_with_its_account() {
    for signal in [Signal::INT, Signal::TERM] {
        // With so many producers and one place, some of them wait when the signal comes.
        let command = "random --producers 8 --consumers 1 --capacity 1";
        let mut scene = demo(command).stdout(Stdio::piped()).spawn().unwrap();
        let watchdog = Watchdog::over(&scene);
        let mut lines = BufReader::new(scene.stdout.take().unwrap());
        let mut told = String::new();
        while told.matches("waits: buffer full").count() < 9 {
            assert!(lines.read_line(&mut told).unwrap() > 0, "it ended by itself: {told}");
        }
        kill_process(Pid::from_child(&scene), signal).unwrap();
        lines.read_to_string(&mut told).unwrap();
        let status = scene.wait().unwrap();
        watchdog.call_off();
        assert!(status.success(), "Ctrl-C is how it ends");
        assert!(told.contains("interrupted"), "{told}");
        let [produced, consumed, remaining] = account(&told);
        assert_eq!(produced, consumed + remaining, "{told}");
        assert_eq!(items(&told, "puts ").len() as u64, produced, "{told}");
        assert_eq!(items(&told, "takes ").len() as u64, consumed, "{told}");
    }
}

#[test]
fn nobody_listening_any_more_ends_it_quietly() {
    for scene in SCENES {
        let mut child = demo(scene).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.starts_with(scene));
        // The reader is gone; `random` has no other end than noticing it.
        let output = finished(child);
        assert!(output.status.success(), "{scene}: {output:?}");
        assert!(output.stderr.is_empty(), "{scene}: {output:?}");
    }
}

#[test]
fn a_full_disk_is_said() {
    let full = std::fs::File::create("/dev/full");
    let Ok(full) = full else { return };
    let output = demo("monitor").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(255));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("cannot print"), "{complaint}");
}

#[test]
fn bad_input_is_one_clear_line() {
    for (arguments, word) in [
        ("squares --items 0", "--items 0"),
        ("random --producers 0", "--producers 0"),
        ("semaphores --consumers 0", "--consumers 0"),
        ("monitor --capacity 0", "--capacity 0"),
        ("monitor --capacity 18446744073709551615", "at most"),
        ("monitor --consumers 1001", "at most"),
        ("sqares", "squares, random, semaphores, monitor"),
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(255), "{arguments}");
        assert!(output.stdout.is_empty(), "{arguments}");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains(word), "{arguments}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{arguments}: {complaint}");
    }
}

#[test]
fn no_colour_where_no_terminal_is() {
    assert!(!told("monitor").contains('\x1b'));
}
