use toyvm::run::End;

use crate::{fault, play, says};

#[test]
fn a_name_is_the_threads_own_then_global_then_an_object() {
    let played = play(
        r#"
vm = ToyVM()
vm.create_lock("x")
vm.create_thread([
    ("LOAD","x"),("PRINT","{} object"),
    ("PUSH",1),("GLOBAL_STORE","x"),("LOAD","x"),("PRINT","{} global"),
    ("PUSH",2),("STORE","x"),("LOAD","x"),("PRINT","{} own"),
    ("PUSH",0),("THREAD_CREATE",[[("LOAD","x"),("PRINT","{} of another")]]),("THREAD_JOIN",),
], "main")"#,
    );
    assert_eq!(
        played.lines,
        ["[main] x object", "[main] 1 global", "[main] 2 own", "[thread-0] 1 of another"]
    );
    assert!(fault(r#"("LOAD","nothing")"#).contains("`nothing`"));
}

#[test]
fn atomics_push_the_value_after_the_change() {
    assert_eq!(
        says(
            r#"("ATOMIC_CREATE",5),("STORE","c"),
               ("LOAD","c"),("ATOMIC_INCREMENT",),("PRINT",),("LOAD","c"),("ATOMIC_DECREMENT",),("PRINT",),
               ("LOAD","c"),("ATOMIC_GET",),("PRINT",)"#
        ),
        ["6", "5", "5"]
    );
    assert_eq!(says(r#"("PUSH",3),("ATOMIC_CREATE",),("ATOMIC_GET",),("PRINT",)"#), ["3"]);
}

#[test]
fn compare_and_swap_tells_whether_it_did() {
    assert_eq!(
        says(
            r#"("ATOMIC_CREATE",5),("STORE","c"),
               ("LOAD","c"),("PUSH",4),("PUSH",9),("ATOMIC_COMPARE_AND_SWAP",),("PRINT",),
               ("LOAD","c"),("PUSH",5),("PUSH",9),("ATOMIC_COMPARE_AND_SWAP",),("PRINT",),
               ("LOAD","c"),("ATOMIC_GET",),("PRINT",)"#
        ),
        ["0", "1", "9"]
    );
}

#[test]
fn arrays_are_shared_and_bounded() {
    assert_eq!(
        says(
            r#"("ARRAY_CREATE",3),("STORE","a"),("LOAD","a"),("PUSH",2),("PUSH","v"),("ARRAY_SET",),
               ("LOAD","a"),("PUSH",2),("ARRAY_GET",),("PRINT",),("LOAD","a"),("PUSH",0),("ARRAY_GET",),
               ("PRINT",),("LOAD","a"),("ARRAY_LENGTH",),("PRINT",)"#
        ),
        ["v", "0", "3"]
    );
    assert!(fault(r#"("ARRAY_CREATE",3),("PUSH",3),("ARRAY_GET",)"#).contains("no place 3"));
    assert!(fault(r#"("ARRAY_CREATE",3),("PUSH",-1),("ARRAY_GET",)"#).contains("no place -1"));
    assert!(fault(r#"("ARRAY_CREATE",-1)"#).contains("at least 0"));
    assert!(fault(r#"("ARRAY_CREATE",99999999999)"#).contains("too much"));
}

#[test]
fn choices_are_below_their_bound() {
    let played = play(
        r#"main = [("CHOOSE",3),("PUSH",3),("LT",),("ASSERT",),("PUSH",1),("RANDOM",),("NOT",),("ASSERT",)]"#,
    );
    assert_eq!(played.outcome.end, End::Finished);
    assert!(fault(r#"("CHOOSE",0)"#).contains("at least 1"));
}
