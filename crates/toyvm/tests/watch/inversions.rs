//! Lock-order inversions.

use std::fmt::Write as _;

use toyvm::machine::Service;
use toyvm::watch::Inversions;

use super::{ALL, Turns, machine, watch};

/// Threads that each take these locks in this order, and give them back; one after the other, so that
/// nobody ever waits. A lock with a `?` is tried for; one with a `~` is waited for so long at most.
fn told_of(orders: &[&str]) -> Vec<String> {
    let mut text = String::from("vm = ToyVM()\n");
    for lock in ["a", "b", "c", "g"] {
        let _ = writeln!(text, "vm.create_lock(\"{lock}\")");
    }
    for (number, order) in orders.iter().enumerate() {
        let locks: Vec<&str> = order.split(' ').collect();
        let take = locks.iter().map(|lock| {
            let name = lock.trim_end_matches(['?', '~']);
            match &lock[name.len()..] {
                "?" => format!("(\"PUSH\", \"{name}\"), (\"TRY_LOCK_ACQUIRE\",), (\"POP\",)"),
                "~" => format!("(\"PUSH\", \"{name}\"), (\"LOCK_ACQUIRE_FOR\", 1), (\"POP\",)"),
                _ => format!("(\"PUSH\", \"{name}\"), (\"LOCK_ACQUIRE\",)"),
            }
        });
        let give = locks.iter().rev().map(|lock| {
            let name = lock.trim_end_matches(['?', '~']);
            format!("(\"PUSH\", \"{name}\"), (\"LOCK_RELEASE\",)")
        });
        let body: Vec<String> = take.chain(give).collect();
        let _ = writeln!(text, "t{number} = [{}]", body.join(",\n"));
        let _ = writeln!(text, "vm.create_thread(t{number}, \"t{number}\")");
    }
    told_if(&(text + "vm.run()\n"), &[])
}

fn told_if(text: &str, turns: &[(usize, u32)]) -> Vec<String> {
    let mut machine = machine(text, Service::InOrder);
    let turns = if turns.is_empty() { vec![(0, ALL), (1, ALL), (2, ALL)] } else { turns.to_vec() };
    let (inversions, _) = watch(&mut machine, Turns(turns), Inversions::new());
    inversions.findings().iter().map(|inversion| inversion.tell(&machine)).collect()
}

#[test]
fn both_orders_are_an_inversion() {
    assert_eq!(
        told_of(&["a b", "b a"]),
        [
            "locks a and b are taken in both orders: t0 takes b at line 7 (LOCK_ACQUIRE) while it holds \
          a, taken at line 6 (LOCK_ACQUIRE); t1 takes a at line 12 (LOCK_ACQUIRE) while it holds b, \
          taken at line 11 (LOCK_ACQUIRE)"
        ]
    );
    // Once, however many do it.
    assert_eq!(told_of(&["a b", "b a", "a b", "b a"]).len(), 1);
}

#[test]
fn one_order_is_none() {
    assert_eq!(told_of(&["a b", "a b", "a c", "b c"]), [""; 0]);
}

#[test]
fn a_gate_keeps_them_apart() {
    assert_eq!(told_of(&["g a b", "g b a"]), [""; 0]);
    // Only if both hold it.
    assert_eq!(told_of(&["g a b", "b a"]).len(), 1);
}

#[test]
fn one_thread_does_not_wait_for_itself() {
    let text = r#"vm = ToyVM()
vm.create_lock("a")
vm.create_lock("b")
def nest(x, y):
    return [("PUSH", x), ("LOCK_ACQUIRE",), ("PUSH", y), ("LOCK_ACQUIRE",),
            ("PUSH", y), ("LOCK_RELEASE",), ("PUSH", x), ("LOCK_RELEASE",)]
vm.create_thread(nest("a", "b") + nest("b", "a"), "only")
vm.run()
"#;
    assert_eq!(told_if(text, &[]), [""; 0]);
}

#[test]
fn three_make_a_circle() {
    let told = told_of(&["a b", "b c", "c a"]);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("locks a, b and c are taken in a circle: t0 takes b"), "{told:?}");
    // Two of its edges by one thread, which cannot wait at both.
    assert_eq!(told_of(&["a b", "c a", "b c"]).len(), 1);
    assert_eq!(told_of(&["a b", "b c"]), [""; 0]);
}

#[test]
fn what_is_tried_for_is_not_waited_for() {
    assert_eq!(told_of(&["a b", "b a?"]), [""; 0]);
    assert_eq!(told_of(&["a b", "b a~"]), [""; 0]);
    // To hold it is to hold it.
    assert_eq!(told_of(&["a b", "b? a"]).len(), 1);
    assert_eq!(told_of(&["a~ b", "b a"]).len(), 1);
}

const NEST: &str = r#"vm = ToyVM()
vm.create_lock("a")
vm.create_lock("b")
ab = [("PUSH", "a"), ("LOCK_ACQUIRE",), ("PUSH", "b"), ("LOCK_ACQUIRE",),
      ("PUSH", "b"), ("LOCK_RELEASE",), ("PUSH", "a"), ("LOCK_RELEASE",)]
ba = [("PUSH", "b"), ("LOCK_ACQUIRE",), ("PUSH", "a"), ("LOCK_ACQUIRE",),
      ("PUSH", "a"), ("LOCK_RELEASE",), ("PUSH", "b"), ("LOCK_RELEASE",)]
create = [("PUSH", 0), ("THREAD_CREATE", [ba]), ("STORE", "t")]
join = [("LOAD", "t"), ("THREAD_JOIN",)]
vm.create_thread(MAIN, "main")
vm.run()
"#;

