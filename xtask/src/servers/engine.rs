//! What an engine has to say of itself, so that all else is the same for all.

use std::io;
use std::process::Command;

use super::server::Server;
use super::{kafka, nats, rabbitmq, redis};

/// A kind of server.
pub(super) trait Engine: Sync {
    /// Its name, which is also its service in the file for `docker compose`.
    fn name(&self) -> &'static str;

    /// The schemes of its URLs: plain, and in TLS.
    fn schemes(&self) -> [&'static str; 2];

    /// What it needs ports for: [`PLAIN`] and, if that is another, [`TLS`] among them.
    fn ports(&self) -> &'static [&'static str];

    /// The programs that it cannot do without, each with the Debian package that has it.
    fn programs(&self) -> &'static [Program];

    /// Writes the files that it reads when it starts. `demand`: TLS only with a client's certificate.
    fn configure(&self, server: &Server, demand: bool) -> Result<(), String>;

    /// What has to run, the server itself last, each with a name for its record.
    fn processes(&self, server: &Server) -> Result<Vec<(&'static str, Command)>, String>;

    /// Its version, if it answers as a server does that is ready for clients.
    fn ask(&self, server: &Server) -> io::Result<String>;

    /// The command by which it is administered, if that is not done through the same port.
    fn control(&self, _server: &Server) -> Vec<String> {
        Vec::new()
    }
}

/// The port for clients without TLS.
pub(super) const PLAIN: &str = "plain";

/// The port for clients with TLS.
pub(super) const TLS: &str = "tls";

/// A program and where it comes from.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) package: &'static str,
}

pub(super) const ALL: [&dyn Engine; 4] =
    [&rabbitmq::RabbitMq, &nats::Nats, &redis::Redis, &kafka::Kafka];

/// The engine of a server with this name: `ENGINE` or `ENGINE-WORD`.
pub(super) fn of(name: &str) -> Result<&'static dyn Engine, String> {
    let (first, word) = name.split_once('-').unwrap_or((name, "1"));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let known = ALL.into_iter().find(|engine| engine.name() == first);
    known.filter(|_| !word.is_empty() && word.chars().all(plain)).ok_or_else(|| {
        let names = ALL.map(Engine::name).join(", ");
        format!("there is no server `{name}`; there are {names}, and such as redis-2")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_engine_and_perhaps_a_word() {
        for (name, engine) in [("redis", "redis"), ("redis-2", "redis"), ("kafka-a-b", "kafka")] {
            assert_eq!(of(name).map(Engine::name), Ok(engine), "{name}");
        }
        for name in ["", "rediss", "redis-", "redis-../x", "redis-A", "redis 2"] {
            assert!(of(name).is_err(), "{name}");
        }
    }
}
