//! What is wrong with a text is told where it stands, all of it at once.

use std::fmt::Write as _;

use super::{errors, read};

fn told(text: &str, expected: &[&str]) {
    assert_eq!(errors(text), expected, "{text}");
}

#[test]
fn what_does_not_belong_there() {
    told("x = 1 $ 2", &["1:7: `$` means nothing here"]);
    told(
        "x = \"open\ny = 2 +",
        &[
            "1:5: this string has no end on its line",
            "2:8: a value is missing here, before the end of the file",
        ],
    );
    told("x = 3 && 4", &["1:7: `&&` means nothing here"]);
    told("x = 99999999999999999999", &["1:5: this integer does not fit in 64 bits"]);
    told("x = 9223372036854775808", &["1:5: this integer does not fit in 64 bits"]);
    told("x = 3km", &["1:5: `3km` is no integer"]);
    told("print(\"a\\x\")", &["1:9: this escape means nothing"]);
    told("ä = 1", &["1:1: `ä` means nothing here"]);
}

#[test]
fn what_is_missing() {
    told(
        "while true\n  x = 1\n",
        &["1:11: `{` after the condition is missing here, before the end of the line"],
    );
    told("thread w {\n  x = 1\n", &["1:10: this `{` is never closed"]);
    told("}", &["1:1: this `}` closes nothing"]);
    told("send q 5", &["1:8: `,` between the queue and what is sent is missing here, before `5`"]);
    told("lock m m", &["1:8: `m` cannot follow what stands before it"]);
    told("semaphore s", &["1:12: `=` and a number is missing here, before the end of the line"]);
    told(
        "condition c",
        &["1:12: `of` and the lock of the condition is missing here, before the end of the line"],
    );
    told(
        "array a",
        &["1:8: `[` and the length of the array is missing here, before the end of the line"],
    );
    told("lock if", &["1:6: `if` is a word of the language, no name"]);
    told("x = try receive q", &["1:5: a received value needs a place"]);
    told(
        "x = try wait c",
        &["1:15: `within` and how many milliseconds is missing here, before the end of the line"],
    );
    told(
        "print()",
        &["1:8: a text or a value to print is missing here, before the end of the line"],
    );
}

#[test]
fn one_mistake_does_not_hide_the_next() {
    told(
        "x = = 1\nif x { y = } else { z = 2 z }\nwhiel x { }\nprint(x)\nthread { }\n",
        &[
            "1:5: a value is missing here, before `=`",
            "2:12: a value is missing here, before `}`",
            "2:27: `z` cannot follow what stands before it",
            "3:1: no statement begins with `whiel` and goes on with `x`; did you mean `while`?",
            "5:8: the name of the thread is missing here, before `{`",
        ],
    );
}

#[test]
fn names_that_stand_for_nothing() {
    told(
        "global counter = 0\nprint(countre)",
        &["2:7: nothing is called `countre`; did you mean `counter`?"],
    );
    told(
        "puch(1)\nprocedure push(x) { print(x) }",
        &["1:1: there is no procedure `puch`; did you mean `push`?"],
    );
    told("lock m\nacquire n", &["2:9: nothing is called `n`"]);
    told("condition c of mm\nlock m", &["1:16: there is no lock `mm` above"]);
    told("join w", &["1:6: nothing is called `w`"]);
    told("lock m\nlock m", &["2:6: the name `m` is given twice"]);
    told("global main = 1", &["1:8: `main` is the name of the first thread"]);
    told("global index = 1", &["1:8: `index` is the name of what is built in"]);
    told("print(index)", &["1:7: `index` is the number of a thread among several of one body"]);
}

#[test]
fn things_that_are_something_else() {
    let declared = "lock m; semaphore s[2] = 0; queue q; atomic c = 0; global n = 0; const N = 1; array a[2]\n\
                    thread w { x = 1; print(x) }\nprocedure p(x) { print(x) }\n";
    for (statement, expected) in [
        ("acquire q", "9: this needs a lock or a semaphore, and `q` is a queue"),
        ("acquire n", "9: this needs a lock or a semaphore, and `n` is a global"),
        ("acquire s", "9: `s` is several: say which"),
        ("acquire s[2]", "11: there is no `s[2]`: the last is 1"),
        ("acquire m[0]", "11: `m` is one lock, and has no index"),
        ("wait m", "6: this needs a condition, and `m` is a lock"),
        ("n = m", "5: `m` is a lock, and has no value"),
        ("n = a", "5: `a` is an array, and has no value"),
        ("n = p", "5: `p` is a procedure, and has no value"),
        ("c = 1", "1: `c` is an atomic, and nothing is assigned to it"),
        ("N = 1", "1: `N` is a constant, and nothing is assigned to it"),
        ("w = 1", "1: `w` is a thread, and nothing is assigned to it"),
        ("n[0] = 1", "3: `n` is not several, and has no index"),
        ("join n", "6: `n` is no thread"),
        ("join w[0]", "8: `w` is one thread, and has no index"),
        ("p()", "1: `p` takes 1 argument, not 0"),
        ("n = p(1)", "27: `p` may come to its end here without a value"),
        ("n = choose(1, 2)", "5: `choose` takes 1 argument, not 2"),
        ("invariant p(1)", "11: an invariant cannot read this"),
        ("invariant a[0] == 1", "11: an invariant cannot read this"),
        ("invariant s[0] == 1", "11: an invariant cannot read this"),
        ("invariant n == 1 when q free", "23: there is no lock `q`"),
        ("print(\"{} {}\", n)", "1: the text has 2 places {}, and there are 1 value"),
        ("print(n, n)", "1: several values are printed within a text"),
        ("break", "1: `break` stands in no loop"),
        ("return 1", "8: a thread has no value to return"),
        ("n = 1 < 2 < 3", "11: comparisons cannot follow each other"),
        ("if n { lock k }", "8: `lock` stands within a block"),
        ("if n { queue k }", "8: `queue` stands within a block"),
        ("for n in 0..1 { }", "5: what counts is a local variable, and `n` is none"),
        (
            "for i in 0..1 { for i in 0..1 { } }",
            "21: `i` counts another loop round this one already",
        ),
        ("a[choose(2)] += 1", "3: this index would be computed twice"),
    ] {
        let all = errors(&format!("{declared}{statement}\n"));
        let line = if expected.starts_with("27: `p` may") { 3 } else { 4 };
        assert_eq!(all, [format!("{line}:{expected}")], "{statement}");
    }
}

