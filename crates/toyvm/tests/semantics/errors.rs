use toyvm::machine::Status;
use toyvm::run::End;

use crate::{fault, play};

#[test]
fn an_error_ends_its_thread_only_and_keeps_its_stack() {
    let played = play(
        r#"main = [("PUSH",0),("THREAD_CREATE",[[("SLEEP",1),("PRINT","goes on")]]),("PUSH",1),("PUSH","x"),("SUB",)]"#,
    );
    assert_eq!(played.lines, ["[thread-0] goes on"]);
    assert_eq!((played.outcome.end.clone(), played.outcome.status()), (End::Finished, 2));
    let main = &played.machine.state().threads()[0];
    let Status::Failed(failure) = main.status() else { panic!("{:?}", main.status()) };
    assert_eq!(failure.at, 4);
    let stack = played.machine.show_all(main.stack().iter().copied());
    assert_eq!(stack, "[thread-0, 1, \"x\"]");
}

#[test]
fn an_empty_stack_is_an_underflow() {
    for one in
        ["POP", "DUP", "NOT", "LOCK_ACQUIRE", "SEMAPHORE_CREATE", "ATOMIC_GET", "THREAD_JOIN"]
    {
        assert_eq!(fault(&format!(r#"("{one}",)"#)), "the stack is empty", "{one}");
    }
    for two in ["ADD", "SUB", "MUL", "DIV", "EQ", "AND", "QUEUE_SEND", "ARRAY_GET"] {
        let told = fault(&format!(r#"("PUSH",1),("{two}",)"#));
        assert!(told.contains("fewer than the 2 values"), "{two}: {told}");
    }
}

#[test]
fn nothing_grows_without_bound() {
    let grows = r#"("PUSH",1),("JUMP",0)"#;
    assert!(fault(grows).contains("values on a stack are limited to 10000"));
    let joins = r#"("PUSH","aaaaaaaaaaaaaaaa"),("DUP",),("ADD",),("JUMP",1)"#;
    assert!(fault(joins).contains("bytes of a string are limited"));
}
