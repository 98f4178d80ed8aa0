use crate::process::{numbers, run};

#[test]
fn every_chunk_is_shown_stalls_are_told_and_the_pre_roll_is_waited_for() {
    let told = run("video");
    let [short, long] = [1, 12].map(|pre_roll| told.after(&format!("pre-roll {pre_roll}: ")));
    for line in [short, long] {
        assert!(line.ends_with(" 60 chunks shown"), "{line}");
    }
    let stalls = |line: &str| numbers(line)[1];
    assert!(stalls(short) >= 1, "the network's hiccup is longer than what was loaded: {short}");
    // Among the first 12 chunks is one that takes 150 ms.
    let (began, _) = long.strip_prefix("began after ").unwrap().split_once(',').unwrap();
    let is_long = match began.strip_suffix("ms") {
        Some(millis) => millis.parse::<u64>().unwrap() >= 150,
        None => began.trim_end_matches('s').parse::<u64>().is_ok(),
    };
    assert!(is_long, "{long}");
}
