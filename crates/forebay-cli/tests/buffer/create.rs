//! `forebay create`.

use std::os::unix::fs::PermissionsExt;

use crate::forebay::{Folder, buffer, line, stat};

#[test]
fn a_buffer_is_what_it_was_asked_to_be() {
    let folder = buffer(
        "--capacity 5 --capacity-bytes 2K --durability power --mode 0660 --max-leased 7 --max-failures 3 \
         --max-deliveries 9 --lease-time 90s --dead-room 11 --participants 12",
    );
    let stat = stat(&folder);
    for (key, expected) in [
        ("capacity", 5),
        ("capacity_bytes", 2048),
        ("max_leased", 7),
        ("max_failures", 3),
        ("max_deliveries", 9),
        ("dead_room", 11),
        ("waiting", 0),
    ] {
        assert_eq!(stat[key], expected, "{key} in {stat}");
    }
    assert_eq!((&stat["durability"], &stat["lease_seconds"]), (&"power".into(), &90.0.into()));
    let mode = std::fs::metadata(folder.path("b")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
}

#[test]
fn what_is_there_stays_as_it_is() {
    let folder = buffer("");
    folder.write("text", b"precious");
    for name in ["b", "text", "."] {
        line(&folder, &format!("create {name}")).exits(255).says(&["forebay create:", name]);
    }
    assert_eq!(folder.read("text"), b"precious");
}

#[test]
fn what_makes_no_buffer_is_told() {
    let folder = Folder::new();
    for flags in ["--capacity 0", "--capacity x", "--mode 0060", "--mode 9", "--durability both"] {
        line(&folder, &format!("create b {flags}")).exits(255);
    }
    line(&folder, "create b --max-failures 70000").exits(255).says(&["65535"]);
    line(&folder, "create nowhere/b").exits(255).says(&["forebay create:", "nowhere/b"]);
    assert!(!folder.path("b").exists());
}
