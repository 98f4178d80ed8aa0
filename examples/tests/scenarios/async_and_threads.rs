use crate::process::{numbers, run};

#[test]
fn every_number_arrives_once() {
    let told = run("async_and_threads");
    assert_eq!(told.after("1000 numbers, each of them once: "), "true");
    let took = told.lines.iter().filter_map(|line| line.split_once(" took "));
    assert_eq!(took.map(|(_, rest)| numbers(rest)[0]).sum::<u64>(), 1_000);
    let given_up = told.lines.iter().filter_map(|line| line.split_once("gave up "));
    assert!(given_up.map(|(_, rest)| numbers(rest)[0]).sum::<u64>() > 0, "{:#?}", told.lines);
}
