//! `vm lint`: what is probably a mistake, without running it.

use serde_json::Value;

use crate::forebay::{Folder, vm_of};

const CAREFUL: &str = r#"main = [("PUSH", 1), ("PRINT", "{}"), ("POP",)]"#;
const CARELESS: &str = "main = [\n    (\"PUSH\", 1), (\"LOAD\", \"coutner\"), (\"POP\",),\n    \
                        (\"GLOBAL_STORE\", \"counter\"), (\"POP\",),\n]\n";

#[test]
fn the_status_says_what_was_found() {
    vm_of("lint -", CAREFUL).exits(0).prints(&[]).tells(&[]);
    let ended = vm_of("lint -", CARELESS).exits(1).prints(&[]);
    ended
        .says(&["warning: `coutner` is loaded, but nothing ever stores it"])
        .says(&["--> standard input:2:18"])
        .says(&["help: did you mean `counter`?"])
        .says(&["warning: POP needs a value, and the stack is empty"]);
    vm_of("lint -", "main = [(\"PSUH\", 1)]").exits(2).says(&["did you mean `PUSH`"]);
    Folder::new().vm("lint nothing.toy").exits(2).says(&["cannot read nothing.toy"]);
}

#[test]
fn the_worst_of_several_files_counts() {
    let folder = Folder::new();
    folder.write("a.toy", CAREFUL);
    folder.write("b.toy", CARELESS);
    folder.vm("lint a.toy a.toy").exits(0);
    folder.vm("lint a.toy b.toy a.toy").exits(1).says(&["b.toy:2:18"]);
    folder.vm("lint no.toy b.toy a.toy").exits(2).says(&["b.toy:2:18"]);
}

#[test]
fn json_has_a_line_for_each() {
    let folder = Folder::new();
    folder.write("b.toy", CARELESS);
    folder.write("bad.toy", "main = [(\"PSUH\", 1)]");
    let ended = folder.vm("lint --json b.toy bad.toy no.toy").exits(2).tells(&[]);
    let told: Vec<Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(told.len(), 4, "{}", ended.out);
    assert_eq!(told[0]["severity"], "warning");
    assert_eq!((&told[0]["line"], &told[0]["column"]), (&Value::from(2), &Value::from(18)));
    assert_eq!(told[0]["help"], "did you mean `counter`?");
    assert_eq!((&told[2]["file"], &told[2]["severity"]), (&"bad.toy".into(), &"error".into()));
    assert_eq!((&told[3]["file"], &told[3]["line"]), (&"no.toy".into(), &Value::Null));
}

#[test]
fn what_ships_as_right_is_clean() {
    let folder = Folder::of_programs();
    for program in ["mutex.toy", "producer_consumer.toy", "philosophers.toy", "barrier.toy"] {
        folder.vm(&format!("lint {program}")).exits(0).tells(&[]);
    }
}
