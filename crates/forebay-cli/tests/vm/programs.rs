//! `vm programs`: what ships, to read, to run and to change.

use crate::forebay::Folder;

#[test]
fn programs_are_listed_and_given() {
    let folder = Folder::of_programs();
    let listed = folder.vm("programs").exits(0).tells(&[]).out;
    for program in [
        "  mutex.toy                                                  PROVED    Mutual exclusion",
        "  problems/santa_wrong_no_door.weir",
        "  forebay/lock_wrong_asks_nobody.weir                        ASSERTION Lock",
    ] {
        assert!(listed.lines().any(|line| line.starts_with(program)), "{program}: {listed}");
    }
    let text = std::fs::read_to_string(folder.path("mutex.toy")).expect("it ships");
    assert_eq!(folder.vm("programs mutex").exits(0).tells(&[]).out, text);
    let ended = folder.shell("forebay vm programs mutex | forebay vm run -").exits(0);
    ended.prints(&["[main] counter = 200"]);
}

#[test]
fn what_does_not_ship_is_refused() {
    let folder = Folder::new();
    folder.vm("programs mutx").exits(255).prints(&[]).says(&["there is no `mutx`", "are listed"]);
    folder.shell("forebay vm programs | true").exits(0).tells(&[]);
}
