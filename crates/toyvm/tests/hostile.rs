//! Files that mean harm: whatever the text, there is an answer. The stack of a test is small.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use toyvm::source::{Selection, Source, load};

/// Long enough for the slowest machine; only a hang takes longer.
const WATCHDOG: Duration = Duration::from_mins(10);

/// The first error of a file, or nothing if it is a program.
fn answer(text: String) -> Option<String> {
    let (done, answered) = mpsc::channel();
    std::thread::spawn(move || {
        let source = Source::new("t.vm", text.into_bytes()).expect("a text");
        let answer = match load(source, &Selection::default()) {
            Ok(_) => None,
            Err(rejected) => {
                assert!(!rejected.diagnostics.is_empty(), "a refusal says why");
                Some(rejected.diagnostics[0].line(&rejected.source))
            }
        };
        let _ = done.send(answer);
    });
    answered.recv_timeout(WATCHDOG).expect("an answer, and no panic")
}

fn refused(text: String) -> String {
    answer(text).expect("it is no program")
}

#[test]
fn deep_files_are_refused() {
    for depth in [90, 250, 5_000, 200_000] {
        let n = depth;
        let nested = |open: &str, middle: &str, close: &str| {
            format!("x = {}{middle}{}\n", open.repeat(n), close.repeat(n))
        };
        let mut files = vec![
            nested("[", "1", "]"),
            nested("(", "1", ")"),
            nested("{", "1", "}"),
            nested("{1: ", "1", "}"),
            nested("f(", "1", ")"),
            nested("(1, [", "1", "], 2)"),
            nested("a[", "1", "]"),
            nested("[*", "[]", "]"),
            nested("{**", "{}", "}"),
            nested("[x for x in ", "y", "]"),
            nested("[", "x", " for x in y]"),
            nested("-", "1", ""),
            nested("~", "1", ""),
            nested("not ", "1", ""),
            nested("await ", "1", ""),
            nested("lambda: ", "1", ""),
            nested("lambda a, b: ", "1", ""),
            nested("lambda a=1, b=2: ", "1", ""),
            nested("lambda a=", "1", ": 1"),
            nested("1 if 2 else ", "3", ""),
            nested("", "1", " if 1 else 2"),
            nested("1 + ", "1", ""),
            nested("1 ** ", "1", ""),
            nested("1 < ", "1", ""),
            nested("1 and ", "1", ""),
            nested("1 or 2 and ", "1", ""),
            nested("", "a", ".b"),
            nested("", "a", "()"),
            nested("", "a", "[1]"),
            nested("", "a", "(1, 2)"),
            nested("(y := ", "1", ")"),
            nested("y := ", "1", ""),
            nested("f'{", "1", "}'"),
            nested("f'{1:", "1", "}'"),
            nested("yield ", "1", ""),
            nested("yield 1, ", "1", ""),
            nested("yield from ", "1", ""),
            nested("*", "a", ""),
            nested("(],", "a", ""),
            nested("(],\n", "a", ""),
            nested("[)", "a", ""),
            nested("{(]", "a", ""),
            nested("f(**", "a", ")"),
            nested("[(", "a", ""),
            nested("", "a", ")]}"),
            nested("(\nif a, b:\n ", "a", ""),
            nested("\"\"\"", "a", ""),
            nested("f\"{", "a", ""),
            nested("f\"{'", "a", ""),
            format!("x: {}int = 1\n", "a[".repeat(n)),
            format!("match x:\n case {}1{}:\n  pass\n", "[".repeat(n), "]".repeat(n)),
            format!("match x:\n case {}1:\n  pass\n", "1 | ".repeat(n)),
            format!("match x:\n case {}1:\n  pass\n", "a as b | ".repeat(n)),
            format!("match x:\n case {}:\n  pass\n", "-".repeat(n)),
            format!("match x:\n case a{}:\n  pass\n", ".a".repeat(n)),
            format!("{}def f(): pass\n", "@a\n".repeat(n)),
            format!("@{}\ndef f(): pass\n", "a.".repeat(n)),
            format!("if a: pass\n{}", "elif a: pass\n".repeat(n)),
            format!("try: pass\n{}", "except a: pass\n".repeat(n)),
            format!("{}x = 1\n", "if a: ".repeat(n)),
            format!("{}1\n", "a = ".repeat(n)),
            format!("{}1\n", "a: b = ".repeat(n)),
            format!("import {}a\n", "a.".repeat(n)),
            format!("from {} import a\n", ".".repeat(n)),
            format!("with {}a: pass\n", "(".repeat(n)),
            format!("with {}a: pass\n", "a as b, ".repeat(n)),
            format!("def f[{}T](): pass\n", "T: (".repeat(n)),
            format!("def f({}): pass\n", "a=".repeat(n)),
            format!("del {}\n", "(a, ".repeat(n)),
            format!("x = {}\n", "'a' ".repeat(n)),
            format!("x = {}\n", "f'{1}' ".repeat(n)),
            format!("x = '{}'\n", "\\".repeat(n)),
            format!("{}\n", "\\\n".repeat(n)),
            format!("return {}\n", "(yield ".repeat(n)),
            format!("type X = {}int\n", "a | ".repeat(n)),
        ];
        if n <= 5_000 {
            for block in
                ["if a:", "def f():", "class A:", "while a:", "try:", "with a:", "if a, b:"]
            {
                let mut blocks = String::new();
                let mut lost = String::from("(\n");
                for level in 0..n.min(3000) {
                    let _ = writeln!(blocks, "{}{block}", " ".repeat(level));
                    let _ = writeln!(lost, "{}{block}", " ".repeat(level));
                }
                let _ = writeln!(blocks, "{}x = 1", " ".repeat(n.min(3000)));
                files.push(blocks);
                files.push(lost);
            }
        }
        for file in files {
            answer(file);
        }
    }
    assert_eq!(
        refused(format!("x = 1\ny = {}{}\n", "[".repeat(300), "]".repeat(300))),
        "t.vm:2:205: brackets are nested deeper than 200 here"
    );
    assert!(refused(format!("x = 1\ny = 1{}\n", " + 1".repeat(3000))).contains("without a comma"));
    let lambdas = format!("x = {}1\n", "lambda a, b: ".repeat(300));
    assert!(refused(lambdas).contains("without a comma"), "the commas of lambdas separate nothing");
    let mut blocks = String::new();
    for level in 0..=101 {
        let _ = writeln!(blocks, "{}if a:", " ".repeat(level));
    }
    assert_eq!(refused(blocks), "t.vm:102:102: blocks are nested deeper than 100 here");
}

