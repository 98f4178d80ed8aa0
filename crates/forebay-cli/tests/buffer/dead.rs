//! `forebay dead`.

use crate::forebay::{buffer, figure, line, run};

#[test]
fn what_failed_is_listed_tried_again_and_given_up() {
    let folder = buffer("");
    run(&folder, &["put", "b", "a", "b\tc", "d"], b"").exits(0);
    line(&folder, "dead b").exits(0);
    run(&folder, &["work", "b", "-q", "--once", "--shell", "exit 3; : {}"], b"").exits(3);
    let list = line(&folder, "dead b list").exits(0).text();
    let mut lines: Vec<_> = list.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "1\t1\t0\trejected: exit status 3\ta",
            "2\t1\t0\trejected: exit status 3\tb\\tc",
            "3\t1\t0\trejected: exit status 3\td",
        ]
    );
    line(&folder, "dead b retry").exits(255).says(&["--all"]);
    line(&folder, "dead b retry 2 9").exits(1).says(&["no dead letter at position 9"]);
    assert_eq!(figure(&folder, "dead"), 2);
    assert_eq!(line(&folder, "work b -q --once echo").exits(0).text(), "b\tc\n");
    line(&folder, "dead b purge 1").exits(0).says(&["1 item purged"]);
    assert!(line(&folder, "dead b list 1").exits(1).text().is_empty());
    line(&folder, "dead b retry --all").exits(0).says(&["1 item retried"]);
    assert_eq!(line(&folder, "take b --all --no-wait").text(), "d\n");
    line(&folder, "dead b what").exits(255).says(&["what"]);
}

#[test]
fn an_item_dies_after_as_many_tries_as_the_buffer_allows() {
    let folder = buffer("--max-failures 3");
    run(&folder, &["put", "b", "x"], b"").exits(0);
    let work =
        ["work", "b", "-q", "--once", "--backoff", "1ms", "--shell", "echo >> tries; false {}"];
    run(&folder, &work, b"").exits(1);
    assert_eq!(folder.lines("tries").len(), 3);
    let list = line(&folder, "dead b").exits(0).text();
    assert_eq!(list, "1\t3\t3\tfailed too often, last because: exit status 1\tx\n");
}

#[test]
fn full_room_for_the_dead_is_told() {
    let folder = buffer("--dead-room 1 --capacity 5");
    run(&folder, &["put", "b", "x", "y"], b"").exits(0);
    let work = run(&folder, &["work", "b", "--once", "-j1", "--shell", "false {}"], b"").exits(255);
    work.says(&["dead letters", "forebay dead b"]);
    line(&folder, "dead b purge --all").exits(0);
    assert_eq!(line(&folder, "take b --no-wait").exits(0).text(), "y\n");
}
