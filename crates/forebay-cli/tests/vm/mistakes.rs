//! What beginners write, and what they are told: where, why, and what to do.

use crate::forebay::vm_of;

/// Refused, with a line that holds each of these.
#[track_caller]
fn refused(program: &str, lines: &[&str]) {
    let mut ended = vm_of("run -", program).exits(255).prints(&[]);
    for line in lines {
        ended = ended.says(&[line]);
    }
}

#[test]
fn several_errors_are_told_at_once_each_with_its_place() {
    let program =
        "main = [\n    (\"push\", 5),\n    (PUSH, 5),\n    (\"PUSH\", 5, 6),\n    (\"NOP\"),\n]\n";
    vm_of("run -", program).exits(255).tells(&[
        "error: there is no instruction `push`; did you mean `PUSH`?",
        " --> standard input:2:5",
        "  |",
        "2 |     (\"push\", 5),",
        "  |     ^^^^^^^^^^^",
        "",
        "error: `PUSH` is not defined",
        " --> standard input:3:6",
        "  |",
        "3 |     (PUSH, 5),",
        "  |      ^^^^",
        "  |",
        "  = help: an instruction's name is a string: (\"PUSH\", …)",
        "",
        "error: PUSH takes 1 argument (v), not 2",
        " --> standard input:4:5",
        "  |",
        "4 |     (\"PUSH\", 5, 6),",
        "  |     ^^^^^^^^^^^^^^",
        "",
        "error: (\"NOP\") is a string in brackets, no tuple: write (\"NOP\",)",
        " --> standard input:5:6",
        "  |",
        "5 |     (\"NOP\"),",
        "  |      ^^^^^",
        "  |",
        "  = help: it is the comma that makes a tuple",
        "",
    ]);
}

#[test]
fn brackets_commas_and_quotes() {
    refused(
        "main = [\n    (\"PUSH\", 5)\n    (\"POP\",)\n]\n",
        &["a tuple cannot be called", "help: is a comma missing before the bracket?"],
    );
    refused(
        "main = [\n    (\"PUSH\", 5),\n",
        &["this is no Python", "help: a bracket that was opened before is never closed"],
    );
    refused("main = [(\"PRINT\", \"five)]\n", &["missing closing quote", "standard input:1:19"]);
    refused(
        "worker = [(\"NOP\",)]\nmain = [(\"PUSH\", 0), (\"THREAD_CREATE\", worker)]\n",
        &["put them in one more [ ]"],
    );
}

#[test]
fn names() {
    refused(
        "worker = []\nmain = [(\"PUSH\", 0), (\"THREAD_CREATE\", [wroker])]\n",
        &["`wroker` is not defined; did you mean `worker`?", "standard input:2:41"],
    );
    refused("main = [(\"JUMP\", \"nowhere\")]\n", &["there is no label \"nowhere\""]);
    let program = "add = [(\"LOAD\", \"cuonter\")]\nmain = [(\"PUSH\", 0), (\"GLOBAL_STORE\", \
                   \"counter\"), (\"PUSH\", 0), (\"THREAD_CREATE\", [add]), (\"THREAD_JOIN\",)]\n";
    vm_of("run -", program)
        .exits(2)
        .tells(&["error: thread-0 failed at line 1 (LOAD \"cuonter\"): no \
         variable, global or object is called `cuonter`; did you mean `counter`?"]);
}

#[test]
fn python_round_the_program() {
    refused(
        "main = []\nfor i in range(5):\n    main.append((\"PUSH\", i))\n",
        &["a loop is not run, and line 3 depends on it", "help: write each round out"],
    );
    refused(
        "vm = ToyVM()\nvm.create_lok(\"m\")\nvm.start()\n",
        &["a ToyVM has no `create_lok`; did you mean `create_lock`?", "it has create_lock"],
    );
    let program = "vm = ToyVM()\nvm.create_thread([(\"NOP\",)], \"a\")\n\
                   vm.scheduler_type = \"rondom\"\nvm.max_step = 5\n";
    vm_of("run -", program)
        .exits(0)
        .says(&["warning: no scheduler is called `rondom`", "did you mean `random`?"])
        .says(&["warning: `max_step` is no setting", "did you mean `max_steps`?"]);
}

#[test]
fn the_stack_and_the_list() {
    let twice = "main = [(\"LOCK_CREATE\",), (\"LOCK_ACQUIRE\",),\n(\"LOCK_RELEASE\",)]\n";
    vm_of("run -", twice).exits(2).says(&[
        "main failed at line 2 (LOCK_RELEASE): the stack is empty; LOCK_RELEASE takes (lock) from it",
    ]);
    vm_of("run -", "main = [(\"PUSH\", \"a\"), (\"PUSH\", 1), (\"ADD\",)]")
        .exits(2)
        .says(&["two integers or two strings can be added", "its stack was [\"a\", 1]"]);
    let list = "w = [(\"NOP\",)]\nmain = [(\"PUSH\", 1), (\"THREAD_CREATE\", [w])]\n";
    vm_of("run -", list).exits(2).says(&["there is no list 1 to start: the only one is 0"]);
    let other = "vm = ToyVM()\nm = vm.create_lock(\"m\")\n\
                 vm.create_thread([(\"PUSH\", m), (\"LOCK_ACQUIRE\",), (\"SLEEP\", 9)], \"a\")\n\
                 vm.create_thread([(\"SLEEP\", 1), (\"PUSH\", \"m\"), (\"LOCK_RELEASE\",)], \"b\")\n";
    vm_of("run -", other).exits(2).says(&["b failed", "m is held by a, not by this thread"]);
}