#[test]
fn names_and_calls_that_lean_on_each_other_are_bounded() {
    let mut chain = String::from("main = [(\"PUSH\", a0)]\n");
    let mut lists = String::from("main = [(\"THREAD_CREATE\", [a0])]\n");
    let mut doubling = String::from("def f0(): return [(\"NOP\",)]\n");
    let mut longer = String::from("def f0(): return [(\"NOP\",)]\n");
    for n in 0..20_000 {
        let _ = writeln!(chain, "a{n} = a{}", n + 1);
        let _ = writeln!(lists, "a{n} = [('THREAD_CREATE', [a{}])]", n + 1);
    }
    for n in 1..60 {
        let _ = writeln!(doubling, "def f{n}():\n f{p}()\n return f{p}()", p = n - 1);
        let _ = writeln!(longer, "def f{n}(): return f{p}() + f{p}()", p = n - 1);
    }
    assert!(refused(chain).contains("names lean on each other too deeply"));
    let lists = refused(lists);
    assert!(lists.contains("names lean on each other too deeply"), "{lists}");
    assert!(refused(doubling + "main = f59()\n").contains("elements"));
    assert!(refused(longer + "main = f59()\n").contains("elements"));
    let recursive = "def f(): return f()\nmain = f()\n";
    assert!(refused(recursive.into()).contains("functions call each other too deeply"));
    let deep = format!("def f(): return {}f()\nmain = f()\n", "-".repeat(900));
    assert!(refused(deep).contains("functions call each other too deeply"));
    let mutual = "def f(): return [*g()]\ndef g(): return [*f()]\nmain = f()\n";
    assert!(refused(mutual.into()).contains("functions call each other too deeply"));
    for large in
        ["main = [0] * 10**9\n", "main = [[0] * 3000000] * 3000000\n", "main = [0] * 10**18\n"]
    {
        assert!(refused(large.into()).contains("elements"), "{large}");
    }
    assert!(refused("x = 'ab' * 10**12\nmain = [('PUSH', x)]\n".into()).contains("MiB of strings"));
    let mut strings = String::from("a0 = 'aaaaaaaaaaaaaaaa'\n");
    for n in 1..60 {
        let _ = writeln!(strings, "a{n} = f'{{a{p}}}{{a{p}}}'", p = n - 1);
    }
    assert!(refused(strings).contains("MiB of strings"));
    let doubled = "x = [0]\n".to_owned() + &"x.extend(x)\n".repeat(60);
    assert!(refused(doubled).contains("elements"));
    let doubled = "x = [0]\n".to_owned() + &"x += x\n".repeat(60);
    assert!(refused(doubled).contains("elements"));
    let inserted = "x = [0]\n".to_owned() + &"x.insert(0, 1)\n".repeat(100_000);
    refused(inserted);
}

