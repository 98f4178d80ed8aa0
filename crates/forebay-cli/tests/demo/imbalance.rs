//! Too little, and too much.

use crate::forebay::{account, items, number_before, row, told, told_on_terminal};

/// Who is said to have been the bottleneck.
fn slow_side(told: &str) -> Option<&str> {
    let (before, _) = told.split_once(" were the bottleneck: ")?;
    before.split_whitespace().next_back()
}

/// On a machine that is busy with something else, the first item may be long in coming, and the last long
/// in use; then this is said instead.
fn both_idle(told: &str) -> bool {
    told.contains("both sides had nothing to do at times")
}

#[test]
fn starvation_names_the_side_that_was_slow_and_the_number_that_would_do() {
    let told = told("starvation");
    assert_eq!(account(&told), [30, 30, 0]);
    assert_eq!(slow_side(&told), Some("producers").filter(|_| !both_idle(&told)), "{told}");
    assert!(told.contains("consumers waited for items "), "{told}");
    assert!(told.contains("3 consumers ran, 1 would balance it"), "{told}");
    assert!(told.contains("consumer-3     waits: buffer empty"), "{told}");
}

#[test]
fn the_report_is_measured_and_not_written_beforehand() {
    // A cast in which it is the other side that waits.
    let told = told("starvation --producers 10 --consumers 1 --items 120");
    assert_eq!(slow_side(&told), Some("consumers").filter(|_| !both_idle(&told)), "{told}");
    let advised = number_before(&told, " would balance it");
    assert!((2..=10).contains(&advised), "{told}");
}

#[test]
fn what_is_over_too_soon_is_not_advised_on() {
    let told = told("starvation --items 3");
    assert!(told.contains("this was too short to say how many would balance it"), "{told}");
}

#[test]
fn starvation_has_the_same_items_for_the_same_seed() {
    let numbers = |arguments: &str| {
        let told = told(arguments);
        items(&told, "puts ").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let first = numbers("starvation --items 8 --seed 3");
    assert_eq!(first, numbers("starvation --items 8 --seed 3"));
    assert_ne!(first, numbers("starvation --items 8 --seed 4"));
}

/// Of a row of `overflow`'s table: produced, consumed, refused, dropped, and the high-water mark.
fn fate(told: &str, policy: &str) -> [u64; 5] {
    let row = row(told, policy);
    assert_eq!(row.len(), 7, "{policy}: {told}");
    [0, 1, 2, 3, 6].map(|column| row[column].parse().expect("a count"))
}

#[test]
fn each_policy_says_what_it_did_with_every_parcel() {
    let told = told("overflow --items 40 --capacity 4");
    for policy in ["wait  ", "wait 5 ms", "refuse", "drop oldest", "drop this", "no bound"] {
        let [produced, consumed, refused, dropped, high_water] = fate(&told, policy);
        assert_eq!(produced + refused, 40, "{policy}: {told}");
        assert_eq!(consumed + dropped, produced, "{policy}: {told}");
        assert!(policy == "no bound" || high_water <= 4, "{policy}: {told}");
        assert!(refused == 0 || ["wait 5 ms", "refuse"].contains(&policy), "{policy}: {told}");
        assert!(dropped == 0 || policy.starts_with("drop"), "{policy}: {told}");
    }
    assert_eq!(slow_side(&told), Some("consumers").filter(|_| !both_idle(&told)), "{told}");
}

#[test]
fn each_policy_is_told_where_the_buffer_is_full() {
    // So many at once that the first few lines show it, on any machine.
    let told = told("overflow --items 40 --producers 8 --capacity 1");
    for (policy, says) in [
        ("refuse", " not put: the buffer is full"),
        ("drop oldest", ", for which the oldest is dropped"),
        ("drop this", "drops parcel "),
    ] {
        let [.., refused, dropped, _] = fate(&told, policy);
        assert!(refused + dropped > 0, "{policy} met no full buffer: {told}");
        assert!(told.contains(says), "{says}: {told}");
    }
}

#[test]
fn the_account_of_overflow_is_the_sum_of_its_runs() {
    let told = told("overflow --items 30");
    let last = told.lines().next_back().unwrap();
    let sums = ["produced", "consumed", "dropped", "remaining"]
        .map(|word| number_before(last, &format!(" {word}")));
    let mut expected = [0; 4];
    let mut refusals = 0;
    for policy in ["wait  ", "wait 5 ms", "refuse", "drop oldest", "drop this", "no bound"] {
        let [produced, consumed, refused, dropped, _] = fate(&told, policy);
        expected = [expected[0] + produced, expected[1] + consumed, expected[2] + dropped, 0];
        refusals += refused;
    }
    assert_eq!(sums, expected, "{told}");
    assert_eq!(number_before(&told, " refusals:"), refusals, "{told}");
}

#[test]
fn no_bound_is_more_items_and_more_bytes() {
    let told = told("overflow --items 60 --capacity 2");
    let high_water = fate(&told, "no bound")[4];
    assert!(high_water > 2, "{told}");
    assert_eq!(number_before(&told, " parcels waited, "), high_water);
    let mib = format!(" {high_water} parcels waited, {:.2} MiB", high_water as f64 * 64.0 / 1024.0);
    assert!(told.contains(&mib), "{mib}: {told}");
}

#[test]
fn a_table_that_does_not_fit_is_told_row_by_row() {
    let told = told_on_terminal(40, true, "overflow --items 12");
    assert!(told.contains("\ndrop oldest\n  produced: 12\n"), "{told}");
}
