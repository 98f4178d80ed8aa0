//! Large programs: there is an answer.

use std::sync::mpsc;
use std::time::Duration;

use super::found;

/// Long enough for the slowest machine; only work that does not grow with the length takes longer.
const WATCHDOG: Duration = Duration::from_mins(10);

fn found_in_time(text: String) -> Vec<String> {
    let (done, answered) = mpsc::channel();
    std::thread::spawn(move || done.send(found(&text)));
    answered.recv_timeout(WATCHDOG).expect("an answer")
}

fn list(instructions: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = instructions.collect();
    format!("main = [{}]", all.join(","))
}

#[test]
fn a_deep_stack() {
    let pushes = (0..50_000).map(|n| format!(r#"("PUSH",{n})"#));
    let text = list(pushes.chain((0..50_001).map(|_| r#"("POP",)"#.to_owned())));
    let found = found_in_time(text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("POP needs a value, and the stack is empty"), "{found:?}");
}

#[test]
fn loops_in_loops() {
    // Every place jumps back to its mirror image.
    let half = 20_000;
    let pushes = (0..half).map(|_| r#"("CHOOSE",2)"#.to_owned());
    let jumps = (0..half).map(|n| format!(r#"("JUMP_IF_TRUE",{})"#, half - 1 - n));
    assert_eq!(found_in_time(list(pushes.chain(jumps))), [""; 0]);
}

#[test]
fn many_locks_on_many_paths() {
    let locks = (0..2_000).flat_map(|n| {
        [
            r#"("LOCK_CREATE",)"#.to_owned(),
            format!(r#"("STORE","m{n}")"#),
            format!(r#"("LOAD","m{n}")"#),
            r#"("LOCK_ACQUIRE",)"#.to_owned(),
            r#"("CHOOSE",2)"#.to_owned(),
            r#"("JUMP_IF_TRUE",0)"#.to_owned(),
        ]
    });
    // There are more than are told apart; of those that are, it is true.
    let found = found_in_time(list(locks));
    assert!(found.len() <= 64, "{}", found.len());
    assert!(found.iter().all(|finding| finding.ends_with("is never released")), "{found:?}");
}
