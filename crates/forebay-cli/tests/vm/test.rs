//! `vm test`: a folder of programs, each held to what its file says.

use serde_json::Value;

use crate::forebay::Folder;

const RIGHT: &str = "# expect: 5\n# verdict: PROVED\nmain = [(\"PUSH\", 5), (\"PRINT\",)]\n";
const WRONG: &str = "# expect: 5\nmain = [(\"PUSH\", 6), (\"PRINT\",)]\n";
const SILENT: &str = "main = [(\"PUSH\", 1)]\n";

/// A class: right, wrong, silent, unreadable, with a wrong header, and one who deadlocks at times.
fn class() -> Folder {
    let folder = Folder::of_programs();
    std::fs::create_dir_all(folder.path("class/group")).expect("made");
    folder.write("class/ada.toy", RIGHT);
    folder.write("class/bob.toy", WRONG);
    folder.write("class/cy.py", SILENT);
    folder.write("class/group/dee.toy", "# verdict: PROVED\nmain = [(\"PSUH\", 1)]\n");
    folder.write("class/group/eve.toy", format!("# verdict: GOOD\n{SILENT}"));
    let locks = std::fs::read_to_string(folder.path("two_locks.toy")).expect("it ships");
    folder.write("class/group/fay.toy", locks.replace("DEADLOCK", "PROVED"));
    folder.write("class/notes.txt", "no program");
    folder
}

#[test]
fn each_file_is_told_and_counted() {
    let ended = class().vm("test class --seeds 20").exits(1).tells(&[]);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines[0], "passed    PROVED     class/ada.toy  (43 finished)");
    assert_eq!(lines[1], "failed    -          class/bob.toy  (43 finished)");
    assert_eq!(lines[2].trim(), "\"5\" was not printed");
    let again = "again: forebay vm run class/bob.toy --scheduler round-robin --races";
    assert_eq!(lines[3].trim(), again);
    assert_eq!(lines[4], "unchecked -          class/cy.py  (43 finished)");
    assert_eq!(lines[5], "failed    -          class/group/dee.toy");
    assert!(lines[6].contains("dee.toy:2:9: there is no instruction `PSUH`"), "{}", lines[6]);
    assert!(ended.out.contains("eve.toy:1:1: there is no verdict `GOOD`"), "{}", ended.out);
    assert!(ended.out.contains(" of 43 runs: deadlock\n"), "{}", ended.out);
    let last = lines.last().expect("a last line");
    assert!(last.starts_with("1 passed, 4 failed, 1 unchecked"), "{last}");
    assert!(last.contains("; under every schedule"), "{last}");
    let shown = "of all schedules, one shows DEADLOCK, not PROVED";
    assert!(ended.out.contains(shown), "{}", ended.out);
    let ended = class().vm("test class --seeds 20 --max-states 0").exits(1);
    let last = ended.out.lines().last().expect("a last line");
    assert!(last.ends_with("; 1 by a sample of 43 schedules, not all of them"), "{last}");
    assert!(!ended.out.contains("of all schedules"), "{}", ended.out);
}

/// A mistake that no sample shows, a number of states that is not so, and a mistake that is not there.
#[test]
fn every_schedule_is_held_to_what_the_file_says() {
    let folder = Folder::new();
    let rare = r#"# verdict: PROVED
main = [("CHOOSE", 10000), ("PUSH", 9876), ("NE",), ("ASSERT", "not that")]"#;
    folder.write("states.toy", "# states: 7\nmain = [(\"PUSH\", 1)]\n");
    folder.write("sound.toy", "# verdict: DEADLOCK\nmain = [(\"PUSH\", 1)]\n");
    folder.write("right.toy", "# verdict: PROVED\n# states: 1\nmain = [(\"PUSH\", 1)]\n");
    folder.vm("test right.toy --seeds 5").exits(0);
    let ended = folder.vm("test states.toy --seeds 5").exits(1);
    assert!(ended.out.contains("a search finds 1 states, not 7"), "{}", ended.out);
    let ended = folder.vm("test sound.toy --seeds 5").exits(1);
    assert!(ended.out.contains("PROVED: none of all schedules shows DEADLOCK"), "{}", ended.out);
    folder.write("rare.toy", rare);
    let ended = folder.vm("test rare.toy --seeds 5").exits(1);
    assert!(ended.out.contains("of all schedules, one shows ASSERTION"), "{}", ended.out);
    assert!(ended.out.contains("again: forebay vm check rare.toy"), "{}", ended.out);
}

#[test]
fn json_has_a_line_for_each_and_again_shows_it() {
    let folder = class();
    let ended = folder.vm("test class --seeds 20 --json").exits(1).tells(&[]);
    let told: Vec<Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let results: Vec<&str> = told.iter().filter_map(|one| one["result"].as_str()).collect();
    assert_eq!(results, ["passed", "failed", "unchecked", "failed", "failed", "failed"]);
    let again = |at: usize| folder.shell(told[at]["again"].as_str().expect("a command"));
    again(1).exits(0).prints(&["[main] 6"]);
    again(3).exits(2).says(&["did you mean `PUSH`?"]);
    again(5).exits(1).says(&["deadlock: 2 threads wait for each other"]);
}

#[test]
fn all_as_they_say_is_0() {
    let folder = Folder::new();
    folder.write("right.toy", RIGHT);
    folder.write("silent.toy", SILENT);
    folder.vm("test . --seeds 3").exits(0);
    folder.vm("test right.toy --seeds 0").exits(0);
    let ended = folder.vm("test right.toy silent.toy --seeds 3").exits(0);
    assert!(ended.out.contains("1 passed, 0 failed, 1 unchecked"), "{}", ended.out);
}

#[test]
fn a_line_that_must_not_be_printed_under_some_schedule() {
    let folder = Folder::new();
    let program = "# expect-absent: second\nmain = [(\"PRINT\", \"first\")]\n\
                   late = [(\"PRINT\", \"second\")]\nvm = ToyVM()\nvm.create_thread(main, \"a\")\n\
                   vm.create_thread(late, \"b\")\n";
    folder.write("a.toy", program);
    let ended = folder.vm("test a.toy --seeds 2").exits(1);
    assert!(ended.out.contains("\"second\" was printed"), "{}", ended.out);
    // A verdict that no run shows has no run to show it, but a search.
    folder.write("b.toy", "# verdict: DEADLOCK\nmain = [(\"NOP\",)]\n");
    let ended = folder.vm("test b.toy --seeds 2").exits(1);
    assert!(ended.out.contains("none of 7 runs showed DEADLOCK"), "{}", ended.out);
    assert!(ended.out.contains("again: forebay vm check b.toy\n"), "{}", ended.out);
}

#[test]
fn what_cannot_be_tested_is_255() {
    let folder = Folder::new();
    folder.vm("test").exits(255).says(&["required"]);
    folder.vm("test nothing").exits(255).says(&["cannot read nothing"]);
    std::fs::create_dir(folder.path("empty")).expect("made");
    folder.vm("test empty").exits(255).says(&["empty holds no programs"]);
}
