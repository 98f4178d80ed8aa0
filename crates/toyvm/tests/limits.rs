//! What a program may use: each limit gives its error, and nothing else goes wrong.

use std::sync::Arc;

use toyvm::Machine;
use toyvm::machine::{Fault, Limits, Service, Status};
use toyvm::run::{self, End, Outcome, Pace, Stage};
use toyvm::scheduler::RoundRobin;
use toyvm::source::{Selection, Source, load};

/// Runs `main`, whose limits are the usual ones but for what is changed here, until it has failed.
/// Another thread then goes on as if nothing had happened.
fn run(main: &str, change: impl Fn(&mut Limits)) -> (Machine, Outcome) {
    let text = format!(
        "vm = ToyVM()\nvm.create_thread([{main}], 'main')\n\
         vm.create_thread([('SLEEP', 1000), ('PUSH', 1), ('GLOBAL_STORE', 'after')], 'other')\n"
    );
    let source = Source::new("limits.py", text.into_bytes()).expect("it is text");
    let program = load(source, &Selection::default()).expect("it is a program").program;
    let mut limits = Limits::default();
    change(&mut limits);
    let mut machine = Machine::with(Arc::new(program), Service::InOrder, limits);
    let mut stage = Stage { choices: run::choices(0), observer: () };
    let outcome = run::run(&mut machine, RoundRobin::default(), &mut stage, Pace::default());
    (machine, outcome)
}

/// Which limit a `main` runs into that repeats some instructions for ever; how often it did them is
/// counted.
fn limit(repeats: &str, change: impl Fn(&mut Limits)) -> (&'static str, u64, i64) {
    let main = format!(
        "('PUSH', 0), ('GLOBAL_STORE', 'times'), {repeats} \
         ('LOAD', 'times'), ('PUSH', 1), ('ADD',), ('GLOBAL_STORE', 'times'), ('JUMP', 2)"
    );
    let (machine, outcome) = run(&main, change);
    assert_eq!(outcome.end, End::Finished);
    assert_eq!(outcome.failed.len(), 1, "only main fails");
    let Status::Failed(failure) = machine.thread(outcome.failed[0]).status() else {
        panic!("it has failed");
    };
    let Fault::TooMuch { what, limit } = failure.fault else {
        panic!("{}", machine.tell_fault(failure.fault));
    };
    let global = |name: &str| {
        let names = machine.program().names();
        let at = names.iter().position(|it| machine.program().text(*it) == name);
        match machine.state().globals()[at.expect("it is a name")] {
            Some(toyvm::value::Value::Int(int)) => int,
            other => panic!("{name} is {other:?}"),
        }
    };
    assert_eq!(global("after"), 1, "others go on");
    (what, limit, global("times"))
}

#[test]
fn threads() {
    let create = "('PUSH', 0), ('THREAD_CREATE', [[('NOP',)]]), ('POP',),";
    // Two are there from the beginning, and one that has ended counts.
    assert_eq!(limit(create, |limits| limits.threads = 7), ("threads", 7, 5));
}

#[test]
fn stacks() {
    // Counting needs two more.
    let pushes = limit("('PUSH', 5),", |limits| limits.stack = 6);
    assert_eq!(pushes, ("values on a stack", 6, 4));
    let dup = "('PUSH', 5), ('DUP',), ('DUP',), ('POP',), ('POP',), ('POP',),";
    assert_eq!(limit(dup, |limits| limits.stack = 2), ("values on a stack", 2, 0));
}

#[test]
fn what_finds_no_place_on_the_stack_does_nothing() {
    for create in [
        "('LOCK_CREATE',)",
        "('QUEUE_CREATE',)",
        "('BOUNDED_QUEUE_CREATE', 1)",
        "('ATOMIC_CREATE', 1)",
        "('ARRAY_CREATE', 1)",
        "('CHOOSE', 3)",
        "('RANDOM', 3)",
        "('PUSH', 1)",
        "('DUP',)",
        "('LOAD', 'main')",
        "('LOAD', 'q'), ('TRY_QUEUE_RECEIVE',)",
        "('LOAD', 'q'), ('QUEUE_RECEIVE_FOR', 1)",
    ] {
        let (queue, one) = ("('QUEUE_CREATE',), ('GLOBAL_STORE', 'q'), ('PUSH', 1)", "('PUSH', 1)");
        let fills = if create.contains("RECEIVE") { one } else { "('PUSH', 1), ('PUSH', 1)" };
        let (machine, outcome) = run(&format!("{queue}, {fills}, {create}"), |limits| {
            limits.stack = 3;
        });
        let main = machine.thread(outcome.failed[0]);
        let Status::Failed(failure) = main.status() else { panic!("it has failed") };
        let full = Fault::TooMuch { what: "values on a stack", limit: 3 };
        assert_eq!(failure.fault, full, "{create}");
        assert_eq!(main.stack().len(), 3, "{create}");
        let state = machine.state();
        let made = state.locks().len() + state.counters().len() + state.arrays().len();
        assert_eq!((made, state.queues().len()), (0, 1), "{create}");
    }
}

