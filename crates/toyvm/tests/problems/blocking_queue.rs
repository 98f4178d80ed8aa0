//! One condition and a notification for one: whether all may come to wait for ever is a matter of numbers.
//! The rule that was published lets the notification go to any who waits.

use toyvm::check::{Plan, check};
use toyvm::machine::Service;
use toyvm::verdict::Verdict;

use super::{load, set, verdict};

fn at(file: &str, service: Service, [producers, consumers, capacity]: [i64; 3]) -> Verdict {
    let text = std::fs::read_to_string(set::folder().join(file)).expect("it can be read");
    let constants = [("PRODUCERS", producers), ("CONSUMERS", consumers), ("CAPACITY", capacity)];
    verdict(&check(&load(file, &text, &constants), &Plan { service, ..Plan::default() }))
}

const WRONG: &str = "blocking_queue_wrong_notify_one.weir";

fn grid() -> impl Iterator<Item = [i64; 3]> {
    let upto = |most| 1..=most;
    upto(3).flat_map(move |p| upto(3).flat_map(move |c| upto(3).map(move |b| [p, c, b])))
}

#[test]
fn waking_one_is_enough_if_the_places_are_half_as_many_as_the_threads() {
    let mut other = Vec::new();
    for numbers in grid() {
        let [producers, consumers, capacity] = numbers;
        let rule = 2 * capacity >= producers + consumers;
        let expected = if rule { Verdict::Fine } else { Verdict::Deadlock };
        let found = at(WRONG, Service::Weak, numbers);
        if found != expected {
            other.push(format!("{numbers:?}: {found}, not {expected}"));
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
}

#[test]
fn first_come_first_served_saves_some_of_them() {
    let (mut saved, mut lost) = (0, 0);
    for numbers in grid() {
        let [producers, consumers, capacity] = numbers;
        match at(WRONG, Service::InOrder, numbers) {
            Verdict::Deadlock => {
                assert!(2 * capacity < producers + consumers, "{numbers:?}");
                lost += 1;
            }
            _ if 2 * capacity < producers + consumers => saved += 1,
            _ => {}
        }
    }
    assert!(saved > 0 && lost > 0, "{saved} saved, {lost} lost");
}

#[test]
fn waking_all_or_two_conditions_is_always_enough() {
    for file in ["blocking_queue.weir", "blocking_queue_by_two_conditions.weir"] {
        for numbers in [[1, 1, 1], [3, 1, 1], [1, 3, 1], [2, 2, 1], [2, 3, 1], [3, 2, 2]] {
            for service in [Service::InOrder, Service::Weak] {
                assert_eq!(at(file, service, numbers), Verdict::Fine, "{file} {numbers:?}");
            }
        }
    }
}
