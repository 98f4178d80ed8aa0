//! Jumps, labels, and instructions that no path leads to.

use super::{NOTHING, beside, found};

#[test]
fn a_jump_out_of_the_list() {
    let text = r#"main = [("JUMP", 4), ("NOP",), ("JUMP", -1)]"#;
    assert_eq!(
        found(text),
        [
            "1:9: JUMP 4 leaves the list: its addresses are 0 to 3",
            "1:32: JUMP -1 leaves the list: its addresses are 0 to 3"
        ]
    );
    assert_eq!(beside(text)[0], "3 is the end of the list, where a thread ends");
    // To its end is no jump out.
    assert_eq!(found(r#"main = [("JUMP", 1)]"#), NOTHING);
}

#[test]
fn instructions_that_are_never_reached() {
    let text = r#"main = [
    ("PRINT", "begins"),
    ("JUMP", 5),
    ("PRINT", "a"), ("CHOOSE", 2), ("JUMP_IF_TRUE", 2),
    ("LABEL", "loop"),
    ("JUMP", "loop"),
    ("PRINT", "b"),
]"#;
    assert_eq!(
        found(text),
        [
            "4:5: this and the next 2 instructions are never reached",
            "7:5: this PRINT is never reached"
        ]
    );
    assert_eq!(beside(text)[0], "3:5: this always jumps");
}

#[test]
fn a_constant_condition_is_no_dead_code() {
    let text = r#"DEBUG = 0
main = [("PUSH", DEBUG), ("JUMP_IF_FALSE", "on"), ("PRINT", "debugging"), ("LABEL", "on")]"#;
    assert_eq!(found(text), NOTHING);
    // What only that path would bring is not there.
    let text = r#"main = [("PUSH", 1), ("JUMP_IF", 3), ("POP",), ("NOP",)]"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn labels_for_nothing() {
    assert_eq!(
        found(r#"main = [("LABEL", "a"), ("NOP",)]"#),
        ["1:9: nothing jumps to the label `a`"]
    );
    assert_eq!(found(r#"main = [("LABEL", "a"), ("JUMP", 0)]"#), NOTHING);
}
