//! `vm run --seeds N`: how many runs ended how, and the command that repeats each.

use serde_json::Value;

use crate::forebay::{Folder, vm_of};

/// The command on a line `again: …`.
fn agains(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("again: ")).collect()
}

#[test]
fn a_sweep_tells_how_the_runs_ended() {
    let folder = Folder::of_programs();
    let ended = folder.vm("run philosophers_deadlock.toy --seeds 50").exits(1).tells(&[]);
    let first = ended.out.lines().next().expect("a line");
    assert!(first.starts_with("50 runs of philosophers_deadlock.toy, random, seeds 0 to 49: "));
    let counts = ended.out.lines().filter(|line| line.contains(" %  "));
    let runs = counts.map(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    assert_eq!(runs.map(|runs| runs.expect("a number")).sum::<u64>(), 50);
    assert!(ended.out.contains("%  deadlock\n"), "{}", ended.out);
    assert!(ended.out.contains("%  finished; the last line was ["), "{}", ended.out);
}

#[test]
fn again_reproduces_what_it_claims() {
    let folder = Folder::of_programs();
    for flags in ["--races", "--scheduler pct --depth 2 --seed 5 --weak", "--max-steps 2100"] {
        let words = format!("run no_mutex.toy --seeds 12 --json {flags}");
        let swept = folder.vm(&words);
        let sorts = swept.json()["sorts"].as_array().expect("sorts").clone();
        assert!(!sorts.is_empty());
        for sort in &sorts {
            let text = |key: &str| sort[key].as_str().expect("text");
            let ended = folder.shell(text("again"));
            let last = ended.out.lines().last().unwrap_or_default().to_owned();
            match text("verdict") {
                "finished" => assert_eq!(ended.exits(0).out.lines().last(), Some(text("what"))),
                "finished, with a race" => {
                    assert_eq!(last, text("what"));
                    ended.exits(1).says(&["race on"]);
                }
                "no step was left" => drop(ended.exits(3)),
                other => panic!("{other}"),
            }
        }
    }
    // PCT aims at a length, which must not depend on the seed: here the length of a run does.
    let chancy = "worker = [(\"RANDOM\", 60), (\"STORE\", \"left\"), \
                  (\"LOAD\", \"n\"), (\"PUSH\", 1), (\"ADD\",), (\"GLOBAL_STORE\", \"n\"),\n\
                  (\"LOAD\", \"left\"), (\"PUSH\", 1), (\"SUB\",), (\"DUP\",), \
                  (\"STORE\", \"left\"), (\"JUMP_IF\", 2), (\"LOAD\", \"n\"), (\"PRINT\", \"{}\")]\n\
                  vm = ToyVM()\nvm.globals[\"n\"] = 0\nvm.create_thread(worker, \"a\")\n\
                  vm.create_thread(worker, \"b\")\n";
    folder.write("chancy.py", chancy);
    let swept = folder.vm("run chancy.py --seeds 40 --scheduler pct --json").exits(0).json();
    for sort in swept["sorts"].as_array().expect("sorts") {
        let ended = folder.shell(sort["again"].as_str().expect("a command")).exits(0);
        assert_eq!(ended.out.lines().last(), sort["what"].as_str(), "{}", sort["again"]);
    }
    let text = folder.vm("run philosophers_deadlock.toy --seeds 30").exits(1);
    let [deadlock, ..] = agains(&text.out)[..] else { panic!("{}", text.out) };
    folder.shell(deadlock).exits(1).says(&["deadlock: 3 threads wait for each other"]);
}

#[test]
fn again_overrides_what_the_file_wishes() {
    let folder = Folder::new();
    let program = "vm = ToyVM(max_steps=4, quantum=3)\nvm.create_thread([(\"PRINT\", \"x\")] * 2 + \
                   [(\"NOP\",)] * 4, \"a\")\nvm.create_thread([(\"PRINT\", \"y\")] * 2, \"b\")\n";
    folder.write("wish.py", program);
    let flags = "--scheduler round-robin --quantum 1 --max-steps 50000";
    let swept = folder.vm(&format!("run wish.py --seeds 1 {flags}")).exits(0);
    let [again] = agains(&swept.out)[..] else { panic!("{}", swept.out) };
    let expected = folder.vm(&format!("run wish.py {flags}")).exits(0).out;
    assert_eq!(folder.shell(again).exits(0).out, expected);
    folder.vm("run wish.py").exits(3);
}

#[test]
fn json_and_text_agree_and_repeat() {
    let folder = Folder::of_programs();
    let text = folder.vm("run two_locks.toy --seeds 40");
    let json = folder.vm("run two_locks.toy --seeds 40 --json").exits(1);
    assert_eq!(json.out, folder.vm("run two_locks.toy --seeds 40 --json").out);
    let told = json.json();
    assert_eq!(told["runs"], 40);
    assert_eq!(told["first_seed"], 0);
    assert_eq!(told["scheduler"], "random");
    let sorts = told["sorts"].as_array().expect("sorts");
    assert_eq!(sorts.iter().filter_map(|sort| sort["runs"].as_u64()).sum::<u64>(), 40);
    let of_json: Vec<&str> = sorts.iter().filter_map(|sort| sort["again"].as_str()).collect();
    assert_eq!(agains(&text.out), of_json);
}

#[test]
fn the_worst_run_decides_the_status() {
    let fine = r#"main = [("PRINT", "fine")]"#;
    vm_of("run - --seeds 3", fine).exits(0);
    vm_of("run - --seeds 3", r#"main = [("JUMP", 0)]"#).exits(3);
    vm_of("run - --seeds 3", r#"main = [("POP",)]"#).exits(2);
    let once = r#"main = [("CHOOSE", 2), ("JUMP_IF_TRUE", 3), ("POP",), ("PRINT", "fine")]"#;
    let told = vm_of("run - --seeds 20 --json", once).exits(2).json();
    let verdicts = told["sorts"].as_array().expect("sorts").iter();
    let verdicts: Vec<&Value> = verdicts.map(|sort| &sort["verdict"]).collect();
    assert_eq!(verdicts, ["a thread failed", "finished"]);
}

#[test]
fn a_sweep_is_refused_what_it_cannot_do() {
    let folder = Folder::of_programs();
    folder.vm("run mutex.toy --seeds 0").exits(255).says(&["at least 1"]);
    folder.vm("run mutex.toy --json").exits(255).says(&["--seeds"]);
    for flag in ["--debug", "--realtime", "--trace t"] {
        let ended = folder.vm(&format!("run mutex.toy --seeds 3 {flag}")).exits(255);
        ended.says(&["cannot be used with"]);
    }
}
