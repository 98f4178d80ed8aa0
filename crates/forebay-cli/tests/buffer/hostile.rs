//! What is no buffer, or none for this user: told in one line by every verb, and left alone.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::forebay::{buffer, line, run};

const VERBS: [&str; 9] = [
    "put {} x",
    "take {}",
    "work {} echo",
    "run --buffer {} echo ::: x",
    "join {}",
    "stat {}",
    "close {}",
    "dead {}",
    "verify {}",
];

#[test]
fn what_is_no_buffer_is_told_by_name() {
    let folder = buffer("");
    folder.write("text", b"precious\n");
    folder.write("empty", b"");
    fs::create_dir(folder.path("folder")).expect("made");
    symlink("b", folder.path("link")).expect("made");
    let whole = folder.read("b");
    folder.write("short", &whole[..whole.len() / 2]);
    for name in ["text", "empty", "folder", "link", "short", "/dev/null"] {
        for verb in VERBS {
            let ended = line(&folder, &verb.replace("{}", name)).exits(255);
            let errors = ended.errors();
            assert!(errors.starts_with("forebay") && errors.contains(name), "{verb}: {errors}");
            assert_eq!(errors.lines().count(), 1, "{verb} {name}: {errors}");
        }
    }
    assert_eq!(folder.read("text"), b"precious\n");
    assert_eq!(folder.read("empty"), b"");
    assert!(!folder.path("text.joblog").exists());
}

#[test]
fn what_is_not_there_is_told_and_how_to_make_it() {
    let folder = buffer("");
    for verb in VERBS.iter().filter(|verb| !verb.starts_with("run")) {
        line(&folder, &verb.replace("{}", "none")).exits(255).says(&["none", "create"]);
    }
    line(&folder, "run --buffer nowhere/b echo ::: x").exits(255).says(&["nowhere/b"]);
}

#[test]
fn what_one_may_not_write_is_told() {
    let folder = buffer("");
    fs::set_permissions(folder.path("b"), fs::Permissions::from_mode(0o400)).expect("set");
    // Who may do anything sees nothing of this.
    if fs::File::options().write(true).open(folder.path("b")).is_ok() {
        return;
    }
    for verb in VERBS.iter().filter(|verb| !verb.starts_with("stat")) {
        let ended = line(&folder, &verb.replace("{}", "b")).exits(255);
        assert!(ended.errors().contains("denied"), "{verb}: {}", ended.errors());
    }
}

#[test]
fn flags_that_mean_nothing_here_are_refused_with_a_reason() {
    let folder = buffer("");
    for (flags, words) in [
        ("work b -a x echo", "-a"),
        ("work b echo ::: x", ":::"),
        ("work b --producer x echo", "--producer"),
        ("work b --capacity 3 echo", "--capacity"),
        ("work b --resume --joblog j echo", "--resume"),
        ("work b --dry-run echo", "--dry-run"),
        ("work b -X echo", "-X"),
        ("run --buffer b -X echo", "-X"),
        ("run --buffer b --weight 3 echo", "--weight"),
        ("run --buffer b --on-high x echo", "--on-high"),
        ("run --buffer b --pipe echo", "--pipe"),
        ("run --buffer b --on-full drop-oldest echo", "drop-oldest"),
        ("run --buffer b --capacity 3 echo", "--capacity"),
        ("run --buffer b -a b echo", "same file"),
        ("work b", "COMMAND"),
        ("work", "BUFFER"),
    ] {
        let ended = line(&folder, flags).exits(255);
        assert!(ended.errors().contains(words), "{flags}: {}", ended.errors());
    }
    // To see what would be run, nothing is opened.
    let dry = run(&folder, &["run", "--dry-run", "--buffer", "none", "echo"], b"x\n").exits(0);
    assert_eq!(dry.text(), "echo x\n");
    assert!(!folder.path("none").exists());
}
