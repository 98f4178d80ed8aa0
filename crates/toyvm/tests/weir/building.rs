//! What is built of a program is read again in Python's notation, and does the same.

use std::sync::Arc;

use toyvm::notation::python;
use toyvm::scheduler::Policy;
use toyvm::source::{self, Selection, Source};
use toyvm::{Program, programs};

use super::play_with;

fn again(program: &Program) -> Arc<Program> {
    let text = python(program);
    let source = Source::new("again.toy", text.clone().into_bytes()).unwrap();
    match source::load(source, &Selection::default()) {
        Ok(loaded) => Arc::new(loaded.program),
        Err(rejected) => panic!("{}\n{text}", rejected.diagnostics[0].line(&rejected.source)),
    }
}

#[test]
fn every_program_that_ships_is_the_same_when_it_is_built() {
    for shipped in programs::CLASSICS {
        let source = Source::new(shipped.name, shipped.text.into()).unwrap();
        let program = Arc::new(source::load(source, &Selection::default()).unwrap().program);
        let again = again(&program);
        assert_eq!(again.codes().len(), program.codes().len(), "{}", shipped.name);
        for (one, other) in program.codes().iter().zip(again.codes()) {
            assert_eq!(one.instructions.len(), other.instructions.len(), "{}", shipped.name);
        }
        assert_eq!(again.wishes(), program.wishes(), "{}", shipped.name);
        assert_eq!(again.declared().len(), program.declared().len());
        for seed in 0..8 {
            for policy in [Policy::Random, Policy::Priority, Policy::Pct { depth: 3, length: 300 }]
            {
                let one = play_with(&program, policy, seed);
                let other = play_with(&again, policy, seed);
                assert_eq!(one.lines, other.lines, "{} {policy} {seed}", shipped.name);
                assert_eq!(one.outcome.steps, other.outcome.steps, "{}", shipped.name);
                assert_eq!(one.outcome.failed, other.outcome.failed, "{}", shipped.name);
                assert_eq!(one.faults(), other.faults(), "{}", shipped.name);
            }
        }
    }
}

#[test]
fn it_looks_like_this() {
    let program = super::load(
        "# verdict: PROVED\nglobal n = 0\nlock class\nthread w { lock class { n += 1 } }\njoin w\n",
    );
    let expected = r#"# verdict: PROVED

vm = ToyVM()
lock_0 = vm.create_lock(name="class")
vm.globals["n"] = 0

main = [
    # 4: thread w { lock class { n += 1 } }
    ("PUSH", 0),  # 0
    ("THREAD_CREATE", [w]),  # 1
    ("STORE", "w"),  # 2
    # 5: join w
    ("LOAD", "w"),  # 3
    ("THREAD_JOIN",),  # 4
]

w = [
    # 4: thread w { lock class { n += 1 } }
    ("LOAD", "class"),  # 0
    ("LOCK_ACQUIRE",),  # 1
    ("LOAD", "n"),  # 2
    ("PUSH", 1),  # 3
    ("ADD",),  # 4
    ("GLOBAL_STORE", "n"),  # 5
    ("LOAD", "class"),  # 6
    ("LOCK_RELEASE",),  # 7
]

thread_0 = vm.create_thread(main, "main")
vm.run()
"#;
    assert_eq!(python(&program), expected);
}