#[test]
fn variables_without_a_value() {
    told("global n = 0\nif n { x = 1 }\nprint(x)", &["3:7: `x` may have no value here"]);
    told("global n = 0\nwhile n { x = 1 }\nprint(x)", &["3:7: `x` may have no value here"]);
    told("x += 1", &["1:1: `x` may have no value here"]);
    told("join w\nthread w { }", &["1:6: `w` may not have been started here"]);
    told(
        "global n = 0\nif n { thread w { } }\njoin w",
        &["3:6: `w` may not have been started here"],
    );
    told("thread a { }\nthread b { join a }", &["2:17: `a` may not have been started here"]);
    let right = "global n = 0\nif n { x = 1 } else { return }\nprint(x)\nwhile true { y = 1; if n { break } }\n\
                 print(y)\nprocedure f(k) { if k { z = 1 } else { z = 2 }; return z }\nprint(f(n))";
    assert!(read(right).0.is_some());
}

#[test]
fn procedures_that_call_themselves() {
    told(
        "procedure f(n) { g(n) }\nprocedure g(n) { f(n) }\n",
        &["1:18: `g` calls itself, here or by others", "2:18: `f` calls itself, here or by others"],
    );
    told("procedure f(a, a) { }", &["1:16: `a` is the name of two parameters"]);
    told(
        "global n = 0\nprocedure f(n) { print(n) }",
        &["2:13: `n` has a meaning in all of the file, and cannot be a parameter's name too"],
    );
    told("procedure f() { thread w { } }", &["1:24: a procedure starts no thread"]);
}

#[test]
fn numbers_that_must_be_known() {
    told("semaphore s = -1", &["1:15: the count of a semaphore cannot be -1: at least 0"]);
    told("queue q max 0", &["1:13: the bound of a queue cannot be 0: at least 1"]);
    told(
        "global n = 1\nconst K = n",
        &["2:11: a constant is an integer that is known before the run"],
    );
    told(
        "const A = B\nconst B = 1",
        &["1:11: a constant is an integer that is known before the run"],
    );
    told("thread w[0] { }", &["1:10: how many threads run a body cannot be 0: at least 1"]);
    told("lock m[2000]", &["1:8: how many there are of a name cannot be 2000: at most 1000"]);
    told("const K = 1 / 0", &["1:11: a constant is an integer that is known before the run"]);
}

#[test]
fn what_is_probably_a_mistake_is_told_too() {
    let (program, told) =
        read("global counter = 0\nconuter = counter + 1\nreturn\nprint(1)\n_ = 5\n");
    assert!(program.is_some());
    assert_eq!(
        told,
        [
            "a.weir:2:1: `conuter` is given a value that nothing reads; did you mean `counter`?",
            "a.weir:4:1: this is never reached",
        ]
    );
}

#[test]
fn nothing_nests_without_an_end() {
    let deep = |open: &str, close: &str, many| {
        format!("x = {}1{}\nprint(x)", open.repeat(many), close.repeat(many))
    };
    for (open, close) in [("(", ")"), ("not ", ""), ("- ", ""), ("1 + (", ")")] {
        assert!(read(&deep(open, close, 40)).0.is_some(), "{open}");
        let told = errors(&deep(open, close, 100_000));
        assert!(told[0].contains("expressions nest deeper than 100 here"), "{told:?}");
    }
    let chain = format!("x = 1{}\nprint(x)", " + 1".repeat(10_000));
    assert!(errors(&chain)[0].contains("expressions nest deeper than 100 here"));
    let blocks = "if 1 {\n".repeat(5_000);
    assert!(errors(&blocks)[0].contains("blocks nest deeper than 100 here"));
    let arms = format!("global n = 0\nif n {{ }} {}", "else if n { } ".repeat(10_000));
    assert!(read(&arms).0.is_some());
}

#[test]
fn what_procedures_write_out_is_bounded() {
    let mut text = String::from("procedure f0() { print(1) }\n");
    for at in 1..40 {
        let below = at - 1;
        writeln!(text, "procedure f{at}() {{ f{below}(); f{below}() }}").unwrap();
    }
    text.push_str("f39()\n");
    assert!(errors(&text).iter().any(|line| line.contains("calls")));
}
