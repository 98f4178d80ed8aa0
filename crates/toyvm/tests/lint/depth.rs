//! Stacks that hold too little, or differ where paths meet.

use super::{NOTHING, beside, found};

#[test]
fn an_instruction_that_finds_too_little() {
    assert_eq!(found(r#"main = [("POP",)]"#), ["1:9: POP needs a value, and the stack is empty"]);
    assert_eq!(
        found(r#"main = [("PUSH", 1), ("SUB",), ("PRINT",)]"#),
        ["1:22: SUB needs 2 values, and the stack holds 1"]
    );
    assert_eq!(
        found(r#"main = [("PRINT",)]"#),
        ["1:9: PRINT needs a value, and the stack is empty"]
    );
    // What was missing is told once; what follows is judged as if it had been there.
    assert_eq!(
        found(r#"main = [("ADD",), ("PRINT",), ("POP",), ("POP",)]"#),
        [
            "1:9: ADD needs 2 values, and the stack is empty",
            "1:41: POP needs a value, and the stack is empty",
        ]
    );
}

#[test]
fn an_instruction_that_finds_too_little_on_some_path() {
    let text = r#"main = [
    ("CHOOSE", 2), ("JUMP_IF_TRUE", "there"),
    ("PUSH", 1),
    ("LABEL", "there"),
    ("POP",),
]"#;
    assert_eq!(found(text), ["5:5: on some path POP needs a value, and the stack is empty"]);
    assert_eq!(beside(text), ["2:20: 0 values from here", "3:5: 1 value from here"]);
}

#[test]
fn paths_that_meet_with_different_stacks() {
    let text = r#"main = [
    ("CHOOSE", 2), ("JUMP_IF_TRUE", "there"),
    ("PUSH", 1),
    ("LABEL", "there"),
    ("PRINT", "there"),
]"#;
    assert_eq!(
        found(text),
        [
            "4:5: paths meet here with stacks of different depth: 0 values from line 2, 1 from line 3"
        ]
    );
}

#[test]
fn whoever_has_ended_needs_nothing_more() {
    let text = r#"main = [("CHOOSE", 2), ("JUMP_IF_TRUE", 3), ("PUSH", 1)]"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_loop_that_leaves_something() {
    let text = r#"main = [
    ("ATOMIC_CREATE", 0), ("STORE", "n"),
    ("LABEL", "next"), ("LOAD", "n"), ("ATOMIC_INCREMENT",),
    ("PUSH", 9), ("LOAD", "n"), ("ATOMIC_GET",), ("SUB",), ("JUMP_IF", "next"),
]"#;
    assert_eq!(found(text), ["4:60: each time round, this loop leaves 1 value more on the stack"]);
    assert_eq!(beside(text), ["3:5: the loop begins here", "POP what nobody takes"]);
}

#[test]
fn a_loop_that_takes_more_than_there_is() {
    let text = r#"main = [
    ("PUSH", 1), ("LABEL", "next"), ("POP",), ("CHOOSE", 2), ("JUMP_IF_TRUE", "next"),
]"#;
    assert_eq!(
        found(text),
        ["2:62: each time round, this loop takes 1 value more from the stack than it leaves, and \
          the second time finds none"]
    );
    // How often it goes round is not known: two values may be enough.
    let text = r#"main = [
    ("PUSH", 1), ("PUSH", 2), ("LABEL", "next"), ("POP",), ("CHOOSE", 2), ("JUMP_IF_TRUE", "next"),
]"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_placeholder_without_anything_to_show() {
    assert_eq!(
        found(r#"main = [("PRINT", "it is {}")]"#),
        ["1:9: `{}` stays as it is: the stack is empty here"]
    );
    assert_eq!(found(r#"main = [("PUSH", 1), ("PRINT", "it is {}")]"#), NOTHING);
    assert_eq!(found(r#"main = [("PRINT", "it is")]"#), NOTHING);
}
