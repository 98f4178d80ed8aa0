use toyvm::run::End;

use crate::{fault, play, says};

#[test]
fn units_are_handed_over_in_order() {
    let played = play(
        r#"
vm = ToyVM()
vm.create_semaphore(0, "s")
waits = [("PUSH","s"),("SEMAPHORE_ACQUIRE",),("PRINT","goes")]
vm.create_thread([("SLEEP",5),("PUSH","s"),("SEMAPHORE_RELEASE",),("SLEEP",5),("PUSH","s"),("SEMAPHORE_RELEASE",)], "gives")
vm.create_thread([("SLEEP",2)] + waits, "second")
vm.create_thread([("SLEEP",1)] + waits, "first")
"#,
    );
    assert_eq!(played.lines, ["[first] goes", "[second] goes"]);
}

#[test]
fn there_is_no_upper_bound_unless_asked_for() {
    let played = says(
        r#"("PUSH",1),("SEMAPHORE_CREATE",),("STORE","s"),("LOAD","s"),("SEMAPHORE_RELEASE",),
           ("LOAD","s"),("SEMAPHORE_ACQUIRE",),("LOAD","s"),("SEMAPHORE_ACQUIRE",),("PRINT","both")"#,
    );
    assert_eq!(played, ["both"]);
    let past = fault(r#"("PUSH",1),("BOUNDED_SEMAPHORE_CREATE",1),("SEMAPHORE_RELEASE",)"#);
    assert_eq!(past, "semaphore-0 was released past its bound of 1");
    assert!(fault(r#"("PUSH",2),("BOUNDED_SEMAPHORE_CREATE",1)"#).contains("at least 2"));
    assert!(fault(r#"("PUSH",-1),("SEMAPHORE_CREATE",)"#).contains("at least 0, not -1"));
}

#[test]
fn trying_and_waiting_so_long_at_most_tell_whether() {
    assert_eq!(
        says(
            r#"("PUSH",1),("SEMAPHORE_CREATE",),("STORE","s"),
               ("LOAD","s"),("TRY_SEMAPHORE_ACQUIRE",),("PRINT",),("LOAD","s"),("TRY_SEMAPHORE_ACQUIRE",),("PRINT",),
               ("LOAD","s"),("SEMAPHORE_ACQUIRE_FOR",3),("PRINT",),("LOAD","s"),("SEMAPHORE_RELEASE",),
               ("LOAD","s"),("PUSH",3),("SEMAPHORE_ACQUIRE_FOR",),("PRINT",)"#
        ),
        ["1", "0", "0", "1"]
    );
}

#[test]
fn who_waits_for_a_unit_that_never_comes_is_a_deadlock_without_a_cycle() {
    let played = play(r#"main = [("PUSH",0),("SEMAPHORE_CREATE",),("SEMAPHORE_ACQUIRE",)]"#);
    assert_eq!((played.outcome.end.clone(), played.outcome.cycles.len()), (End::Deadlock, 0));
    assert_eq!(played.outcome.status(), 1);
}
