use toyvm::run::End;

use crate::{fault, main_of, play, says};

#[test]
fn jump_if_jumps_from_0_upwards() {
    let program = |value: i64| {
        says(&format!(
            r#"("PUSH",{value}),("JUMP_IF",4),("PUSH","stays"),("JUMP",5),("PUSH","jumps"),("PRINT",)"#
        ))
    };
    assert_eq!(program(-1), ["stays"]);
    assert_eq!(program(0), ["jumps"]);
    assert_eq!(program(1), ["jumps"]);
}

#[test]
fn jump_if_takes_its_operand() {
    assert!(fault(r#"("PUSH",0),("JUMP_IF",2),("POP",)"#).contains("the stack is empty"));
    assert!(fault(r#"("PUSH",-1),("JUMP_IF",2),("POP",)"#).contains("the stack is empty"));
}

#[test]
fn jumps_on_truth_are_by_0() {
    let program = |name: &str, value: i64| {
        says(&format!(
            r#"("PUSH",{value}),("{name}","far"),("PUSH","stays"),("JUMP","end"),
               ("LABEL","far"),("PUSH","jumps"),("LABEL","end"),("PRINT",)"#
        ))
        .remove(0)
    };
    assert_eq!([program("JUMP_IF_TRUE", -1), program("JUMP_IF_TRUE", 0)], ["jumps", "stays"]);
    assert_eq!([program("JUMP_IF_FALSE", -1), program("JUMP_IF_FALSE", 0)], ["stays", "jumps"]);
}

#[test]
fn a_thread_ends_just_past_its_last_instruction_and_no_farther() {
    assert!(says(r#"("JUMP",2),("PRINT","skipped")"#).is_empty());
    assert!(fault(r#"("JUMP",3),("NOP",)"#).contains("no address 3"));
    assert!(fault(r#"("JUMP",-1),("NOP",)"#).contains("no address -1"));
}

#[test]
fn a_jump_that_is_not_taken_may_be_bad() {
    assert_eq!(says(r#"("PUSH",-1),("JUMP_IF",99),("PRINT","here")"#), ["here"]);
}

#[test]
fn a_label_has_an_address_and_does_nothing() {
    let played = play(&main_of(r#"("LABEL","a"),("NOP",),("JUMP",4),("JUMP","a"),("NOP",)"#));
    assert_eq!((played.outcome.end, played.outcome.steps), (End::Finished, 4));
}

#[test]
fn a_run_without_steps_left_is_incomplete() {
    let played = play(&main_of(r#"("JUMP",0)"#));
    assert_eq!((&played.outcome.end, played.outcome.steps), (&End::OutOfSteps, 50_000));
    assert_eq!(played.outcome.status(), 3);
}

#[test]
fn an_assertion_ends_the_run() {
    let played =
        play(&main_of(r#"("PUSH",1),("ASSERT",),("PUSH",0),("ASSERT","no"),("PRINT","x")"#));
    assert!(matches!(played.outcome.end, End::Asserted { .. }));
    assert!(played.lines.is_empty());
    assert_eq!(played.outcome.status(), 1);
}

#[test]
fn an_invariant_is_watched_from_where_it_stands() {
    let program = r#"("PUSH",5),("GLOBAL_STORE","x"),("PUSH",1),("GLOBAL_STORE","x"),
        ("INVARIANT","0 < x <= 2"),("PUSH",2),("GLOBAL_STORE","x"),
        ("PUSH",3),("GLOBAL_STORE","x"),("PRINT","not reached")"#;
    let played = play(&main_of(program));
    let End::Broken { at, .. } = played.outcome.end else { panic!("{:?}", played.outcome) };
    assert_eq!((at, played.outcome.status()), (8, 1));
    assert!(played.lines.is_empty());
}

#[test]
fn an_invariant_while_a_lock_is_free_may_be_broken_inside() {
    let program = |outside: &str| {
        play(&format!(
            r#"
vm = ToyVM()
vm.create_lock("m")
vm.globals["a"] = 0
vm.globals["b"] = 0
vm.create_thread([
    ("INVARIANT", "a == b when m free"),
    ("PUSH","m"),("LOCK_ACQUIRE",),
    ("PUSH",1),("GLOBAL_STORE","a"),("PUSH",1),("GLOBAL_STORE","b"),
    ("PUSH","m"),("LOCK_RELEASE",),
    {outside}
])"#
        ))
        .outcome
        .end
    };
    assert_eq!(program(""), End::Finished);
    assert!(matches!(program(r#"("PUSH",2),("GLOBAL_STORE","a")"#), End::Broken { .. }));
}

#[test]
fn claims_see_what_objects_count() {
    let program = r#"
vm = ToyVM()
vm.create_lock("m")
vm.create_semaphore(2, "s")
vm.create_message_queue("q")
vm.create_atomic_counter(7, "c")
vm.create_thread([
    ("INVARIANT", "m == 0 and s == 2 and q == 0 and c == 7"),
    ("INVARIANT", "not m or s >= 0"),
    ("INVARIANT", "main.pc >= 0"),
    ("PUSH","c"),("ATOMIC_DECREMENT",),
], "main")"#;
    assert!(matches!(play(program).outcome.end, End::Broken { at: 4, .. }));
}

#[test]
fn a_claim_that_cannot_be_computed_is_an_error_of_its_thread() {
    assert!(fault(r#"("INVARIANT","nothing == 1")"#).contains("`nothing`"));
}
