//! Without a terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use forebay::processes::Settings;

use crate::scene::{Scene, top};

fn text(arguments: &[&str]) -> String {
    let output = top(arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn one_picture_is_printed() {
    let scene = Scene::new(&Settings::new(100).capacity_bytes(64_000).max_failures(1));
    scene.put(12);
    let _held = scene.consumer.lease().expect("there is one");
    scene.consumer.lease().expect("there is one").fail("\x1b[2Jno\nlight").expect("held");
    let text = text(&[scene.name(), "--interval", "600ms"]);
    for part in [
        "jobs.fb",
        " open\n",
        "10 of 100, high-water mark 12\n",
        "12 B of 62.5 KiB\n",
        "put           0/s",
        "12 in all\n",
        "items     10 items wait (the next for ",
        ", 1 leased, 1 dead\n",
        "the producer does not wait; the consumer does not wait\n",
        "both sides keep up with each other",
        "\nParticipants: 1 producer, 1 consumer\n",
        "\nLeases: 1 of 100, oldest first\n",
        "\nDead letters: 1 of 100, last first\n",
        // On one line, and no order to the terminal.
        "        2  1 failure: \\x1b[2Jno\\nlight\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let pid = std::process::id().to_string();
    assert_eq!(text.matches(&pid).count(), 3, "a producer, a consumer and a lease:\n{text}");
    assert!(!text.contains('\x1b'), "{text}");
}

#[test]
fn rates_are_measured() {
    let scene = Scene::new(&Settings::new(100_000));
    let text = std::thread::scope(|scope| {
        let printing = scope.spawn(|| text(&[scene.name(), "--interval", "1"]));
        while !printing.is_finished() {
            scene.put(10);
            for _ in 0..5 {
                scene.consumer.take().expect("there is one");
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        printing.join().expect("no panic")
    });
    for name in ["\nput ", "\nfinished "] {
        let (_, line) = text.split_once(name).expect("a line");
        let (rate, _) = line.trim_start().split_once("/s").expect("a rate");
        assert!(rate.parse::<f64>().expect("a number") > 0.0, "{text}");
    }
}

#[test]
fn whoever_may_only_read_sees_all_and_changes_nothing() {
    let scene = Scene::new(&Settings::new(100));
    scene.put(12);
    fs::set_permissions(&scene.path, fs::Permissions::from_mode(0o400)).expect("changed");
    let before = fs::read(&scene.path).expect("read");
    let text = text(&[scene.name(), "--once", "--interval", "60ms"]);
    assert!(text.contains("12 of 100"), "{text}");
    assert!(before == fs::read(&scene.path).expect("read"), "a byte of the file has changed");
}

#[test]
fn a_capacity_of_a_million_is_as_good_as_any() {
    let scene = Scene::new(&Settings::new(1_000_000));
    scene.put(3);
    let _held = scene.consumer.lease().expect("there is one");
    let text = text(&[scene.name(), "--interval", "60ms"]);
    assert!(text.contains("2 of 1000000") && text.contains("Leases: 1 of 1000000"), "{text}");
}

#[test]
fn what_cannot_be_watched_is_one_clear_line() {
    let scene = Scene::new(&Settings::new(5));
    let folder = scene.path.parent().expect("a folder");
    let (missing, other) = (folder.join("missing.fb"), folder.join("other"));
    fs::write(&other, "no buffer").expect("written");
    for (arguments, word) in [
        (vec![missing.to_str().expect("text")], "there is no buffer"),
        (vec![other.to_str().expect("text")], "is not a buffer"),
        (vec![folder.to_str().expect("text")], "a directory"),
        (vec![scene.name(), "--interval", "0"], "a time greater than 0"),
        (vec![scene.name(), "--interval", "soon"], "the units of time are"),
        (vec![], "<BUFFER>"),
    ] {
        let output = top(&arguments);
        assert_eq!(output.status.code(), Some(255), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains(word), "{arguments:?}: {complaint}");
    }
}
