//! The way by `docker compose`, for machines without the programs.
//!
//! Its file, `xtask/servers/compose.yaml`, starts each engine with the same configuration, at the same paths, on the
//! machine's own network, so that nothing else knows the difference.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use super::server::{Server, State};
use crate::house;

const FILE: &str = "xtask/servers/compose.yaml";

/// Whether there is one, with an engine that answers.
pub(super) fn is_there() -> bool {
    let succeeds = |words: &[&str]| {
        let mut docker = Command::new("docker");
        docker.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        docker.status().is_ok_and(|status| status.success())
    };
    succeeds(&["compose", "version"]) && succeeds(&["info"])
}

fn compose(server: &Server) -> Result<Command, String> {
    let shared = server.shared();
    let owner = fs::metadata(shared).map_err(|error| format!("{}: {error}", shared.display()))?;
    let mut docker = Command::new("docker");
    docker
        .args(["compose", "--project-name"])
        .arg(format!("forebay-{}", server.name))
        .arg("--file")
        .arg(house::root().join(FILE))
        .env("FOREBAY_SERVERS", shared)
        .env("FOREBAY_SERVER", server.path(""))
        .env("FOREBAY_USER", format!("{}:{}", owner.uid(), owner.gid()))
        .stdin(Stdio::null());
    Ok(docker)
}

fn tell(server: &Server, words: &[&str]) -> Result<String, String> {
    let line = format!("docker compose {}", words.join(" "));
    let done = compose(server)?.args(words).output().map_err(|error| format!("{line}: {error}"))?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    } else {
        Err(format!("{}\n{line}: {}", String::from_utf8_lossy(&done.stderr), done.status))
    }
}

/// The command that runs something where the server does.
pub(super) fn inside(server: &Server, words: &[&str]) -> Vec<String> {
    let Ok(compose) = compose(server) else { return Vec::new() };
    let variables = compose.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={}", name.to_string_lossy(), value?.to_string_lossy()))
    });
    let arguments = compose.get_args().map(|word| word.to_string_lossy().into_owned());
    let exec = ["exec", "-T", server.engine.name()].into_iter().chain(words.iter().copied());
    ["env".to_owned()]
        .into_iter()
        .chain(variables)
        .chain(["docker".to_owned()])
        .chain(arguments)
        .chain(exec.map(str::to_owned))
        .collect()
}

pub(super) fn state(server: &Server) -> State {
    let is = |status| {
        let name = server.engine.name();
        tell(server, &["ps", "--quiet", "--status", status, name])
            .is_ok_and(|containers| !containers.trim().is_empty())
    };
    if is("running") {
        State::Running
    } else if is("paused") {
        State::Frozen
    } else {
        State::Gone
    }
}

pub(super) fn start(server: &Server) -> Result<(), String> {
    tell(server, &["up", "--detach", server.engine.name()]).map(drop)
}

pub(super) fn stop(server: &Server) -> Result<(), String> {
    if state(server) == State::Frozen {
        thaw(server)?;
    }
    tell(server, &["stop", "--timeout", "60", server.engine.name()]).map(drop)
}

pub(super) fn kill(server: &Server) -> Result<(), String> {
    if state(server) == State::Gone {
        return Ok(());
    }
    tell(server, &["kill", server.engine.name()]).map(drop)
}

pub(super) fn freeze(server: &Server) -> Result<(), String> {
    tell(server, &["pause", server.engine.name()]).map(drop)
}

pub(super) fn thaw(server: &Server) -> Result<(), String> {
    tell(server, &["unpause", server.engine.name()]).map(drop)
}

pub(super) fn remove(server: &Server) -> Result<(), String> {
    tell(server, &["down", "--timeout", "0", "--volumes"]).map(drop)
}
