//! The scenes that every textbook has.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::forebay::{Watchdog, account, demo, depths, items, output, told};

/// Those in which every put and take is told.
const CLASSICS: [&str; 4] = ["squares", "random", "semaphores", "monitor"];

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
    for scene in CLASSICS {
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
    for scene in CLASSICS {
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
    for scene in CLASSICS {
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
