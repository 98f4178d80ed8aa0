//! Data races.

use toyvm::machine::Service;
use toyvm::watch::Races;

use super::{ALL, Turns, machine, told_under_any, watch};

fn races(text: &str) -> Vec<String> {
    told_under_any(text, Races::new, |races, machine| {
        races.findings().iter().map(|race| race.tell(machine)).collect()
    })
}

fn races_if(text: &str, turns: &[(usize, u32)]) -> Vec<String> {
    let mut machine = machine(text, Service::InOrder);
    let (races, _) = watch(&mut machine, Turns(turns.to_vec()), Races::new());
    races.findings().iter().map(|race| race.tell(&machine)).collect()
}

/// Two threads add to `x`, between `enter` and `leave`.
fn counting(setup: &str, enter: &str, leave: &str) -> String {
    format!(
        r#"vm = ToyVM()
{setup}
vm.globals["x"] = 0
add = [
    {enter}
    ("LOAD", "x"),
    ("PUSH", 1), ("ADD",),
    ("GLOBAL_STORE", "x"),
    {leave}
]
vm.create_thread(add, "one")
vm.create_thread(add, "two")
vm.run()
"#
    )
}

#[test]
fn an_unguarded_counter_races_with_itself() {
    let text = counting("", "", "");
    assert_eq!(
        races_if(&text, &[(0, ALL)]),
        [
            "race on `x`: one stores it at line 8 (GLOBAL_STORE \"x\") while two may load it at line 6 \
             (LOAD \"x\"); nothing puts one before the other",
            "race on `x`: one stores it at line 8 (GLOBAL_STORE \"x\") while two may do the same; \
             nothing puts one before the other",
        ]
    );
    // Told from the other side, it is the same pair of places.
    assert_eq!(races_if(&text, &[(0, 1), (1, 1), (0, ALL)]).len(), 2);
}

#[test]
fn a_guarded_counter_does_not_race() {
    let with = |kind: &str, setup| {
        let enter = format!("(\"PUSH\", \"it\"), (\"{kind}_ACQUIRE\",),");
        let leave = format!("(\"PUSH\", \"it\"), (\"{kind}_RELEASE\",),");
        races(&counting(setup, &enter, &leave))
    };
    assert_eq!(with("LOCK", "vm.create_lock(\"it\")"), [""; 0]);
    assert_eq!(with("SEMAPHORE", "vm.create_semaphore(1, \"it\")"), [""; 0]);
    // Two may be inside at once.
    assert_ne!(with("SEMAPHORE", "vm.create_semaphore(2, \"it\")"), [""; 0]);
}

#[test]
fn a_lock_held_by_the_dead_is_got_after_them() {
    let text = counting(
        "vm.create_lock(\"m\")",
        "(\"PUSH\", \"m\"), (\"LOCK_ACQUIRE\", \"robust\"), (\"POP\",),",
        "(\"POP\",),",
    );
    assert_eq!(races(&text), [""; 0]);
}

