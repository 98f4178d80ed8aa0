//! Passwords: never told, and not only on the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::engine::Engine;
use crate::place::Place;
use crate::process::start_with;

on_each_engine! {
    no_message_has_the_password_in_it
    a_password_may_lie_in_a_file
}

fn no_message_has_the_password_in_it(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "--capacity 1") else { return };
    let password = place.server.text("password").to_owned();
    for line in [
        "create @ --capacity 2",
        "create @ --mode 0600",
        "put @ --on-full refuse x y",
        "stat @",
        "stat @ --json",
        "join @ --timeout 10ms",
        "verify @",
        "top @ --once",
        "dead @ retry",
        "dead @ retry 99",
        "work @ --once --retries 1 false",
        "run --buffer @ --json echo ::: a",
        "run --buffer @ --capacity 7 echo ::: a",
        "close @",
        "put @ z",
    ] {
        let done = place.line(line);
        let said = done.text() + &done.errors();
        assert!(!said.contains(&password), "{line}: {said}");
    }
    for entry in fs::read_dir(place.folder.root()).expect("a folder").flatten() {
        let name = entry.file_name().into_string().expect("text");
        assert!(!name.contains(&password), "{name}");
        let written = fs::read(entry.path()).expect("read");
        assert!(!String::from_utf8_lossy(&written).contains(&password), "{name}");
    }
}

fn a_password_may_lie_in_a_file(engine: Engine) {
    let Some(place) = Place::with_buffer(engine, "") else { return };
    let file =
        place.folder.write("secret", format!("{}\n", place.server.text("password")).as_bytes());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
    let (user, port) = (place.server.text("user"), place.server.port());
    let url = |file: &str| {
        format!("{}://{user}@127.0.0.1:{port}/{}?password-file={file}", engine.scheme, place.name)
    };
    let forebay = |arguments: &[&str]| start_with(place.folder.root(), arguments, b"").wait();
    forebay(&["put", &url("secret"), "x"]).exits(0);
    assert_eq!(place.line("take @").exits(0).text(), "x\n");
    place.folder.write("secret", b"not it");
    forebay(&["put", &url("secret"), "x"])
        .exits(255)
        .says(&[&place.shown(), "does not take this user and password"]);
    forebay(&["put", &url("none"), "x"]).exits(255).says(&[&place.shown(), "none", "No such file"]);
}
