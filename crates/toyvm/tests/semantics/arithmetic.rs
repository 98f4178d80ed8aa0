use crate::{fault, says};

#[test]
fn the_top_is_the_right_operand() {
    assert_eq!(says(r#"("PUSH",7),("PUSH",2),("SUB",),("PRINT",)"#), ["5"]);
    assert_eq!(says(r#"("PUSH",7),("PUSH",2),("DIV",),("PRINT",)"#), ["3"]);
    assert_eq!(says(r#"("PUSH",7),("PUSH",2),("MUL",),("PRINT",)"#), ["14"]);
    assert_eq!(says(r#"("PUSH",7),("PUSH",2),("MUL","mod"),("PRINT",)"#), ["1"]);
}

#[test]
fn division_rounds_down_as_in_python() {
    assert_eq!(says(r#"("PUSH",-7),("PUSH",2),("DIV",),("PRINT",)"#), ["-4"]);
    assert_eq!(says(r#"("PUSH",-7),("PUSH",3),("MUL","mod"),("PRINT",)"#), ["2"]);
}

#[test]
fn two_strings_are_joined() {
    assert_eq!(says(r#"("PUSH","a"),("PUSH","b"),("ADD",),("PRINT",)"#), ["ab"]);
    let mixed = fault(r#"("PUSH","a"),("PUSH",1),("ADD",)"#);
    assert!(mixed.contains("the string \"a\" and the integer 1"), "{mixed}");
    assert!(fault(r#"("PUSH","a"),("PUSH",1),("SUB",)"#).contains("an integer is wanted"));
}

#[test]
fn what_does_not_fit_is_an_error() {
    assert!(fault(r#"("PUSH",9223372036854775807),("PUSH",1),("ADD",)"#).contains("64 bits"));
    assert!(fault(r#"("PUSH",1),("PUSH",0),("DIV",)"#).contains("division by zero"));
    assert!(fault(r#"("PUSH",1),("PUSH",0),("MUL","mod")"#).contains("division by zero"));
}

#[test]
fn comparisons_push_1_or_0() {
    let of = |name: &str, a: i64, b: i64| {
        says(&format!(r#"("PUSH",{a}),("PUSH",{b}),("{name}",),("PRINT",)"#)).remove(0)
    };
    let rows =
        [("EQ", "010"), ("NE", "101"), ("LT", "100"), ("LE", "110"), ("GT", "001"), ("GE", "011")];
    for (name, expected) in rows {
        let found: String = [of(name, 1, 2), of(name, 2, 2), of(name, 3, 2)].concat();
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!(says(r#"("PUSH","a"),("PUSH","a"),("EQ",),("PRINT",)"#), ["1"]);
    assert_eq!(says(r#"("PUSH","1"),("PUSH",1),("EQ",),("PRINT",)"#), ["0"]);
    assert!(fault(r#"("PUSH","a"),("PUSH","b"),("LT",)"#).contains("an integer is wanted"));
}

#[test]
fn anything_but_0_is_true() {
    assert_eq!(says(r#"("PUSH",2),("PUSH",-1),("AND",),("PRINT",)"#), ["1"]);
    assert_eq!(says(r#"("PUSH",2),("PUSH",0),("AND",),("PRINT",)"#), ["0"]);
    assert_eq!(says(r#"("PUSH",2),("PUSH",0),("OR",),("PRINT",)"#), ["1"]);
    assert_eq!(says(r#"("PUSH",0),("PUSH",0),("OR",),("PRINT",)"#), ["0"]);
    assert_eq!(says(r#"("PUSH",5),("NOT",),("PRINT",),("NOT",),("PRINT",)"#), ["0", "1"]);
}
