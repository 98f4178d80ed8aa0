//! Who gets in whose way: streams that are held back, races, and circles.

use crate::forebay::{account, items, number_before, row, told};

#[test]
fn the_source_of_a_stream_is_held_back_by_its_end() {
    for (flags, capacity, at_once) in [("", 3, 2), ("--capacity 1 --consumers 1", 1, 1)] {
        let told = told(&format!("reactive --items 20 {flags}"));
        assert_eq!(account(&told), [20, 20, 0]);
        assert!(told.contains("and is held back"), "{told}");
        let room = 2 * capacity + at_once + 2;
        assert!(told.contains(&format!("there is room for {room}: ")), "{told}");
        let most = number_before(&told, " readings were under way at once");
        assert!(most <= room && most > capacity, "{told}");
    }
}

#[test]
fn a_stream_brings_everything_in_the_order_in_which_it_was_pushed() {
    let told = told("reactive --items 15 --consumers 4 --seed 9");
    let numbers = |verb: &str| -> Vec<u64> {
        let told = told.lines().filter(|line| line.contains(verb));
        told.filter_map(|line| line.split(verb).nth(1)?.split([' ', ',']).next()?.parse().ok())
            .collect()
    };
    let squares: Vec<u64> = numbers("pushes ").iter().map(|n| n * n).collect();
    assert_eq!(squares.len(), 15, "{told}");
    assert_eq!(numbers("collector      takes "), squares, "{told}");
}

#[test]
fn the_same_seed_pushes_the_same_readings() {
    let pushed = |seed: u64| {
        let told = told(&format!("reactive --items 8 --seed {seed}"));
        items(&told, "pushes ")
            .iter()
            .map(|item| item.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(pushed(2), pushed(2));
    assert_ne!(pushed(2), pushed(3));
}

/// What the file says in the end, and what is lost, by the way in which it was added to.
fn ledger(told: &str, way: &str) -> [u64; 2] {
    let row = row(told, way);
    [row[0], row[1]].map(|cell| cell.parse().expect("a count"))
}

#[test]
fn what_a_race_loses_is_counted_and_coordination_loses_nothing() {
    let told = told("race --items 120");
    let [says, lost] = ledger(&told, "no coordination");
    assert_eq!(says + lost, 120, "{told}");
    assert!(lost > 0, "four who sleep between read and write do not miss each other: {told}");
    for way in ["a lock", "one owner"] {
        assert_eq!(ledger(&told, way), [120, 0], "{told}");
    }
    assert_eq!(account(&told), [120, 120, 0]);
    assert!(told.contains(", having read "), "{told}");
}

#[test]
fn a_race_without_rivals_is_told_as_it_was() {
    let told = told("race --producers 1 --items 20");
    assert_eq!(ledger(&told, "no coordination"), [20, 0], "{told}");
    assert!(told.contains("one alone loses nothing"), "{told}");
}

#[test]
fn the_circle_is_found_and_nothing_is_lost_in_it() {
    for flags in ["", "--items 2", "--items 9 --capacity 1"] {
        let told = told(&format!("deadlock {flags}"));
        let jobs = number_before(&told, " items, seed");
        let (_, walked) = told.split_once("15 folders walked: ").expect("the last part");
        let folders = number_before(walked, " through the buffer");
        assert_eq!(folders + number_before(walked, " out of its hands"), 15, "{told}");
        assert_eq!(account(&told), [jobs + folders, jobs + folders, 0], "{told}");
        for line in [
            "consumer-1 waits for the printer, which consumer-2 has;",
            "consumer-2 waits for the scanner, which consumer-1 has;",
            "a circle: ",
            "a circle of one\n",
        ] {
            assert!(told.contains(line), "{line:?} in {told}");
        }
        let (stuck, remedies) = told.split_once("with a timeout").expect("the first way out");
        assert_eq!(stuck.matches("goes back, not done").count(), 2, "{told}");
        assert_eq!(stuck.matches("has done job").count(), 0, "{told}");
        let (timeouts, order) = remedies.split_once("in order").expect("the second way out");
        assert!(timeouts.contains("has done job"), "{told}");
        let (order, _) = order.split_once("a circle of one").expect("the last part");
        assert!(order.contains("has done job") && !order.contains("gives up"), "{told}");
    }
}

#[test]
fn who_gives_up_lets_go_and_is_counted() {
    let told = told("deadlock --items 40");
    if told.contains("nobody had to give up this time") {
        assert!(!told.contains("gives up, lets go of"), "{told}");
        return;
    }
    let (_, counted) = told.split_once("\ngiven up ").expect("how often");
    let given_up: u64 = counted.split(' ').next().unwrap().parse().unwrap();
    let shown = told.matches("gives up, lets go of").count() as u64;
    assert!(given_up > 0 && shown <= given_up, "{told}");
}
