//! `forebay plan`: tables and numbers of a simulation, and what is refused.

use std::process::{Command, Output, Stdio};

fn plan(arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_forebay"))
        .arg("plan")
        .args(arguments.split(' '))
        .stdin(Stdio::null())
        .output()
        .expect("the command starts")
}

fn told(arguments: &str) -> String {
    let output = plan(arguments);
    assert!(output.status.success(), "{arguments}: {output:?}");
    String::from_utf8(output.stdout).expect("it prints text")
}

#[test]
fn a_table_says_how_many_are_enough() {
    let told = told("--rate 50/s --service 120ms --items 20000");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "50 items a second, 120 ms each: the work of 6 consumers");
    assert!(lines[2].starts_with("consumers   busy      wait"), "{told}");
    let enough: Vec<bool> = lines[3..].iter().map(|it| it.ends_with("  enough")).collect();
    let first = enough.iter().position(|it| *it).expect("some number is enough");
    assert!(first > 0 && enough[first + 1] && !enough[first + 2], "{told}");
    assert!(told.contains("consumers: a buffer that has filled up (1024 items) is empty again"));
}

#[test]
fn a_plan_of_too_few_items_says_so() {
    let line = "--rate 20000/s --service 10ms --consumers 201 --items";
    let few = told(&format!("{line} 10000"));
    assert!(few.contains("too few to be sure of who is enough"), "{few}");
    assert!(few.ends_with("try --items 4600000\n"), "{few}");
    assert!(!told("--rate 50/s --service 120ms --consumers 9").contains("too few"));
}

#[test]
fn what_is_simulated_stands_beside_what_is_known() {
    let line =
        "--rate 9/s --service 1s --consumers 8..9 --capacity 20 --on-full refuse --items 100000";
    let json: serde_json::Value =
        serde_json::from_str(&told(&format!("{line} --json"))).expect("JSON");
    let rows = json["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), 2);
    for row in rows {
        let number = |row: &serde_json::Value, name: &str| row[name].as_f64().expect("a number");
        for name in ["wait_mean_seconds", "busy", "lost"] {
            let (seen, known) = (number(row, name), number(&row["formula"], name));
            assert!((seen / known - 1.0).abs() < 0.1, "{name}: {seen}, not {known}");
        }
    }
    let table = told(line);
    assert!(table.contains("  by formula\n"));
    let found = told("--rate 9/s --service 1s --capacity 200 --on-full refuse --items 20000");
    assert!(found.contains("  enough  wait "), "{found}");
    assert_eq!(table, told(line), "the same seed, the same numbers");
    assert_ne!(told(line), told(&format!("{line} --seed 2")));
}

#[test]
fn what_makes_no_plan_is_refused() {
    for (arguments, why) in [
        ("--rate 0/s --service 1s", "want a number of items a second"),
        ("--rate 5/s --service 0", "want a time greater than 0"),
        ("--rate 5/s", "--service <TIME>"),
        ("--rate 5/s --service 1s --consumers 0", "want a number from 1 to 100000"),
        ("--rate 5/s --service 1s --capacity 0", "0 is not in 1.."),
        ("--rate 1000000/s --service 1s", "the work of 1000000 consumers"),
    ] {
        let output = plan(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(255), "{arguments}: {said}");
        assert!(said.contains(why), "{arguments}: {said}");
    }
}
