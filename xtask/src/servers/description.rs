//! What there is, told to people, and to tests in a file.

use std::fmt::Write as _;
use std::{env, fs};

use super::engine::{PLAIN, TLS};
use super::json::Json;
use super::scratch::Scratch;
use super::server::{Server, State, USER};
use super::{certificates, engine};

/// The file that tests read.
const FILE: &str = "servers.json";

/// Writes the file anew.
pub(super) fn write(scratch: &Scratch) -> Result<(), String> {
    let (path, new) = (scratch.path(FILE), scratch.path("servers.json.new"));
    // In one step: somebody may be reading.
    fs::write(&new, json(scratch)?)
        .and_then(|()| fs::rename(&new, &path))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// What the file says: the command by which servers are stopped and started, and each server.
pub(super) fn json(scratch: &Scratch) -> Result<String, String> {
    let own = env::current_exe().map_err(|error| format!("cannot tell where I am: {error}"))?;
    let command = [own.display().to_string(), "servers".to_owned()];
    let mut servers = Vec::new();
    for name in scratch.names()? {
        let server = scratch.known(&name)?;
        servers.push((name, about(&server)));
    }
    let all = object([("command", list(command)), ("servers", Json::Object(servers))]);
    Ok(format!("{all}\n"))
}

fn about(server: &Server) -> Json {
    let folder = certificates::folder(server.shared());
    let certificate = |name| Json::text(folder.join(name).display().to_string());
    object([
        ("engine", Json::text(server.engine.name())),
        ("version", server.version().map_or(Json::Null, Json::Text)),
        ("url", Json::text(server.url(false))),
        ("tls_url", Json::text(server.url(true))),
        ("port", Json::Number(server.port(PLAIN).into())),
        ("tls_port", Json::Number(server.port(TLS).into())),
        ("user", Json::text(USER)),
        ("password", Json::text(&*server.password)),
        ("ca", certificate(certificates::CA)),
        ("certificate", certificate(certificates::CLIENT)),
        ("key", certificate(certificates::CLIENT_KEY)),
        ("stranger_certificate", certificate(certificates::STRANGER)),
        ("stranger_key", certificate(certificates::STRANGER_KEY)),
        ("pid", server.process().map_or(Json::Null, |process| Json::Number(process.pid.into()))),
        ("log", Json::text(server.log().display().to_string())),
        ("control", list(server.engine.control(server))),
    ])
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn list(words: impl IntoIterator<Item = String>) -> Json {
    Json::List(words.into_iter().map(Json::Text).collect())
}

/// The same for people, of these servers.
pub(super) fn text(scratch: &Scratch, names: &[String]) -> Result<String, String> {
    let mut text = String::new();
    for name in names {
        let server = scratch.known(name)?;
        let state = match server.state() {
            State::Running => "runs",
            State::Frozen => "is frozen",
            State::Gone => "does not run",
        };
        let version = server.version().unwrap_or_default();
        let _ = writeln!(text, "{name} {version} {state}");
        let _ = writeln!(text, "    {}\n    {}", server.url(false), server.url(true));
    }
    if text.is_empty() {
        let names = engine::ALL.map(engine::Engine::name).join(", ");
        return Ok(format!("no servers; `cargo xtask servers up` starts {names}\n"));
    }
    let _ = writeln!(text, "all of it: {}", scratch.path(FILE).display());
    Ok(text)
}
