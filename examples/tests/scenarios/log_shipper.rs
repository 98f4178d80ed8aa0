use crate::process::{numbers, run};

#[test]
fn nobody_waits_the_oldest_lines_are_dropped_and_every_line_is_accounted_for() {
    let told = run("log_shipper");
    assert_eq!(told.after("waited for room: "), "0ns");
    let [shipped, dropped, gaps] = numbers(told.after("shipped "))[..] else { panic!("three") };
    assert_eq!(shipped + dropped, 100_000);
    assert!(dropped > 0 && gaps > 0);
    // The newest line is never dropped.
    let last = told.after("the last line shipped: ");
    assert!(last.starts_with("thread ") && last.ends_with(", line 25000"), "{last}");
}