#[test]
fn long_flat_files_are_read() {
    let many = format!("main = [\n{}]\n", "(\"PUSH\", 1),\n".repeat(100_000));
    assert_eq!(answer(many), None);
    let text = format!("main = [(\"PRINT\", \"{}\")]\n", "x".repeat(10 << 20));
    assert_eq!(answer(text), None);
    let names = format!("{}[(\"NOP\",)]\n", "main = ".repeat(20_000));
    assert_eq!(answer(names), None);
    let appended = format!("main = []\n{}", "main.append((\"NOP\",))\n".repeat(50_000));
    assert_eq!(answer(appended), None);
    let strings = format!("main = [(\"PRINT\", {})]\n", "\"x\"\n".repeat(5000));
    assert_eq!(answer(strings), None);
    let wrong = format!("main = [\n{}]\n", "(\"PUHS\", 1),\n".repeat(100_000));
    assert!(refused(wrong).contains("did you mean `PUSH`"));
    let unbound = format!("main = [\n{}]\n", "(\"PUSH\", a),\n".repeat(100_000));
    assert!(refused(unbound).contains("`a` is not defined"));
    let mut labels = String::new();
    for n in 0..20_000 {
        let _ = writeln!(labels, "(\"LABEL\", \"l{n}\"), (\"JUMP\", \"m{n}\"),");
    }
    assert!(refused(format!("main = [{labels}]\n")).contains("there is no label"));
    let claims = format!("main = [\n{}]\n", "(\"INVARIANT\", \"a < 1\"),\n".repeat(50_000));
    assert_eq!(answer(claims), None);
    let bodies =
        "b = [w] * 1000\nw = [(\"NOP\",)]\nmain = [(\"THREAD_CREATE\", b)] * 10000\n".to_owned();
    assert_eq!(answer(bodies), None);
    let notes = format!("main = [(\"NOP\",)]\n{}", "print(1)\n".repeat(50_000));
    assert_eq!(answer(notes), None);
}

/// A generator of numbers (Steele, Lea and Flood, 2014), the same on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

const PROGRAMS: &[&str] = &[
    "N = 3\ndef worker(n, m=2):\n    \"\"\"doc\"\"\"\n    x = [(\"PUSH\", n), (\"PRINT\", f\"w {n}\")]\n    \
     return x + [(\"NOP\",)] * m\nmain = [\n    (\"LABEL\", \"top\"), (\"PUSH\", -N),\n    \
     (\"THREAD_CREATE\", [worker(1), worker(n=2), [(\"POP\",)]]),\n    (\"JUMP_IF\", \"top\"), *worker(3),\n]\n",
    "from toyvm import ToyVM\nimport time\nvm = ToyVM(scheduler_type=\"random\", seed=3)\n\
     m = vm.create_lock(\"m\")\ns = vm.create_semaphore(5, \"s\")\nvm.globals[\"x\"] = 0\n\
     vm.globals.update({\"y\": 1})\na = [(\"PUSH\", m), (\"LOCK_ACQUIRE\",), (\"INVARIANT\", \"x + y < 9 when m free\")]\n\
     if time.time() > 3:\n    print(\"x\")\nfor i in range(3):\n    time.sleep(i)\n\
     t = vm.create_thread(a, \"A\", priority=2)\nvm.create_thread(\"a\")\nvm.run(max_steps=99)\nprint(vm.output)\n",
    "class ToyVM:\n    def __init__(self):\n        self.x = 1\n\ndef demo():\n    vm = ToyVM()\n    q = vm.create_queue(name=\"q\")\n\
    \x20   p = []\n    p.append((\"PUSH\", \"q\"))\n    p.extend([(\"PUSH\", 1), (\"QUEUE_SEND\",)])\n    p += [(\"NOP\",)]\n\
    \x20   vm.create_thread(p)\n    try:\n        vm.run()\n    except Exception as e:\n        print(e)\n\n\
     def main():\n    demo()\n\nif __name__ == \"__main__\":\n    main()\n",
];

