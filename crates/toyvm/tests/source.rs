//! What a file means: each rule on a real text.

use toyvm::program::Program;
use toyvm::source::{ExtraThread, Loaded, Selection, Severity, Source, load};
use toyvm::value::Kind;

fn read(text: &str, selection: &Selection) -> Result<Loaded, Vec<String>> {
    let source = Source::new("t.vm", text.as_bytes().to_vec()).expect("a text");
    load(source, selection).map_err(|rejected| {
        rejected.diagnostics.iter().map(|found| found.line(&rejected.source)).collect()
    })
}

fn program(text: &str) -> Program {
    read(text, &Selection::default()).expect("a program").program
}

fn entry(text: &str, name: &str) -> Result<Loaded, Vec<String>> {
    read(text, &Selection { entry: Some(name.into()), ..Selection::default() })
}

/// Every code: its name, and its instructions as they are shown.
fn codes(program: &Program) -> Vec<(String, Vec<String>)> {
    let show = |(at, code): (usize, &toyvm::program::Code)| {
        let id = (0..program.entries().len())
            .map(|entry| program.entries()[entry].code)
            .chain(all_bodies(program))
            .find(|id| id.index() == at)
            .expect("every code is an entry or a body");
        let shown = code.instructions.iter().map(|one| one.show(program, id)).collect();
        (code.name.clone(), shown)
    };
    program.codes().iter().enumerate().map(show).collect()
}

fn all_bodies(program: &Program) -> Vec<toyvm::program::CodeId> {
    use toyvm::instruction::Instruction;
    let all = program.codes().iter().flat_map(|code| &code.instructions);
    all.flat_map(|one| match one {
        Instruction::ThreadCreate(bodies) | Instruction::DaemonCreate(bodies) => {
            program.bodies(bodies.0).to_vec()
        }
        _ => Vec::new(),
    })
    .collect()
}

/// The instructions of the first code.
fn main_of(text: &str) -> Vec<String> {
    codes(&program(text)).swap_remove(0).1
}

/// The first error of a file.
fn error(text: &str) -> String {
    read(text, &Selection::default()).expect_err("no program").swap_remove(0)
}

fn notes(text: &str) -> Vec<String> {
    let loaded = read(text, &Selection::default()).expect("a program");
    loaded.notes.iter().map(|note| note.line(loaded.program.source())).collect()
}

fn entries(program: &Program) -> Vec<(Option<&str>, &str, i64)> {
    let show = |entry: &toyvm::program::Entry| {
        let name = entry.name.map(|name| program.text(name));
        (name, program.code(entry.code).name.as_str(), entry.priority)
    };
    program.entries().iter().map(show).collect()
}

