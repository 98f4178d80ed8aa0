//! `docs/machines.md`: every command in it is run, and what it prints is what the guide shows. Its Rust is compiled by
//! the documentation tests of the facade.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::{self, Command, Stdio};

use crate::process::Folder;
use crate::server::Server;
use crate::transcript::{assert_shown, blocks, commands};

const GUIDE: &str = include_str!("../../../../docs/machines.md");

/// The server of the guide.
const THERE: &str = "redis://localhost/";
const SHOWN: &str = "redis://localhost:6379/";

/// Longer than anything in it takes, and a hang ends here.
const PATIENCE: &str = "300";

#[test]
fn every_command_prints_what_the_guide_shows() {
    let Some(server) = Server::or_skip("redis") else { return };
    let folder = Folder::new();
    let prefix = format!("guide-{}-", process::id());
    let here = format!("{}/{prefix}", server.text("url"));
    let shown_here = format!("redis://127.0.0.1:{}/{prefix}", server.port());
    let joblog_here = format!("{prefix}night@127.0.0.1-{}", server.port());
    let forebay = Path::new(env!("CARGO_BIN_EXE_forebay")).parent().expect("a folder");
    let path = format!("{}:{}", forebay.display(), env::var("PATH").unwrap_or_default());
    let (mut count, mut made) = (0, BTreeSet::new());
    for (_, lines) in blocks(GUIDE).iter().filter(|(info, _)| *info == "console") {
        for (command, shown) in commands(lines) {
            let here_command = command.replace(THERE, &here);
            if let Some(rest) = here_command.split("forebay create ").nth(1)
                && rest.starts_with(&here)
            {
                made.insert(rest.split(' ').next().expect("a URL").to_owned());
            }
            let output = Command::new("timeout")
                .args(["-s", "KILL", PATIENCE, "sh", "-c", &format!("exec 2>&1; {here_command}")])
                .current_dir(folder.root())
                .env("PATH", &path)
                .env_remove("NO_COLOR")
                .stdin(Stdio::null())
                .output()
                .expect("it starts");
            let printed = String::from_utf8_lossy(&output.stdout).replace(&shown_here, SHOWN);
            let printed = printed.replace(&joblog_here, "night@localhost-6379");
            assert_shown(command, &shown, &printed);
            count += 1;
        }
    }
    for url in made {
        // The guide has deleted some itself.
        if let Ok(buffer) = forebay::connect(&url) {
            buffer.delete().expect("deleted");
        }
    }
    assert!(count >= 10, "{count} commands");
}

#[test]
fn every_key_and_every_word_of_the_url_is_told_of() {
    for word in [
        "password-file",
        "ca",
        "cert",
        "key",
        "connect",
        "outage",
        "db",
        "group",
        "survives",
        "warnings",
    ] {
        assert!(GUIDE.contains(&format!("`{word}`")), "{word}");
    }
}
