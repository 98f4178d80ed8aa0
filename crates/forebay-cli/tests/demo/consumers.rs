//! More consumers, and unequal ones.

use crate::forebay::{account, row, told, told_on_terminal};

/// The chart's rows: how many consumers, the length of the bar, the depth.
fn chart(told: &str) -> Vec<(u64, usize, u64)> {
    let is_time = |word: &&str| word.parse::<f64>().is_ok();
    told.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            words.next().filter(is_time)?;
            words.next().filter(|unit| ["ms", "s"].contains(unit))?;
            let consumers = words.next()?.parse().ok()?;
            let rest: Vec<&str> = words.collect();
            let depth = rest.last()?.parse().ok()?;
            Some((consumers, rest.concat().matches('#').count(), depth))
        })
        .collect()
}

#[test]
fn scaling_shows_the_depth_while_consumers_are_added() {
    let told = told("scaling");
    assert_eq!(account(&told), [160, 160, 0]);
    let chart = chart(&told);
    assert!(chart.len() > 10, "{told}");
    assert!(chart.is_sorted_by_key(|(consumers, ..)| *consumers), "{told}");
    assert!(chart.iter().any(|(consumers, ..)| *consumers > 1), "{told}");
    for (_, bar, depth) in &chart {
        assert_eq!(*bar as u64, *depth, "a column for each of 50 places: {told}");
    }
    let deepest = chart.iter().map(|(.., depth)| *depth).max().unwrap();
    assert!(deepest > 0, "one consumer does not keep up: {told}");
    assert_eq!(chart.last().unwrap().2, 0, "{told}");
    assert!(told.contains("\nwith 1 consumer the depth "), "{told}");
}

#[test]
fn the_chart_fits_into_twenty_columns() {
    let told = told_on_terminal(20, true, "scaling --items 40");
    for line in told.lines().filter(|line| line.contains('#')) {
        assert!(line.chars().count() <= 20, "{line:?} in {told}");
    }
    assert!(told.contains('#'), "{told}");
}

#[test]
fn scaling_ends_before_all_consumers_are_needed() {
    assert_eq!(account(&told("scaling --items 10 --consumers 900")), [10, 10, 0]);
}

/// What each consumer took on one buffer, and of the fixed split.
fn shares(told: &str, consumers: u64) -> (Vec<u64>, Vec<u64>) {
    let took = |cell: &str| cell.strip_prefix("took ").expect("took").parse::<u64>().unwrap();
    (1..=consumers)
        .map(|number| {
            let slow = if number == 1 { " (slow)" } else { "" };
            let row = row(told, &format!("consumer-{number}{slow}"));
            (took(row[0]), took(row[2]))
        })
        .unzip()
}

#[test]
fn balancing_gives_the_slow_one_less_and_the_split_does_not() {
    let told = told("balancing");
    assert_eq!(account(&told), [120, 120, 0], "60 in each run");
    let (one_buffer, split) = shares(&told, 3);
    assert_eq!(one_buffer.iter().sum::<u64>(), 60, "{told}");
    assert_eq!(split, [20, 20, 20], "{told}");
    assert!(one_buffer[0] < 20, "{told}");
}

#[test]
fn balancing_adds_up_with_any_cast() {
    for (consumers, items) in [(1, 7), (4, 30)] {
        let told = told(&format!(
            "balancing --producers 3 --consumers {consumers} --items {items} --capacity 1"
        ));
        assert_eq!(account(&told), [2 * items, 2 * items, 0], "{told}");
        let (one_buffer, split) = shares(&told, consumers);
        assert_eq!(one_buffer.iter().sum::<u64>(), items, "{told}");
        assert_eq!(split.iter().sum::<u64>(), items, "{told}");
    }
}
