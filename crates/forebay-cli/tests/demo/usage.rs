//! What holds for every scene: how it is asked for, and where it prints.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::forebay::{SCENES, demo, finished, local, output, told, told_on_terminal};

#[test]
fn without_a_name_the_scenes_are_listed() {
    let told = told("");
    let names: Vec<&str> = told.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, SCENES);
    assert!(told.lines().all(|line| line.split_whitespace().count() > 3), "{told}");
}

#[test]
fn the_source_of_each_scene_is_there_to_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for scene in SCENES {
        let told = told(&format!("{scene} --source"));
        let files: Vec<&str> = told
            .lines()
            .map(|line| {
                let (file, reason) = line.split_once(' ').expect("a file and a reason");
                assert!(!reason.trim().is_empty(), "{line}");
                file
            })
            .collect();
        assert_eq!(
            files[0],
            format!("crates/forebay-cli/src/demo/scenes/{scene}.rs"),
            "the scene itself comes first"
        );
        assert!(files.len() > 2, "and what matters of the library: {told}");
        for file in files {
            assert!(root.join(file).is_file(), "{scene}: {file}");
        }
    }
}

#[test]
fn a_run_says_its_seed() {
    let told = told("monitor");
    let seed = told.lines().next().unwrap().rsplit_once("seed ").unwrap().1;
    assert!(seed.parse::<u64>().is_ok(), "{told}");
}

#[test]
fn nobody_listening_any_more_ends_it_quietly() {
    for scene in local() {
        let mut child = demo(scene).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(!first.trim().is_empty() || scene == "toyvm", "{scene}");
        // The reader is gone; `random` has no other end than noticing it.
        let output = finished(child);
        assert!(output.status.success(), "{scene}: {output:?}");
        assert!(output.stderr.is_empty(), "{scene}: {output:?}");
    }
}

#[test]
fn a_full_disk_is_said() {
    let full = std::fs::File::create("/dev/full");
    let Ok(full) = full else { return };
    let output = demo("monitor").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(255));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("cannot print"), "{complaint}");
}

#[test]
fn bad_input_is_one_clear_line() {
    for (arguments, word) in [
        ("squares --items 0", "--items 0"),
        ("random --producers 0", "--producers 0"),
        ("semaphores --consumers 0", "--consumers 0"),
        ("monitor --capacity 0", "--capacity 0"),
        ("monitor --capacity 18446744073709551615", "at most"),
        ("monitor --consumers 1001", "at most"),
        ("sqares", "did you mean `squares`?"),
        ("Overflw", "did you mean `overflow`?"),
        ("philosophers", "squares, random, semaphores, monitor, starvation, overflow"),
        ("a\u{1b}[31mb", "`a\\u{1b}[31m"),
        ("deadlock --producers 2", "deadlock takes no --producers: it is made for 1"),
        ("overflow --items 10001", "overflow takes at most 10000"),
        ("deadlock --items 1", "at least 2"),
        ("race --consumers 2", "race takes no --consumers: it is made for 1"),
        ("toyvm --items 3", "toyvm takes no --items: it is made for 16"),
        ("squares --kill", "squares takes no --kill: nobody in it is a process"),
        ("processes --kill --consumers 1", "--kill needs another consumer"),
        ("processes --producers 51", "processes takes at most 50"),
        (
            "processes --url redis://localhost",
            "processes takes no --url: its buffer is on this machine",
        ),
        ("broker", "broker needs a server, and --url to say where it is"),
        (
            "broker --url jobs.fb",
            "no URL but a file; `forebay demo processes` has its buffer in one",
        ),
        ("broker --url gopher://host", "unknown scheme `gopher`"),
        ("broker --kill", "broker takes no --kill: a consumer is killed in any case"),
        ("--source", "--source needs the name of a scene"),
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(255), "{arguments}");
        assert!(output.stdout.is_empty(), "{arguments}");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains(word), "{arguments}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{arguments}: {complaint}");
    }
}

#[test]
fn no_colour_where_no_terminal_is() {
    assert!(!told("monitor").contains('\x1b'));
}

#[test]
fn colours_on_a_terminal_unless_told_otherwise() {
    assert!(told_on_terminal(80, false, "monitor").contains("\x1b[32mproducer-1"));
    assert!(!told_on_terminal(80, true, "monitor").contains('\x1b'));
}

#[test]
fn every_scene_works_in_a_terminal_of_twenty_columns() {
    for scene in local() {
        let scene = if scene == "random" { "random --items 5" } else { scene };
        assert!(told_on_terminal(20, true, scene).lines().count() > 5, "{scene}");
    }
}
