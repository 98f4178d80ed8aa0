//! `vm sweep`, and constants that are set from outside.

use serde_json::Value;

use crate::forebay::{Folder, vm_of};

/// Sound for as many as there are units.
const TEXT: &str = r#"N = 1
UNITS = 2
NEEDS = N
main = [("PUSH", UNITS), ("SEMAPHORE_CREATE",), ("STORE", "s")] + take(NEEDS)
def take(n):
    return [("LOAD", "s"), ("SEMAPHORE_ACQUIRE",)] * n
"#;

#[test]
fn a_grid_has_a_line_for_each_combination() {
    let folder = Folder::new();
    folder.write("units.toy", TEXT);
    let ended = folder.vm("sweep units.toy N=1..3 UNITS=1,2").exits(1).tells(&[]);
    let lines: Vec<String> = ended
        .out
        .lines()
        .map(|line| {
            line.split("  ").filter(|it| !it.is_empty()).take(3).collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(
        lines,
        [
            "N=1 UNITS=1 PROVED",
            "N=1 UNITS=2 PROVED",
            "N=2 UNITS=1 FAILED DEADLOCK",
            "N=2 UNITS=2 PROVED",
            "N=3 UNITS=1 FAILED DEADLOCK",
            "N=3 UNITS=2 FAILED DEADLOCK",
        ]
    );
    folder.vm("sweep units.toy UNITS=1..2").exits(0);
    let ended = folder.vm("sweep units.toy N=2 UNITS=1..2 --json").exits(1);
    let first: Value = serde_json::from_str(ended.out.lines().next().expect("two")).expect("JSON");
    assert_eq!(first["constants"]["UNITS"], 1);
    assert_eq!(first["verdict"], "FAILED DEADLOCK");
}

#[test]
fn a_constant_is_set_where_the_file_sets_it() {
    vm_of("check -", TEXT).exits(0);
    vm_of("check - --const N=3", TEXT).exits(1);
    vm_of("run - --const N=3", TEXT).exits(1);
    let ended = vm_of("check - --const UNIST=3", TEXT).exits(2);
    ended.says(&["there is no constant `UNIST` to set; did you mean `UNITS`?"]);
    let weir = "const N = 1\nthread t { assert N < 3 }\n";
    vm_of("check - --language weir", weir).exits(0);
    vm_of("check - --language weir --const N=3", weir).exits(1);
}

#[test]
fn wrong_parameters_are_told() {
    for (words, told) in [
        ("N", "write it as P=1..4"),
        ("N=a", "write it as P=1..4"),
        ("N=3..1", "the lesser comes first"),
        ("N=1..99999999", "more than 10000 values"),
    ] {
        vm_of(&format!("sweep - {words}"), TEXT).exits(2).says(&[told]);
    }
    let folder = Folder::new();
    folder.write("units.toy", TEXT);
    folder.vm("sweep units.toy N=1 N=2").exits(2).says(&["N is given twice"]);
    folder.vm("sweep units.toy M=1").exits(2).says(&["there is no constant `M`"]);
    folder.vm("sweep units.toy").exits(2);
}
