//! `forebay stat`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::forebay::{buffer, line, run, start, stat, until};

#[test]
fn it_tells_who_does_what() {
    let folder = buffer("--capacity 5 --lease-time 60s");
    run(&folder, &["put", "b", "x", "y"], b"").exits(0);
    let work = start(
        &folder,
        &["work", "b", "-j1", "--shell", "until [ -e go ]; do sleep 0.01; done; : {}"],
        b"",
    );
    until("at work", || stat(&folder)["leased"] == 1);
    let now = stat(&folder);
    let lease = &now["leases"][0];
    assert_eq!((&lease["position"], &lease["deliveries"]), (&1.into(), &1.into()));
    assert_eq!(lease["pid"], work.child.id());
    assert!(lease["left_seconds"].as_f64().is_some_and(|left| left > 0.0), "{now}");
    assert_eq!(now["waiting"], 1, "the other one is left to others while this one is busy: {now}");
    let members = now["participants"].as_array().expect("a list");
    assert!(
        members.iter().any(|member| member["role"] == "consumer" && member["leased"] == 1),
        "{now}"
    );
    let text = line(&folder, "stat b").exits(0).text();
    for words in ["b: open, 1 of 5 waiting, 1 leased, 0 dead", "2 produced", "position 1 leased by"]
    {
        assert!(text.contains(words), "{words:?} in {text}");
    }
    folder.write("go", b"");
    line(&folder, "close b").exits(0);
    work.wait().exits(0);
    let now = stat(&folder);
    assert_eq!((&now["finished"], &now["leased"]), (&2.into(), &0.into()));
}

#[test]
fn looking_needs_no_leave_to_write() {
    let folder = buffer("");
    fs::set_permissions(folder.path("b"), fs::Permissions::from_mode(0o400)).expect("set");
    line(&folder, "stat b").exits(0);
}