const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "=",
    "\n",
    "\n    ",
    "\n  ",
    " ",
    "+",
    "-",
    "*",
    "**",
    "/",
    "//",
    "%",
    ".",
    "\"",
    "'",
    "f\"",
    "{x}",
    "\"\"\"",
    "#",
    "\\",
    ";",
    "->",
    ":=",
    "@",
    "0",
    "1",
    "99999999999999999999",
    "1.5",
    "1e9",
    "True",
    "None",
    "x",
    "main",
    "vm",
    "def ",
    "return ",
    "if ",
    "else",
    "elif ",
    "for ",
    "in ",
    "while ",
    "with ",
    "as ",
    "try",
    "except ",
    "class ",
    "lambda ",
    "not ",
    "and ",
    "or ",
    "import ",
    "from ",
    "yield ",
    "await ",
    "async ",
    "global ",
    "del ",
    "match ",
    "case ",
    "type ",
    "ToyVM()",
    "vm.create_lock(\"m\")",
    "vm.create_thread(main)",
    "vm.run()",
    "vm.globals",
    ".append(",
    ".extend(main)",
    "main = [",
    "(\"PUSH\", 1)",
    "(\"NOP\",)",
    "(\"JUMP\", \"l\")",
    "(\"LABEL\", \"l\")",
    "(\"THREAD_CREATE\", [main])",
    "(\"INVARIANT\", \"x when m free\")",
    "é",
    "\u{feff}",
    "\t",
    "\r",
    "\u{c}",
    "0x",
    "1_0",
    "b'x'",
    "...",
    "~",
    "<<",
    "x[0]",
    "x[1:2]",
    "len(",
];

#[test]
fn whatever_the_text_there_is_an_answer() {
    let mut numbers = SplitMix(1);
    let (mut programs, mut refusals) = (0, 0);
    let mut files: Vec<String> = Vec::new();
    for round in 0..6_000 {
        let mut text = if round % 3 == 0 {
            let count = 1 + numbers.below(40);
            (0..count).map(|_| TOKENS[numbers.below(TOKENS.len())]).collect()
        } else {
            PROGRAMS[numbers.below(PROGRAMS.len())].to_owned()
        };
        for _ in 0..numbers.below(6) {
            let mut place = || {
                let mut at = numbers.below(text.len() + 1);
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let (a, b) = (place(), place());
            let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 30));
            let to = (from..=to).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(from);
            match numbers.below(4) {
                0 => text.replace_range(from..to, ""),
                1 => text.insert_str(from, TOKENS[numbers.below(TOKENS.len())]),
                2 => {
                    let piece = text[from..to].to_owned();
                    text.insert_str(from, &piece);
                }
                _ => text.replace_range(from..to, TOKENS[numbers.below(TOKENS.len())]),
            }
        }
        files.push(text);
    }
    let (done, answered) = mpsc::channel();
    std::thread::spawn(move || {
        for text in files {
            let copy = text.clone();
            let answer = catch_unwind(AssertUnwindSafe(|| {
                let source = Source::new("t.vm", copy.into_bytes()).expect("a text");
                load(source, &Selection::default()).map_err(|rejected| {
                    assert!(!rejected.diagnostics.is_empty(), "a refusal says why");
                    for diagnostic in &rejected.diagnostics {
                        diagnostic.line(&rejected.source);
                    }
                })
            }));
            let _ = done.send(answer.map(|answer| answer.is_ok()).map_err(|_| text));
        }
    });
    for _ in 0..6_000 {
        match answered.recv_timeout(WATCHDOG).expect("an answer") {
            Ok(true) => programs += 1,
            Ok(false) => refusals += 1,
            Err(text) => panic!("the loader panicked on:\n{text}"),
        }
    }
    assert!(programs > 500 && refusals > 500, "{programs} programs, {refusals} refusals");
}