#[test]
fn constants_mean_what_python_means() {
    let text = r#"
N = 8
HALF = N // 2
WHO = 'wor' "ker"
main = [  # a comment
    ("PUSH", -N), ('PUSH', "a\"\n"), ("PUSH", True), ("PUSH", False), ("PUSH", 2**10 - 1,),
    ("PUSH", -9223372036854775808), ("PUSH", 0x10), ("PUSH", -7 // 2), ("PUSH", -7 % 3),
    ("PRINT", f"{WHO} {N + 1} of {HALF}: {{}}"), ["NOP"], ("SLEEP",), ("SLEEP", 1_000),
    ("PUSH", len(WHO)), ("PUSH", "a" + str(N)), ("PUSH", (1 << 4) | 3),
    ("MUL", "mod"), ("STORE", "x"), ("LOAD", "x",),
]
"#;
    assert_eq!(
        main_of(text),
        [
            "PUSH -8",
            r#"PUSH "a\"\n""#,
            "PUSH 1",
            "PUSH 0",
            "PUSH 1023",
            "PUSH -9223372036854775808",
            "PUSH 16",
            "PUSH -4",
            "PUSH 2",
            r#"PRINT "worker 9 of 4: {}""#,
            "NOP",
            "SLEEP",
            "SLEEP 1000",
            "PUSH 6",
            r#"PUSH "a8""#,
            "PUSH 19",
            r#"MUL "mod""#,
            r#"STORE "x""#,
            r#"LOAD "x""#,
        ]
    );
}

#[test]
fn lists_are_joined_repeated_unpacked_and_grown() {
    let text = r#"
pause = [("NOP",)] * 2
main = [*pause, ("POP",)] + pause[:1]
main.append(("DUP",))
main.extend([("ADD",), ("SUB",)])
main.insert(0, ("MUL",))
main += [("DIV",)]
main[1] = ("PUSH", 1)
"#;
    let shown = main_of(text);
    assert_eq!(shown, ["MUL", "PUSH 1", "NOP", "POP", "NOP", "DUP", "ADD", "SUB", "DIV"]);
}

#[test]
fn names_may_be_bound_after_use_and_lists_mention_each_other() {
    let text = r#"
main = [("PUSH", LATER), ("THREAD_CREATE", [main, ping]), ("THREAD_CREATE", ["pong", [("POP",)]])]
ping = [("THREAD_CREATE", [pong])]
pong = [("THREAD_CREATE", [ping])]
LATER = AFTER + 1
AFTER = 2
"#;
    let all = codes(&program(text));
    assert_eq!(
        all[0].1,
        ["PUSH 3", "THREAD_CREATE [main, ping]", "THREAD_CREATE [pong, main[2].1]"]
    );
    let names: Vec<_> = all.iter().map(|code| code.0.as_str()).collect();
    assert_eq!(names, ["main", "ping", "pong", "main[2].1"], "each list is one code");
    assert_eq!(
        error("a = b\nb = a\nmain = [('PUSH', a)]\n"),
        "t.vm:1:1: `a` needs its own value before it has one"
    );
    assert_eq!(error("x = x + 1\n"), "t.vm:1:1: `x` needs its own value before it has one");
    assert_eq!(
        error("main = [*main]\n"),
        "t.vm:1:9: this list is read before all of its elements are known"
    );
    assert_eq!(
        error("worker = [('NOP',)]\nmain = [('THREAD_CREATE', [wroker])]\n"),
        "t.vm:2:28: `wroker` is not defined; did you mean `worker`?"
    );
}

#[test]
fn functions_are_evaluated_at_each_call() {
    let text = r#"
def producer(n, items=2, *, pause=0):
    """Puts."""
    import random
    name = f"p{n}"
    def step(text): return ("PRINT", text)
    code = [step(name), ("SLEEP", pause)]
    return code + [("PUSH", items)]
main = [("THREAD_CREATE", [producer(1), producer(2, items=3), producer(n=3, pause=9)])]
"#;
    let all = codes(&program(text));
    assert_eq!(
        all[0].1,
        ["THREAD_CREATE [producer(1), producer(2, items=3), producer(n=3, pause=9)]"]
    );
    assert_eq!(all[1].1, [r#"PRINT "p1""#, "SLEEP 0", "PUSH 2"]);
    assert_eq!(all[3].1, [r#"PRINT "p3""#, "SLEEP 9", "PUSH 2"]);
    assert_eq!(
        error("def f(a): return [('PUSH', a)]\nmain = f()\n"),
        "t.vm:2:8: `f` is called without its argument `a`"
    );
    assert_eq!(
        error("def f(a): return [('PUSH', a)]\nmain = f(1, 2)\n"),
        "t.vm:2:8: `f` takes 1 argument, not 2"
    );
    assert_eq!(
        error("def f(a): return [('PUSH', a)]\nmain = f(b=2)\n"),
        "t.vm:2:12: `f` has no parameter `b`"
    );
    assert_eq!(
        error("def f(): [('NOP',)]\nmain = f()\n"),
        "t.vm: `main` is no list"
            .replace("t.vm: `main` is no list", "t.vm: there is no program in it: no list of instructions, and no ToyVM that starts a thread")
    );
    assert_eq!(
        error(
            "def f():\n    x = [('THREAD_CREATE', ['y'])]\n    y = [('NOP',)]\n    return x\nmain = f() + [('POOP',)]\n"
        ),
        "t.vm:5:15: there is no instruction `POOP`; did you mean `POP`?"
    );
    let inner = "def f():\n    x = [('THREAD_CREATE', ['y'])]\n    y = [('NOP',)]\n    return x\nmain = f()\n";
    assert_eq!(codes(&program(inner))[1].0, "y", "a string names a list of the function");
}

#[test]
fn floats_loops_and_conditions_are_refused_where_they_matter() {
    let fine = r#"
import time, random
start = time.time()
SPEED = 0.5
ratio = SPEED
for i in range(3):
    print(i)
    total = i
while random.random() < 0.5:
    time.sleep(0.1)
if len(__file__) > 3:
    print("long")
with open("x") as f:
    data = f.read()
squares = [n * n for n in range(4)]
try:
    import numpy
except ImportError:
    numpy = None
main = [("NOP",)]
"#;
    assert_eq!(main_of(fine), ["NOP"]);
    assert_eq!(
        error("X = 0.5\nmain = [('PUSH', X)]\n"),
        "t.vm:2:9: only integers and strings can be pushed, not a float: ToyVM has integers only"
    );
    assert_eq!(
        error("X = 1 + 0.5\nmain = [('NOP',)]\n"),
        "t.vm:1:5: ToyVM has integers only, and this reckons with a float"
    );
    assert_eq!(
        error("X = 3 / 2\nmain = [('SLEEP', X)]\n"),
        "t.vm:2:9: this takes an integer, not a float: ToyVM has integers only"
    );
    assert_eq!(
        error("import random\nmain = [('PUSH', random.randint(1, 6))]\n"),
        "t.vm:2:9: only integers and strings can be pushed, not what `random.randint` returns"
    );
    assert_eq!(
        error("main = []\nfor i in range(3):\n    main.append(('PUSH', i))\n"),
        "t.vm:2:1: a loop is not run, and line 3 depends on it: a program is straight-line code"
    );
    assert_eq!(
        error("for i in range(3):\n    x = i\nmain = [('PUSH', x)]\n"),
        "t.vm:3:9: only integers and strings can be pushed, not what a loop computes"
    );
    assert_eq!(
        error("main = [('PUSH', n) for n in range(3)]\n"),
        "t.vm: there is no program in it: no list of instructions, and no ToyVM that starts a thread"
    );
    assert_eq!(
        error("main = [*[('PUSH', n) for n in range(3)]]\n"),
        "t.vm:1:9: `*` unpacks a list, not a comprehension, which is a loop and not run"
    );
    assert_eq!(
        error("def f(n):\n    if n:\n        return [('NOP',)]\n    return []\nmain = f(1)\n"),
        "t.vm:2:5: a condition is not run, and line 3 depends on it: a program is straight-line code"
    );
    assert_eq!(
        error("main = [('PUSH', 99999999999999999999)]\n"),
        "t.vm:1:9: only integers and strings can be pushed, not an integer beyond 64 bits"
    );
    assert_eq!(error("X = 1 // 0\n"), "t.vm:1:5: this divides by zero");
    assert_eq!(error("X = 2 ** 63\n"), "t.vm:1:5: the result does not fit in 64 bits");
}

#[test]
fn instructions_that_are_none_are_told_with_what_to_do() {
    assert_eq!(
        error("main = [('PUSH', 1), (\"NOP\")]\n"),
        "t.vm:1:23: (\"NOP\") is a string in brackets, no tuple: write (\"NOP\",)"
    );
    assert_eq!(error("main = [('PUSH', 1, 2)]\n"), "t.vm:1:9: PUSH takes 1 argument (v), not 2");
    assert_eq!(
        error("main = [('PUSH', 1), 7]\n"),
        "t.vm:1:22: an instruction is a tuple, not the integer 7"
    );
    assert_eq!(
        error("main = [('PUSH', 1), ()]\n"),
        "t.vm:1:22: an instruction begins with its name, and this is empty"
    );
    assert_eq!(
        error("main = [('PUSH', 1), [('NOP',)]]\n"),
        "t.vm:1:22: this is a list within a list"
    );
    assert_eq!(
        error("main = []\n"),
        "t.vm:1:8: this list has no instructions, and a thread needs one"
    );
    assert_eq!(
        error("w = []\nmain = [('THREAD_CREATE', [w])]\n"),
        "t.vm:1:5: this list has no instructions, and a thread needs one"
    );
    assert_eq!(
        error("w = [('NOP',)]\nmain = [('THREAD_CREATE', w)]\n"),
        "t.vm:2:9: this takes a list of lists of instructions, and these are instructions: put them in one more [ ]"
    );
    assert_eq!(
        error("main = [('THREAD_CREATE', ['w'])]\n"),
        "t.vm:1:9: there is no list that the string \"w\" names"
    );
    assert!(error("main = [('PUSH', 1), ('POP',\n").starts_with("t.vm:2:1: this is no Python: "));
    let several = read("main = [('PUHS', 1), ('POP', 1), (\"NOP\")]\n", &Selection::default());
    assert_eq!(several.expect_err("errors").len(), 3, "several errors at a time");
    let twice = "def f(): return [('PUHS', 1)]\nmain = f() + f()\n";
    assert_eq!(read(twice, &Selection::default()).expect_err("one").len(), 1, "each is told once");
    let many = format!("main = [{}]\n", "('PUHS',), ".repeat(50));
    let many = read(&many, &Selection::default()).expect_err("errors");
    assert_eq!((many.len(), many[20].as_str()), (21, "t.vm: and 30 more errors"));
}

#[test]
fn labels_name_addresses_of_their_list() {
    let text = r#"
main = [("JUMP", "end"), ("LABEL", "top"), ("PUSH", 0), ("JUMP_IF", "top"), ("LABEL", "end"), ("JUMP", 0)]
"#;
    assert_eq!(
        main_of(text),
        ["JUMP 4 (end)", "LABEL \"top\"", "PUSH 0", "JUMP_IF 1 (top)", "LABEL \"end\"", "JUMP 0"]
    );
    assert_eq!(
        error("main = [('LABEL', 'loop'), ('JUMP', 'lop')]\n"),
        "t.vm:1:28: there is no label \"lop\" in this list; did you mean \"loop\"?"
    );
    assert_eq!(
        error("main = [('LABEL', 'a'),\n ('LABEL', 'a')]\n"),
        "t.vm:2:2: the label \"a\" stands twice in this list"
    );
}

const SCRIPT: &str = r#"
"""A demonstration."""
from toyvm import ToyVM
import time

vm = ToyVM(seed=7, quantum=2)
lock = vm.create_lock("m")
spare = vm.create_lock()
empty = vm.create_semaphore(5, "empty")
full = vm.create_semaphore(name="full", initial=0)
q = vm.create_message_queue("q")
c = vm.create_atomic_counter(0, "c")
cond = vm.create_condition("changed", lock=lock)
few = vm.create_bounded_semaphore(1, 2, "few")
small = vm.create_bounded_queue(3, name="small")
cells = vm.create_array(4, "cells")
vm.globals["x"] = 1
vm.globals.update({"y": 2})
vm.scheduler_type = "random"

worker = [("PUSH", lock), ("LOCK_ACQUIRE",), ("PUSH", spare), ("LOAD", "x"), ("PUSH", "m")]
boss = [("LOAD", "w1"), ("THREAD_JOIN",)]
t = vm.create_thread(worker, "w1", priority=3)
vm.create_thread(boss, daemon=True)
print("starting", t)
vm.run(max_steps=500)
vm.report(anything=1)
for thread in vm.threads:
    print(thread)
"#;

#[test]
fn scripts_around_a_toyvm_mean_what_they_say() {
    let program = program(SCRIPT);
    assert_eq!(entries(&program), [(Some("w1"), "worker", 3), (None, "boss", 0)]);
    assert!(program.entries()[1].daemon);
    let declared: Vec<_> = program
        .declared()
        .iter()
        .map(|of| (of.kind, of.name.map_or("", |name| program.text(name)), of.initial, of.bound))
        .collect();
    assert_eq!(
        declared,
        [
            (Kind::Lock, "m", 0, None),
            (Kind::Lock, "", 0, None),
            (Kind::Semaphore, "empty", 5, None),
            (Kind::Semaphore, "full", 0, None),
            (Kind::Queue, "q", 0, None),
            (Kind::Counter, "c", 0, None),
            (Kind::Condition, "changed", 0, None),
            (Kind::Semaphore, "few", 1, Some(2)),
            (Kind::Queue, "small", 0, Some(3)),
            (Kind::Array, "cells", 4, None),
        ]
    );
    assert_eq!(
        codes(&program)[0].1,
        ["PUSH m", "LOCK_ACQUIRE", "PUSH lock-1", "LOAD \"x\"", "PUSH \"m\""]
    );
    let wishes = program.wishes();
    assert_eq!(wishes.scheduler.as_deref(), Some("random"));
    assert_eq!((wishes.max_steps, wishes.seed, wishes.quantum), (Some(500), Some(7), Some(2)));
    let m = program.texts().find("m").expect("it was met");
    assert_eq!(program.object_called(m).map(|of| (of.kind, of.index)), Some((Kind::Lock, 0)));
    let w1 = program.names().iter().position(|name| program.text(*name) == "w1").expect("a name");
    let thread = program.code(program.entries()[1].code).variables[0];
    assert_eq!(thread.index(), w1);
    assert_eq!(program.object_named(thread).map(|of| (of.kind, of.index)), Some((Kind::Thread, 0)));
}

#[test]
fn what_a_toyvm_does_not_understand_is_told() {
    let vm = |text: &str| format!("vm = ToyVM()\n{text}\nvm.create_thread([('NOP',)])\n");
    assert_eq!(
        error(&vm("vm.create_lok('m')")),
        "t.vm:2:1: a ToyVM has no `create_lok`; did you mean `create_lock`?"
    );
    assert_eq!(
        error(&vm("vm.create_semaphore(-1)")),
        "t.vm:2:1: the count of a semaphore cannot be -1"
    );
    assert_eq!(
        error(&vm("vm.create_semaphore('s')")),
        "t.vm:2:1: `create_semaphore` is called without the count"
    );
    assert_eq!(
        error(&vm("vm.create_lock('a')\nvm.create_semaphore(1, 'a')")),
        "t.vm:3:1: the name `a` is given twice"
    );
    assert_eq!(
        error(&vm("vm.create_thread(3)")),
        "t.vm:2:18: a thread runs a list of instructions, not the integer 3"
    );
    assert_eq!(
        error(&vm("vm.globals['x'] = 1.5")),
        "t.vm:2:1: a global is an integer or a string, not a float: ToyVM has integers only"
    );
    assert_eq!(
        notes(&vm("vm.colour = 'red'")),
        ["t.vm:2:1: `colour` is no setting of ToyVM and left out"]
    );
    assert_eq!(entries(&program(&vm(""))), [(Some("main"), "main", 0)], "the only thread is main");
    assert_eq!(
        entries(&program(&vm("vm.create_thread([('POP',)])"))),
        [(None, "thread-0", 0), (None, "thread-1", 0)]
    );
}

#[test]
fn what_is_pythons_is_skipped_and_noted() {
    let text = "\"\"\"doc\"\"\"\nimport random\nrandom.seed()\nx: int = 3\nclass ToyVM:\n    def run(self): pass\n\
                class Other: pass\nprint(undefined)\nname = input()\nmain = [('PUSH', x)]\n\
                if __name__ == '__main__':\n    ToyVM().run(main)\n";
    assert_eq!(
        notes(text),
        [
            "t.vm:1:1: a docstring is Python's; skipped",
            "t.vm:2:1: the import is Python's; skipped",
            "t.vm:3:1: `random.seed` is Python's; skipped",
            "t.vm:5:7: this class is what forebay has of its own; skipped",
            "t.vm:7:7: the class `Other` is Python's; skipped",
            "t.vm:8:1: `print` is Python's; skipped",
            "t.vm:11:4: `if __name__` is Python's; skipped",
        ]
    );
    assert_eq!(
        notes("main = [('NOP',)]\nmain = [('POP',)]\n"),
        ["t.vm:2:1: `main` is bound twice; from here on it is this list"]
    );
}

#[test]
fn the_program_is_found() {
    assert_eq!(entries(&program("prog = [('NOP',)]\n")), [(Some("main"), "prog", 0)]);
    assert_eq!(entries(&program("[('NOP',)]\n")), [(Some("main"), "main", 0)]);
    assert_eq!(
        entries(&program("def main():\n    return [('NOP',)]\nother = [('POP',)]\n")),
        [(Some("main"), "main()", 0)]
    );
    let demo = "from toyvm import ToyVM\ndef demo(n=1):\n    vm = ToyVM()\n    code = [('PUSH', n)]\n    \
                vm.create_thread(code, 'A')\n    vm.run()\n    print(vm.output)\n    return vm\ndef none(): return 1\n";
    assert_eq!(entries(&program(demo)), [(Some("A"), "code", 0)]);
    let driven = format!(
        "{demo}def main():\n    print('x')\n    demo(2)\nif __name__ == '__main__':\n    main()\n"
    );
    let driven = program(&driven);
    assert_eq!(codes(&driven)[0].1, ["PUSH 2"]);
    let called = program(&format!("{demo}demo(n=3)\n"));
    assert_eq!(codes(&called)[0].1, ["PUSH 3"]);
    let guarded = "from toyvm import ToyVM\nw = [('PUSH', 'm')]\nif __name__ == '__main__':\n    vm = ToyVM()\n    \
                   vm.create_lock('m')\n    vm.create_thread(w)\n";
    assert_eq!(program(guarded).declared().len(), 1);
    let two = format!("{demo}{}", demo.replace("demo", "other"));
    let several = Source::new("t.vm", two.clone().into_bytes()).expect("a text");
    let rejected = load(several, &Selection::default()).expect_err("two");
    assert_eq!(
        rejected.diagnostics[0].line(&rejected.source),
        "t.vm:2:5: several functions make a ToyVM; choose one with --entry NAME"
    );
    let choices: Vec<_> =
        rejected.diagnostics[0].related.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(choices, ["--entry demo", "--entry other"]);
    assert!(entry(&two, "other").is_ok());
    assert_eq!(
        entry(&two, "othr").expect_err("no")[0],
        "t.vm: there is no `othr` in it; did you mean `other`?"
    );
    let vms =
        "a = ToyVM()\na.create_thread([('NOP',)])\nb = ToyVM()\nb.create_thread([('POP',)], 'B')\n";
    assert_eq!(error(vms), "t.vm:1:5: several ToyVMs start threads; choose one with --entry NAME");
    assert_eq!(entries(&entry(vms, "b").expect("b").program), [(Some("B"), "B", 0)]);
    let lists = "a = [('NOP',)]\nb = [('POP',)]\n";
    assert_eq!(
        error(lists),
        "t.vm:1:5: several lists of instructions, and none is called `main`; choose one with --entry NAME"
    );
    assert_eq!(entries(&entry(lists, "b").expect("b").program), [(Some("main"), "b", 0)]);
    let extra =
        |name: &str, list: &str| ExtraThread { name: name.into(), list: list.into(), priority: 4 };
    let selection = Selection {
        entry: None,
        threads: vec![extra("A", "a"), extra("B", "b")],
        ..Selection::default()
    };
    let loaded = read(lists, &selection).expect("threads alone are a program");
    assert_eq!(entries(&loaded.program), [(Some("A"), "a", 4), (Some("B"), "b", 4)]);
    let loaded = read(
        "main = [('NOP',)]\nb = [('POP',)]\n",
        &Selection { entry: None, threads: vec![extra("B", "b")], ..Selection::default() },
    );
    assert_eq!(
        entries(&loaded.expect("both").program),
        [(Some("main"), "main", 0), (Some("B"), "b", 4)]
    );
    let taken =
        Selection { entry: None, threads: vec![extra("main", "main")], ..Selection::default() };
    assert_eq!(
        read("main = [('NOP',)]\n", &taken).expect_err("taken")[0],
        "t.vm: the thread `main` has a name that is taken"
    );
    assert!(error("x = 1\n").starts_with("t.vm: there is no program in it"));
}

#[test]
fn claims_are_read() {
    use toyvm::instruction::Instruction;
    let claim = |text: &str| {
        let file = format!("main = [(\"INVARIANT\", {text:?})]\n");
        let program = program(&file);
        let Instruction::Invariant(claim) = program.codes()[0].instructions[0] else {
            panic!("an INVARIANT")
        };
        let claim = program.claim(claim.0);
        let lock = claim.while_free.map(|name| program.name(name).to_owned());
        (format!("{:?}", claim.holds), lock)
    };
    let (plain, none) = claim("0 <= count < 5 and not x % 2 == 1");
    assert!(
        plain.starts_with("All([Compare(Int(0), [(Le, Name(NameId(0))), (Lt, Int(5))]), Not("),
        "{plain}"
    );
    assert_eq!(none, None);
    let (free, lock) = claim("x + y == 3  when  m  free");
    assert!(free.starts_with("Compare(Arithmetic(Name("), "{free}");
    assert_eq!(lock.as_deref(), Some("m"));
    assert_eq!(claim("len(q) <= 5").0, claim("q <= 5").0);
    assert_eq!(claim("A.pc > -1").0, "Compare(Pc(NameId(0)), [(Gt, Int(-1))])");
    assert_eq!(
        claim("A.x == 'a'").0.split('[').next(),
        Some("Compare(Variable(NameId(0), NameId(1)), ")
    );
    let wrong = |text: &str| error(&format!("main = [(\"INVARIANT\", {text:?})]\n"));
    assert_eq!(wrong("f(x)"), "t.vm:1:9: a claim has no calls but len(NAME)");
    assert_eq!(wrong("x / 2"), "t.vm:1:9: a claim has integers only: `//` divides to one");
    assert!(wrong("x ==").starts_with("t.vm:1:9: the claim is no expression: "));
    assert_eq!(wrong(""), "t.vm:1:9: the claim says nothing");
    assert!(wrong("[x]").starts_with("t.vm:1:9: a claim has names"));
    assert!(wrong(&"(".repeat(500)).contains("nested deeper"));
}

#[test]
fn notes_have_their_severity() {
    let loaded = read("import x\nvm = ToyVM(what=1)\nmain = [('NOP',)]\n", &Selection::default());
    let severities: Vec<_> =
        loaded.expect("a program").notes.iter().map(|of| of.severity).collect();
    assert_eq!(severities, [Severity::Note, Severity::Warning]);
}

#[test]
fn a_comma_that_lacks_in_the_first_instruction_is_told_as_well() {
    for text in ["main = [('NOP'), ('PUSH', 1)]", "main = [('NOP')]", "main = [('NOP'), ('NOP')]"] {
        let source = Source::new("a.toy", text.into()).unwrap();
        let rejected = load(source, &Selection::default()).unwrap_err();
        let told = rejected.diagnostics[0].line(&rejected.source);
        assert!(told.contains("write (\"NOP\",)"), "{told}");
    }
}
