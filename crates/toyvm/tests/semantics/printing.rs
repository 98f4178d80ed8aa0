use crate::{fault, play, says};

#[test]
fn every_pair_of_braces_is_the_top_and_nothing_is_taken() {
    assert_eq!(says(r#"("PUSH",1),("PRINT","{} and {}"),("PRINT",)"#), ["1 and 1", "1"]);
}

#[test]
fn on_an_empty_stack_braces_stay_and_no_text_is_an_underflow() {
    assert_eq!(says(r#"("PRINT","a {} b")"#), ["a {} b"]);
    assert!(fault(r#"("PRINT",)"#).contains("the stack is empty"));
}

#[test]
fn strings_are_bare_and_handles_are_called_by_kind_and_number() {
    let lines = says(
        r#"("PUSH","a b"),("PRINT",),
           ("LOCK_CREATE",),("PRINT",),("LOCK_CREATE",),("PRINT",),
           ("PUSH",1),("SEMAPHORE_CREATE",),("PRINT",),("QUEUE_CREATE",),("PRINT",),
           ("ATOMIC_CREATE",0),("PRINT",),
           ("PUSH",0),("THREAD_CREATE",[[("NOP",)]]),("PRINT",)"#,
    );
    assert_eq!(
        lines,
        ["a b", "lock-0", "lock-1", "semaphore-0", "queue-0", "counter-0", "thread-0"]
    );
}

#[test]
fn named_things_take_no_number() {
    let played = play(
        r#"
vm = ToyVM()
vm.create_lock("mine")
unnamed = vm.create_lock()
worker = [("PUSH", "mine"), ("LOCK_ACQUIRE",), ("PRINT", "in"), ("PUSH", "mine"), ("LOCK_RELEASE",)]
vm.create_thread([
    ("LOAD", "mine"), ("PRINT",), ("PUSH", unnamed), ("PRINT",), ("LOCK_CREATE",), ("PRINT",),
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("PRINT",), ("THREAD_JOIN",),
], "first")
vm.run()"#,
    );
    assert_eq!(
        played.lines,
        ["[first] mine", "[first] lock-0", "[first] lock-1", "[first] thread-0", "[thread-0] in"]
    );
}

#[test]
fn each_value_stands_in_its_place() {
    assert_eq!(
        says(
            "('PUSH', 1), ('PUSH', 'a {}'), ('PUSH', 3), ('PRINT_EACH', '{}, {} of {}'), \
              ('PUSH', 2), ('PRINT_EACH', 'no place'), ('PRINT_EACH', 'only {}')"
        ),
        ["1, a {} of 3", "no place", "only 2"]
    );
    assert_eq!(fault("('PUSH', 1), ('PRINT_EACH', '{} and {}')"), fault("('PUSH', 1), ('ADD',)"),);
    assert_eq!(fault("('PRINT_EACH', '{}')"), fault("('POP',)"));
}
