use toyvm::run::End;

use crate::{fault, play, says};

#[test]
fn either_order_of_queue_and_message_serves() {
    let both = |push: &str| {
        says(&format!(
            r#"("QUEUE_CREATE",),("STORE","q"),{push},("QUEUE_SEND",),("LOAD","q"),("QUEUE_RECEIVE",),("PRINT",)"#
        ))
    };
    assert_eq!(both(r#"("LOAD","q"),("PUSH",5)"#), ["5"]);
    assert_eq!(both(r#"("PUSH",5),("LOAD","q")"#), ["5"]);
    assert_eq!(both(r#"("LOAD","q"),("LOAD","q")"#), ["queue-0"]);
    assert!(fault(r#"("PUSH",1),("PUSH",2),("QUEUE_SEND",)"#).contains("is a queue"));
}

#[test]
fn a_name_serves_as_the_queue_and_the_top_is_the_message_if_both_are() {
    let played = play(
        r#"
vm = ToyVM()
vm.create_message_queue("a")
vm.create_message_queue("b")
vm.create_thread([
    ("PUSH","b"),("PUSH",1),("QUEUE_SEND",),("PUSH",2),("PUSH","b"),("QUEUE_SEND",),
    ("PUSH","b"),("PUSH","a"),("QUEUE_SEND",),
    ("PUSH","b"),("QUEUE_RECEIVE",),("PRINT",),("PUSH","b"),("QUEUE_RECEIVE",),("PRINT",),
    ("PUSH","b"),("QUEUE_RECEIVE",),("PRINT",),
], "main")"#,
    );
    assert_eq!(played.lines, ["[main] 1", "[main] 2", "[main] a"]);
}

#[test]
fn messages_come_in_order_to_those_who_wait_in_order() {
    let played = play(
        r#"
vm = ToyVM()
vm.create_message_queue("q")
takes = [("PUSH","q"),("QUEUE_RECEIVE",),("PRINT",)]
vm.create_thread([("SLEEP",2)] + takes, "second")
vm.create_thread([("SLEEP",1)] + takes, "first")
vm.create_thread([("SLEEP",5),("PUSH","q"),("PUSH","one"),("QUEUE_SEND",),("PUSH","q"),("PUSH","two"),("QUEUE_SEND",)], "s")
"#,
    );
    assert_eq!(played.lines, ["[first] one", "[second] two"]);
}

#[test]
fn a_bounded_queue_makes_senders_wait_and_keeps_their_order() {
    let played = play(
        r#"
main = [
    ("BOUNDED_QUEUE_CREATE",1),("GLOBAL_STORE","q"),
    ("PUSH",0),("THREAD_CREATE",[[("LOAD","q"),("PUSH",1),("QUEUE_SEND",),("LOAD","q"),("PUSH",2),("QUEUE_SEND",),("PRINT","sent both")]]),("POP",),
    ("SLEEP",5),("PRINT","makes room"),
    ("LOAD","q"),("QUEUE_RECEIVE",),("SLEEP",1),("PRINT",),("SLEEP",5),("LOAD","q"),("QUEUE_RECEIVE",),("PRINT",),
]"#,
    );
    assert_eq!(played.lines, ["[main] makes room", "[thread-0] sent both", "[main] 1", "[main] 2"]);
    assert!(fault(r#"("BOUNDED_QUEUE_CREATE",0)"#).contains("at least 1"));
}

#[test]
fn trying_and_waiting_so_long_at_most() {
    assert_eq!(
        says(
            r#"("BOUNDED_QUEUE_CREATE",1),("STORE","q"),
               ("LOAD","q"),("TRY_QUEUE_RECEIVE",),("PRINT","{}"),("POP",),("PRINT","{}"),("POP",),
               ("LOAD","q"),("PUSH",7),("TRY_QUEUE_SEND",),("PRINT","{}"),("POP",),
               ("LOAD","q"),("PUSH",8),("TRY_QUEUE_SEND",),("PRINT","{}"),("POP",),
               ("LOAD","q"),("PUSH",8),("QUEUE_SEND_FOR",3),("PRINT","{}"),("POP",),
               ("LOAD","q"),("TRY_QUEUE_RECEIVE",),("PRINT","{}"),("POP",),("PRINT","{}"),("POP",),
               ("LOAD","q"),("QUEUE_RECEIVE_FOR",3),("PRINT","{}"),("POP",),("PRINT","{}")"#
        ),
        ["0", "0", "1", "0", "0", "1", "7", "0", "0"]
    );
}

#[test]
fn a_receiver_that_gives_up_leaves_the_line() {
    let played = play(
        r#"
vm = ToyVM()
vm.create_message_queue("q")
vm.create_thread([("PUSH","q"),("QUEUE_RECEIVE_FOR",2),("PRINT","{}")], "impatient")
vm.create_thread([("PUSH","q"),("QUEUE_RECEIVE",),("PRINT","{}")], "patient")
vm.create_thread([("SLEEP",5),("PUSH","q"),("PUSH","late"),("QUEUE_SEND",)], "sender")
"#,
    );
    assert_eq!(played.outcome.end, End::Finished);
    assert_eq!(played.lines, ["[impatient] 0", "[patient] late"]);
}
