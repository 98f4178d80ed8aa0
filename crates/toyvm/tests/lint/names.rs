//! Names that nothing is ever stored under.

use super::{NOTHING, beside, found};

#[test]
fn a_name_that_nothing_stores() {
    let text = r#"main = [("PUSH", 1), ("STORE", "counter"), ("LOAD", "conter"), ("PRINT",), ("LOAD", "conter")]"#;
    assert_eq!(found(text), ["1:44: `conter` is loaded, but nothing ever stores it"]);
    assert_eq!(beside(text), ["did you mean `counter`?"]);
    assert_eq!(beside(r#"main = [("LOAD", "zzz"), ("PUSH", 1), ("STORE", "counter")]"#), NOTHING);
}

#[test]
fn a_name_that_only_another_thread_stores() {
    let text = r#"
worker = [("LOAD", "n"), ("PRINT",)]
main = [
    ("PUSH", 1), ("STORE", "n"),
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("THREAD_JOIN",),
]"#;
    assert_eq!(found(text), ["2:11: `n` is loaded, but nothing ever stores it"]);
    assert_eq!(
        beside(text),
        [
            "4:18: only the thread that stores it here has it",
            "GLOBAL_STORE \"n\" there, so that all threads have it"
        ]
    );
}

#[test]
fn globals_and_objects_are_known() {
    let text = r#"
worker = [("LOAD", "n"), ("PRINT",), ("LOAD", "m"), ("LOCK_ACQUIRE",), ("LOAD", "m"), ("LOCK_RELEASE",)]
vm = ToyVM()
vm.create_lock("m")
vm.globals["n"] = 1
vm.create_thread(worker, "w")
vm.run()
"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_claim_about_nothing() {
    let text = r#"main = [
    ("PUSH", 0), ("GLOBAL_STORE", "count"),
    ("INVARIANT", "count >= 0"), ("INVARIANT", "cuont < 3 and other > 0"),
]"#;
    assert_eq!(
        found(text),
        [
            "3:34: the claim speaks of `cuont`, but no global or object has that name",
            "3:34: the claim speaks of `other`, but no global or object has that name"
        ]
    );
    assert_eq!(beside(text)[0], "did you mean `count`?");
}
