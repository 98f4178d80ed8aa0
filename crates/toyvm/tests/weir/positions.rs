//! Whatever goes wrong in a run is told with the line of Weir that it came from.

use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Plan, check};
use toyvm::machine::Status;
use toyvm::run::End;

use super::{load, play};

#[test]
fn a_failure_names_the_line() {
    let played = play(
        "global n = 0\nprocedure divide(a, b) {\n  return a / b\n}\nn = 3\nprint(divide(n, n - 3))\n",
    );
    let thread = played.outcome.failed[0];
    let Status::Failed(failure) = played.machine.thread(thread).status() else { panic!() };
    let code = played.machine.thread(thread).code();
    assert_eq!(played.machine.program().line_of(code, failure.at), Some(3));
}

#[test]
fn an_assertion_says_how_it_is_written_and_where() {
    let played = play("x = 2\n\nassert x  ==\n  3\n");
    let End::Asserted { thread } = played.outcome.end else { panic!("{:?}", played.outcome.end) };
    let (code, pc) = (played.machine.thread(thread).code(), played.machine.thread(thread).at());
    let program = played.machine.program();
    assert_eq!(program.line_of(code, pc), Some(3));
    assert_eq!(
        program.code(code).instructions[pc as usize].show(program, code),
        "ASSERT \"x == 3\""
    );
}

#[test]
fn whoever_waits_stands_on_the_line_of_the_block() {
    let played = play(
        "lock a\nthread w {\n  lock a {\n    lock a {\n      sleep 1\n    }\n  }\n}\njoin w\n",
    );
    assert_eq!(played.outcome.cycles.len(), 1);
    let lines = played.machine.state().thread_ids().map(|thread| {
        let it = played.machine.thread(thread);
        played.machine.program().line_of(it.code(), it.at()).unwrap()
    });
    assert_eq!(lines.collect::<Vec<_>>(), [9, 4]);
}

#[test]
fn a_race_that_is_proved_names_both_lines() {
    let program: Arc<Program> = load("global n = 0\nthread w[2] {\n\n  n += 1\n}\njoin w\n");
    let report = check(&program, &Plan::default());
    let toyvm::check::Finding::Race { accesses, .. } = &report.failures[0].finding else {
        panic!()
    };
    let code = program.code_ids().find(|code| program.code(*code).name == "w").unwrap();
    for (_, at) in accesses {
        assert_eq!(program.line_of(code, *at), Some(4));
    }
}

#[test]
fn each_instruction_stands_where_what_it_does_is_written() {
    let program = load("global n = 0\nwhile n < 3 {\n  n = n +\n    1\n}\nprint(\"{}\",\n  n)\n");
    let code = program.entries()[0].code;
    let lines: Vec<u32> = (0..program.code(code).instructions.len() as u32)
        .map(|pc| program.line_of(code, pc).unwrap())
        .collect();
    // LOAD PUSH LT JUMP_IF_FALSE, LOAD PUSH ADD GLOBAL_STORE, JUMP, LOAD PRINT POP
    assert_eq!(lines, [2, 2, 2, 2, 3, 4, 3, 3, 5, 7, 6, 6]);
}