#[test]
fn what_is_over_before_the_other_begins_is_none() {
    let with = |main| told_if(&NEST.replace("MAIN", main), &[]).len();
    assert_eq!(with("ab + create"), 0);
    assert_eq!(with("create + join + ab"), 0);
    assert_eq!(with("create + ab + join"), 1);
    assert_eq!(with("ab + create + ab + join + ab"), 1);
}

#[test]
fn all_of_a_circle_have_to_be_there_at_once() {
    const CIRCLE: &str = r#"vm = ToyVM()
vm.create_lock("a")
vm.create_lock("b")
vm.create_lock("c")
def nest(x, y):
    return [("PUSH", x), ("LOCK_ACQUIRE",), ("PUSH", y), ("LOCK_ACQUIRE",),
            ("PUSH", y), ("LOCK_RELEASE",), ("PUSH", x), ("LOCK_RELEASE",)]
ab = nest("a", "b")
bc = nest("b", "c")
ca = nest("c", "a")
main = [("PUSH", 0), ("THREAD_CREATE", [FIRST]), BETWEEN, ("PUSH", 0), ("THREAD_CREATE", [SECOND])]
vm.create_thread(ca, "other")
vm.create_thread(main, "main")
vm.run()
"#;
    for (first, second) in [("ab", "bc"), ("bc", "ab")] {
        // The other edge is noted last, or first.
        for turns in [[1, 2, 1, 3, 0], [0, 1, 2, 1, 3]] {
            for (between, found) in [("(\"THREAD_JOIN\",)", 0), ("(\"POP\",)", 1)] {
                let text = CIRCLE.replace("FIRST", first).replace("SECOND", second);
                let text = text.replace("BETWEEN", between);
                assert_eq!(told_if(&text, &turns.map(|thread| (thread, ALL))).len(), found);
            }
        }
    }
}

#[test]
fn who_waits_in_a_deadlock_has_asked() {
    let text = NEST.replace(
        "vm.create_thread(MAIN, \"main\")",
        "vm.create_thread(ab, \"one\")\nvm.create_thread(ba, \"two\")",
    );
    assert_eq!(told_if(&text, &[(0, 2), (1, ALL), (0, ALL)]).len(), 1);
}

#[test]
fn after_a_wait_a_lock_is_asked_for() {
    let text = r#"vm = ToyVM()
vm.create_lock("a")
vm.create_lock("b")
main = [
    ("PUSH", "b"), ("CONDITION_CREATE",), ("GLOBAL_STORE", "c"),
    ("PUSH", 0), ("THREAD_CREATE", [waiter]), ("POP",),
    ("SLEEP", 1),
    ("PUSH", "b"), ("LOCK_ACQUIRE",), ("LOAD", "c"), ("NOTIFY",), ("PUSH", "b"), ("LOCK_RELEASE",),
]
waiter = [("PUSH", "b"), ("LOCK_ACQUIRE",), ("PUSH", "a"), ("TRY_LOCK_ACQUIRE",), ("POP",),
          ("LOAD", "c"), ("WAIT",),
          ("PUSH", "a"), ("LOCK_RELEASE",), ("PUSH", "b"), ("LOCK_RELEASE",)]
other = [("SLEEP", 9), ("PUSH", "b"), ("LOCK_ACQUIRE",), ("PUSH", "a"), ("LOCK_ACQUIRE",)]
vm.create_thread(main, "main")
vm.create_thread(other, "other")
vm.run()
"#;
    let told = told_if(text, &[]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("takes b at line 11 (WAIT) while it holds a"), "{told:?}");
}

#[test]
fn a_thousand_philosophers_are_watched() {
    let text = r#"vm = ToyVM()
vm.create_message_queue("forks")
main = [
    ("LOCK_CREATE",), ("DUP",), ("STORE", "first"), ("STORE", "left"),
    ("PUSH", 0), ("STORE", "i"),
    ("LABEL", "more"),
    ("LOCK_CREATE",), ("STORE", "right"),
    ("LOAD", "i"), ("PUSH", 999), ("EQ",), ("JUMP_IF_FALSE", "seat"),
    ("LOAD", "first"), ("STORE", "right"),
    ("LABEL", "seat"),
    ("PUSH", "forks"), ("LOAD", "left"), ("QUEUE_SEND",),
    ("PUSH", "forks"), ("LOAD", "right"), ("QUEUE_SEND",),
    ("PUSH", 0), ("THREAD_CREATE", [philosopher]), ("THREAD_JOIN_FOR", 1), ("POP",),
    ("LOAD", "right"), ("STORE", "left"),
    ("LOAD", "i"), ("PUSH", 1), ("ADD",), ("DUP",), ("STORE", "i"),
    ("PUSH", 1000), ("LT",), ("JUMP_IF_TRUE", "more"),
]
philosopher = [
    ("PUSH", "forks"), ("QUEUE_RECEIVE",), ("STORE", "left"),
    ("PUSH", "forks"), ("QUEUE_RECEIVE",), ("STORE", "right"),
    ("SLEEP", 2000),
    ("LOAD", "left"), ("LOCK_ACQUIRE",), ("LOAD", "right"), ("LOCK_ACQUIRE",),
    ("LOAD", "right"), ("LOCK_RELEASE",), ("LOAD", "left"), ("LOCK_RELEASE",),
]
vm.create_thread(main, "main")
vm.run(max_steps=1000000)
"#;
    let told = told_if(text, &[]);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].matches(" while it holds ").count(), 1000);
}

#[test]
fn whoever_never_lets_go_of_its_locks_does_not_make_watching_slower() {
    // With every lock looked at, this would take hours.
    let hoards = "main = [('LOCK_CREATE',), ('LOCK_ACQUIRE',), ('JUMP', 0)]";
    assert!(told_if(hoards, &[(0, 50_000)]).is_empty());
}