const HAND_OVER: &str = r#"vm = ToyVM()
s = vm.create_semaphore(0, "s")
A = [("PUSH", 1), ("GLOBAL_STORE", "x"), ("PUSH", "s"), ("SEMAPHORE_RELEASE",)]
B = [("PUSH", "s"), ("SEMAPHORE_RELEASE",)]
C = [("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("LOAD", "x")]
vm.create_thread(A, "A")
vm.create_thread(B, "B")
vm.create_thread(C, "C")
vm.run()
"#;

#[test]
fn who_takes_a_token_comes_after_who_brought_it_alone() {
    // C lives on A's release.
    assert_eq!(races_if(HAND_OVER, &[(0, ALL), (1, ALL), (2, ALL)]), [""; 0]);
    assert_eq!(races_if(HAND_OVER, &[(2, ALL), (0, ALL), (1, ALL)]), [""; 0]);
    // C lives on B's, and need not have waited for A.
    let race = "race on `x`: A stores it at line 3 (GLOBAL_STORE \"x\") while C may load it at line 5 \
                (LOAD \"x\"); nothing puts one before the other";
    assert_eq!(races_if(HAND_OVER, &[(1, ALL), (0, ALL), (2, ALL)]), [race]);
    assert_eq!(races_if(HAND_OVER, &[(2, ALL), (1, ALL), (0, ALL)]).len(), 1);
}

#[test]
fn tokens_of_the_initial_count_carry_nothing() {
    let text = HAND_OVER.replace("create_semaphore(0", "create_semaphore(1");
    assert_eq!(races_if(&text, &[(0, ALL), (1, ALL), (2, ALL)]).len(), 1);
}

/// Two threads, the first of which stores `x`, and the second of which loads it.
fn passing(setup: &str, tell: &str, hear: &str) -> String {
    format!(
        r#"vm = ToyVM()
{setup}
first = [("PUSH", 1), ("GLOBAL_STORE", "x"), {tell}]
second = [{hear}, ("LOAD", "x")]
vm.create_thread(first, "first")
vm.create_thread(second, "second")
vm.run()
"#
    )
}

#[test]
fn a_message_brings_what_was_known() {
    let queue = "vm.create_message_queue(\"q\")";
    let send = "(\"PUSH\", \"q\"), (\"PUSH\", 0), (\"QUEUE_SEND\",)";
    let receive = "(\"PUSH\", \"q\"), (\"QUEUE_RECEIVE\",), (\"POP\",)";
    assert_eq!(races(&passing(queue, send, receive)), [""; 0]);
    // A message of one's own does not.
    let mine = format!("{send}, {receive}");
    assert_eq!(races(&passing(queue, "(\"NOP\",)", &mine)).len(), 2);
}

#[test]
fn each_message_brings_its_own() {
    let text = r#"vm = ToyVM()
vm.create_message_queue("q")
first = [("PUSH", "q"), ("PUSH", 0), ("QUEUE_SEND",), ("PUSH", 1), ("GLOBAL_STORE", "x"),
         ("PUSH", "q"), ("PUSH", 0), ("QUEUE_SEND",)]
second = [("PUSH", "q"), ("QUEUE_RECEIVE",), ("LOAD", "x")]
vm.create_thread(first, "first")
vm.create_thread(second, "second")
vm.globals["x"] = 0
vm.run()
"#;
    assert_eq!(races_if(text, &[(0, ALL), (1, ALL)]).len(), 1);
}

#[test]
fn room_in_a_queue_brings_what_was_known() {
    // The second message can only be sent once the first was received, and that was after the store.
    let text = |room: u32| {
        format!(
            r#"vm = ToyVM()
send = ("QUEUE_SEND",)
main = [
    ("BOUNDED_QUEUE_CREATE", {room}), ("GLOBAL_STORE", "q"),
    ("PUSH", 0), ("THREAD_CREATE", [receiver]), ("POP",),
    ("LOAD", "q"), ("PUSH", 0), send,
    ("LOAD", "q"), ("PUSH", 0), send,
    ("LOAD", "x"),
]
receiver = [("PUSH", 1), ("GLOBAL_STORE", "x"), ("LOAD", "q"), ("QUEUE_RECEIVE",), ("POP",)]
vm.create_thread(main, "main")
vm.globals["x"] = 0
vm.run()
"#
        )
    };
    assert_eq!(races(&text(1)), [""; 0]);
    assert_eq!(races(&text(2)).len(), 2);
}

#[test]
fn a_counter_publishes() {
    let flag = "vm.create_atomic_counter(0, \"flag\")";
    let raise = "(\"PUSH\", \"flag\"), (\"ATOMIC_INCREMENT\",), (\"POP\",)";
    let look = "(\"LABEL\", \"again\"), (\"PUSH\", \"flag\"), (\"ATOMIC_GET\",), \
                (\"JUMP_IF_FALSE\", \"again\")";
    assert_eq!(races(&passing(flag, raise, look)), [""; 0]);
    // Looking once is not enough: 0 may have been seen.
    let once = "(\"PUSH\", \"flag\"), (\"ATOMIC_GET\",), (\"POP\",)";
    assert_eq!(races(&passing(flag, raise, once)).len(), 2);
}

#[test]
fn a_global_does_not_publish() {
    let flag = "vm.globals[\"flag\"] = 0";
    let raise = "(\"PUSH\", 1), (\"GLOBAL_STORE\", \"flag\")";
    let look = "(\"LABEL\", \"again\"), (\"LOAD\", \"flag\"), (\"JUMP_IF_FALSE\", \"again\")";
    let told = races(&passing(flag, raise, look));
    assert!(told.iter().any(|race| race.contains("race on `flag`")), "{told:?}");
    assert!(told.iter().any(|race| race.contains("race on `x`")), "{told:?}");
}

/// A main that creates a thread which stores `x`, then does `then`, then loads `x`.
fn with_child(before: &str, then: &str) -> String {
    format!(
        r#"main = [
    {before}
    ("PUSH", 0), ("THREAD_CREATE", [child]), ("STORE", "child"),
    {then}
    ("LOAD", "x"),
]
child = [("LOAD", "x"), ("POP",), ("PUSH", 1), ("GLOBAL_STORE", "x")]
"#
    )
}

#[test]
fn creating_and_joining_order() {
    let set = "(\"PUSH\", 0), (\"GLOBAL_STORE\", \"x\"),";
    let join = "(\"LOAD\", \"child\"), (\"THREAD_JOIN\",),";
    assert_eq!(races(&with_child(set, join)), [""; 0]);
    // Not joined: what main loads races with what the child stores, whichever comes first.
    assert_eq!(races(&with_child(set, "")).len(), 2);
    // Nor does sleeping order anything, nor a join that gave up.
    assert_eq!(races(&with_child(set, "(\"SLEEP\", 5),")).len(), 1);
    let gave_up = "(\"LOAD\", \"child\"), (\"THREAD_JOIN_FOR\", 0), (\"POP\",),";
    let told = races_if(&with_child(set, gave_up), &[(0, ALL), (1, ALL)]);
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn alive_orders_only_when_it_says_no() {
    let set = "(\"PUSH\", 0), (\"GLOBAL_STORE\", \"x\"),";
    let until_over = "(\"LABEL\", \"again\"), (\"LOAD\", \"child\"), (\"ALIVE\",), \
                      (\"JUMP_IF_TRUE\", \"again\"),";
    assert_eq!(races(&with_child(set, until_over)), [""; 0]);
    let once = "(\"LOAD\", \"child\"), (\"ALIVE\",), (\"POP\",),";
    assert_eq!(races_if(&with_child(set, once), &[(0, ALL)]).len(), 1);
}

#[test]
fn who_is_notified_comes_after() {
    // The notifier holds no lock, so nothing but the notification orders the two.
    let text = r#"vm = ToyVM()
m = vm.create_lock("m")
main = [
    ("PUSH", "m"), ("CONDITION_CREATE",), ("GLOBAL_STORE", "c"),
    ("PUSH", 0), ("THREAD_CREATE", [waiter]), ("POP",),
    ("SLEEP", 1),
    ("PUSH", 1), ("GLOBAL_STORE", "x"),
    ("LOAD", "c"), ("NOTIFY_ALL",),
]
waiter = [("PUSH", "m"), ("LOCK_ACQUIRE",), ("LOAD", "c"), ("WAIT",), ("LOAD", "x")]
vm.create_thread(main, "main")
vm.run()
"#;
    assert_eq!(races(text), [""; 0]);
    // Giving up is not being notified.
    let gave_up = text.replace("(\"WAIT\",)", "(\"WAIT_FOR\", 0), (\"POP\",)");
    assert_eq!(races(&gave_up).len(), 1);
}

#[test]
fn a_load_that_finds_nothing_is_a_load() {
    let text = "first = [(\"LOAD\", \"x\")]\nsecond = [(\"PUSH\", 1), (\"GLOBAL_STORE\", \"x\")]\n\
                vm = ToyVM()\nvm.create_thread(first, \"first\")\n\
                vm.create_thread(second, \"second\")\nvm.run()\n";
    assert_eq!(races_if(text, &[(0, ALL), (1, ALL)]).len(), 1);
    // So is one that finds the thing of that name.
    let text = text.replace("vm = ToyVM()", "vm = ToyVM()\nvm.create_lock(\"x\")");
    assert_eq!(races_if(&text, &[(0, ALL), (1, ALL)]).len(), 1);
    // One that finds the thread's own variable is none.
    let text = text.replace("[(\"LOAD\"", "[(\"PUSH\", 0), (\"STORE\", \"x\"), (\"LOAD\"");
    assert_eq!(races_if(&text, &[(0, ALL), (1, ALL)]), [""; 0]);
}

#[test]
fn what_comes_again_races_then() {
    // The first time the store comes before the load, by the message; the second time it does not.
    let text = r#"vm = ToyVM()
vm.create_message_queue("q")
vm.globals["x"] = 0
first = [("PUSH", -2), ("STORE", "i"),
         ("LABEL", "again"), ("PUSH", 1), ("GLOBAL_STORE", "x"), ("PUSH", "q"), ("PUSH", 0), ("QUEUE_SEND",),
         ("LOAD", "i"), ("PUSH", 1), ("ADD",), ("DUP",), ("STORE", "i"), ("JUMP_IF_TRUE", "again")]
second = [("PUSH", "q"), ("QUEUE_RECEIVE",), ("LOAD", "x")]
vm.create_thread(first, "first")
vm.create_thread(second, "second")
vm.run()
"#;
    assert_eq!(races_if(text, &[(0, ALL), (1, ALL)]).len(), 1);
    assert_eq!(races_if(&text.replace("-2", "-1"), &[(0, ALL), (1, ALL)]), [""; 0]);
}

#[test]
fn loads_do_not_race() {
    let text = "both = [(\"LOAD\", \"x\")]\nvm = ToyVM()\nvm.globals[\"x\"] = 1\n\
                vm.create_thread(both, \"a\")\nvm.create_thread(both, \"b\")\nvm.run()\n";
    assert_eq!(races(text), [""; 0]);
}

#[test]
fn a_thousand_threads_are_watched() {
    let text = |join: &str| {
        format!(
            r#"vm = ToyVM()
vm.create_lock("m")
vm.create_semaphore(0, "done")
main = [
    ("PUSH", 0), ("STORE", "i"),
    ("LABEL", "more"), ("PUSH", 0), ("THREAD_CREATE", [worker]), ("POP",),
    ("LOAD", "i"), ("PUSH", 1), ("ADD",), ("DUP",), ("STORE", "i"),
    ("PUSH", 1000), ("LT",), ("JUMP_IF_TRUE", "more"),
    ("LABEL", "wait"), ("PUSH", "done"), ("SEMAPHORE_ACQUIRE",),
    ("LOAD", "i"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "i"),
    ("JUMP_IF_TRUE", "wait"),
    ("LOAD", "x"), ("PRINT",),
]
worker = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "x"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "x"),
    ("PUSH", "m"), ("LOCK_RELEASE",),
    {join}
]
vm.globals["x"] = 0
vm.create_thread(main, "main")
vm.run()
"#
        )
    };
    let done = "(\"PUSH\", \"done\"), (\"SEMAPHORE_RELEASE\",),";
    assert_eq!(races_if(&text(done), &[]), [""; 0]);
    assert_eq!(races_if(&text(&format!("{done} (\"LOAD\", \"x\"),")), &[]).len(), 1);
}
