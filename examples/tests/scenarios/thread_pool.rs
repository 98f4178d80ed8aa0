use crate::process::run;

#[test]
fn submitting_waits_a_panic_kills_nothing_and_all_is_done_at_the_end() {
    let told = run("thread_pool");
    assert_eq!(told.after("12 squared is "), "144");
    assert_eq!(told.after("the closure that panicked: "), "receiving on a closed channel");
    assert!(told.errors.contains("this closure fails on purpose"), "{}", told.errors);
    let waited = told.after("of which ");
    assert!(!waited.starts_with("0ns"), "{waited}");
    assert_eq!(told.after("shut down: "), "20 of 20 done, 1 panicked");
}