#[test]
fn lines() {
    let joins = "('PUSH', 'abcd'), ('DUP',), ('ADD',)";
    let prints = |text: &str| run(&format!("{joins}, ('PRINT', '{text}')"), |it| it.text = 20).1;
    assert_eq!(prints("{} {}").failed.len(), 0);
    assert_eq!(prints("{} {} {}").failed.len(), 1);
    assert_eq!(prints("a text that is longer than that the file itself holds").failed.len(), 0);
    let (machine, outcome) =
        run("('LOAD', 'main'), ('PRINT', '{} {} {} {} {}')", |it| it.text = 20);
    let Status::Failed(failure) = machine.thread(outcome.failed[0]).status() else {
        panic!("names are strings too");
    };
    assert_eq!(failure.fault, Fault::TooMuch { what: "bytes of a line", limit: 20 });
}

#[test]
fn queues() {
    for how in
        ["('QUEUE_SEND',)", "('TRY_QUEUE_SEND',), ('POP',)", "('QUEUE_SEND_FOR', 5), ('POP',)"]
    {
        let sends = format!(
            "('LOAD', 'times'), ('JUMP_IF_TRUE', 6), ('QUEUE_CREATE',), ('GLOBAL_STORE', 'q'), \
             ('LOAD', 'q'), ('PUSH', 7), {how},"
        );
        let sent = limit(&sends, |limits| limits.queue = 3);
        assert_eq!(sent, ("messages in a queue", 3, 3), "{how}");
    }
}

#[test]
fn one_string() {
    let doubles = "('PUSH', 'abcd'), ('PUSH', 'efgh'), ('ADD',), ('DUP',), ('ADD',), ('POP',),";
    assert_eq!(limit(doubles, |limits| limits.text = 15), ("bytes of a string", 15, 0));
}

#[test]
fn all_strings() {
    let longer = "('LOAD', 's'), ('PUSH', 'x'), ('ADD',), ('GLOBAL_STORE', 's'),";
    let begins = "('LOAD', 'times'), ('JUMP_IF_TRUE', 6), ('PUSH', ''), ('GLOBAL_STORE', 's'),";
    // Of 1, 2, 3, 4 bytes: 'x' is the program's own.
    let longest = limit(&format!("{begins} {longer}"), |limits| limits.texts = 9);
    assert_eq!(longest, ("bytes of all strings", 9, 4));
}

#[test]
fn objects() {
    for create in [
        "('LOCK_CREATE',), ('POP',),",
        "('PUSH', 1), ('SEMAPHORE_CREATE',), ('POP',),",
        "('PUSH', 1), ('BOUNDED_SEMAPHORE_CREATE', 1), ('POP',),",
        "('QUEUE_CREATE',), ('POP',),",
        "('BOUNDED_QUEUE_CREATE', 1), ('POP',),",
        "('ATOMIC_CREATE', 0), ('POP',),",
        "('ARRAY_CREATE', 0), ('POP',),",
    ] {
        let made = limit(create, |limits| limits.objects = 3);
        assert_eq!(made, ("objects", 3, 3), "{create}");
    }
    let conditions = "('LOCK_CREATE',), ('CONDITION_CREATE',), ('POP',),";
    assert_eq!(limit(conditions, |limits| limits.objects = 3), ("objects", 3, 1));
}

#[test]
fn places() {
    let arrays = "('ARRAY_CREATE', 10), ('POP',),";
    assert_eq!(limit(arrays, |limits| limits.places = 35).2, 3);
    let threads =
        "('PUSH', 0), ('THREAD_CREATE', [[('PUSH', 1), ('STORE', 'a')]]), ('THREAD_JOIN',),";
    let (machine, outcome) =
        run(&format!("{threads} {threads} {threads}"), |limits| limits.places = 2);
    assert_eq!(outcome.failed.len(), 1, "one thread has no place for its variable");
    assert_eq!(machine.state().threads().len(), 5);
}

#[test]
fn steps() {
    let source = Source::new("limits.py", b"main = [('JUMP', 0)]".to_vec()).expect("it is text");
    let program = load(source, &Selection::default()).expect("it is a program").program;
    let mut machine = Machine::new(Arc::new(program));
    let mut stage = Stage { choices: run::choices(0), observer: () };
    let pace = Pace { max_steps: 123, realtime: false };
    let outcome = run::run(&mut machine, RoundRobin::default(), &mut stage, pace);
    assert_eq!((outcome.end.clone(), outcome.steps, outcome.status()), (End::OutOfSteps, 123, 3));
    assert_eq!(machine.state().clock(), 123);
}
