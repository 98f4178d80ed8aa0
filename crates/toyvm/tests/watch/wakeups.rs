//! Lost wakeups.

use toyvm::machine::Service;
use toyvm::watch::Wakeups;

use super::{ALL, Turns, machine, watch};

fn told_if(text: &str, turns: &[(usize, u32)]) -> Vec<String> {
    let mut machine = machine(text, Service::InOrder);
    let (wakeups, _) = watch(&mut machine, Turns(turns.to_vec()), Wakeups::new());
    wakeups.findings(&machine).iter().map(|lost| lost.tell(&machine)).collect()
}

/// One thread that makes a condition and a waiter, and then notifies.
fn program(notifier: &str, waiter: &str) -> String {
    format!(
        r#"vm = ToyVM()
vm.create_lock("m")
main = [
    ("PUSH", "m"), ("CONDITION_CREATE",), ("GLOBAL_STORE", "c"),
    ("PUSH", 0), ("THREAD_CREATE", [waiter]), ("STORE", "t"),
    ("PUSH", 1), ("GLOBAL_STORE", "ready"),
    {notifier}
]
waiter = [
    {waiter}
]
vm.globals["ready"] = 0
vm.create_thread(main, "main")
vm.run()
"#
    )
}

const NOTIFY: &str = "(\"LOAD\", \"c\"), (\"NOTIFY\",),";
const WAIT: &str = "(\"PUSH\", \"m\"), (\"LOCK_ACQUIRE\",), (\"LOAD\", \"c\"), (\"WAIT\",),";

#[test]
fn a_notification_before_the_wait_is_lost() {
    let text = program(NOTIFY, WAIT);
    assert_eq!(
        told_if(&text, &[(0, ALL), (1, ALL)]),
        [
            "lost wakeup: main notified condition-0 (c) at line 7 (NOTIFY) when nobody waited for it, and \
          thread-0 waits for it at line 10 (WAIT) since, without having looked in between"
        ]
    );
    assert_eq!(told_if(&text.replace("\"NOTIFY\"", "\"NOTIFY_ALL\""), &[(0, ALL)]).len(), 1);
    // It was not, where it met the waiter.
    assert_eq!(told_if(&text, &[(0, 6), (1, ALL)]), [""; 0]);
}

#[test]
fn a_notification_that_met_another_is_not_lost() {
    let once_more = format!("{NOTIFY} (\"PUSH\", 0), (\"THREAD_CREATE\", [waiter]),");
    let text = program(&once_more, &format!("{WAIT} (\"PUSH\", \"m\"), (\"LOCK_RELEASE\",),"));
    assert_eq!(told_if(&text, &[(0, 6), (1, ALL)]), [""; 0]);
    assert_eq!(told_if(&text, &[(0, ALL), (1, ALL)]).len(), 2);
}

#[test]
fn who_looks_before_the_lock_looks_too_soon() {
    let looks = "(\"LOAD\", \"ready\"), (\"JUMP_IF_TRUE\", 6),";
    let text = program(NOTIFY, &format!("{looks} {WAIT}"));
    // It looked, then it was notified, then it waits.
    assert_eq!(told_if(&text, &[(0, 6), (1, 2), (0, ALL), (1, ALL)]).len(), 1);
    assert_eq!(told_if(&text, &[(0, ALL), (1, ALL)]), [""; 0]);
}

#[test]
fn who_has_looked_since_did_not_need_it() {
    // It takes what is there, and waits for more, which never comes.
    let take = "(\"PUSH\", \"m\"), (\"LOCK_ACQUIRE\",), (\"LABEL\", \"again\"),
        (\"LOAD\", \"ready\"), (\"JUMP_IF_TRUE\", \"take\"), (\"LOAD\", \"c\"), (\"WAIT\",),
        (\"JUMP\", \"again\"), (\"LABEL\", \"take\"), (\"PUSH\", 0), (\"GLOBAL_STORE\", \"ready\"),
        (\"JUMP\", \"again\"),";
    let text = program(NOTIFY, take);
    assert_eq!(told_if(&text, &[(0, ALL), (1, ALL)]), [""; 0]);
    assert_eq!(told_if(&text, &[(0, 6), (1, ALL), (0, ALL)]), [""; 0]);
}

#[test]
fn looking_at_a_counter_or_an_array_is_looking() {
    let counter = program(NOTIFY, &format!("(\"PUSH\", \"n\"), (\"ATOMIC_GET\",), {WAIT}"))
        .replace("vm.create_lock", "vm.create_atomic_counter(0, \"n\")\nvm.create_lock");
    assert_eq!(told_if(&counter, &[(0, ALL)]), [""; 0]);
    let get = "(\"ARRAY_CREATE\", 1), (\"PUSH\", 0), (\"ARRAY_GET\",),";
    assert_eq!(told_if(&program(NOTIFY, &format!("{get} {WAIT}")), &[(0, ALL)]), [""; 0]);
}

#[test]
fn what_is_made_up_for_later_is_not_lost() {
    let twice = format!("{NOTIFY} (\"SLEEP\", 1), {NOTIFY}");
    assert_eq!(told_if(&program(&twice, WAIT), &[(0, ALL)]), [""; 0]);
    // But each wait needs its own.
    assert_eq!(
        told_if(&program(&twice, &format!("{WAIT} (\"LOAD\", \"c\"), (\"WAIT\",),")), &[(0, ALL)])
            .len(),
        1
    );
}

#[test]
fn who_may_wait_has_lost_nothing() {
    let text = program(NOTIFY, WAIT);
    let daemon =
        text.replace("(\"THREAD_CREATE\", [waiter])", "(\"THREAD_CREATE\", [waiter], \"daemon\")");
    assert_eq!(told_if(&daemon, &[(0, ALL)]), [""; 0]);
    let goes_round = format!("{NOTIFY} (\"LABEL\", \"round\"), (\"JUMP\", \"round\"),");
    let text = program(&goes_round, WAIT);
    assert_eq!(told_if(&text, &[(0, 15), (1, ALL)]).len(), 1);
    let timed = text.replace("(\"WAIT\",)", "(\"WAIT_FOR\", 1000000), (\"POP\",)");
    assert_eq!(told_if(&timed, &[(0, 15), (1, ALL)]), [""; 0]);
}

#[test]
fn ones_own_notification_is_not_meant_for_oneself() {
    let text = program("", &format!("(\"LOAD\", \"c\"), (\"NOTIFY\",), {WAIT}"));
    assert_eq!(told_if(&text, &[(0, ALL)]), [""; 0]);
    // Nor does it make up for another's.
    let text = program(NOTIFY, &format!("(\"LOAD\", \"c\"), (\"NOTIFY\",), {WAIT}"));
    assert_eq!(told_if(&text, &[(0, ALL)]).len(), 1);
}
