//! A server that runs, as `cargo xtask servers up` tells of it.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

/// The engines that are measured.
const ENGINES: [&str; 4] = ["redis", "nats", "amqp", "kafka"];

/// A server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) engine: String,
    pub(crate) version: String,
    url: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) pid: u32,
}

impl Server {
    /// Those that run, or are named.
    pub(crate) fn all(file: &Path, only: Option<&[String]>) -> Result<Vec<Self>, String> {
        let start = "start the servers with `cargo xtask servers up`";
        let text = fs::read_to_string(file)
            .map_err(|error| format!("{}: {error}; {start}", file.display()))?;
        let told: Value =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        if let Some(unknown) =
            only.into_iter().flatten().find(|name| !ENGINES.contains(&name.as_str()))
        {
            return Err(format!("{unknown} is not measured; there are {}", ENGINES.join(", ")));
        }
        let mut all = Vec::new();
        for engine in ENGINES {
            if only.is_some_and(|only| only.iter().all(|name| name != engine)) {
                continue;
            }
            // RabbitMQ has two names: its own, and that of the protocol.
            let name = if engine == "amqp" { "rabbitmq" } else { engine };
            let about = &told["servers"][name];
            let text = |what: &str| about[what].as_str().unwrap_or_default().to_owned();
            let number = |what: &str| about[what].as_u64();
            let Some(pid) = number("pid").and_then(|it| it.try_into().ok()) else {
                if only.is_some() {
                    return Err(format!("{name} does not run; {start}"));
                }
                continue;
            };
            all.push(Self {
                engine: engine.to_owned(),
                version: text("version"),
                url: text("url"),
                port: number("port").and_then(|it| it.try_into().ok()).unwrap_or(0),
                user: text("user"),
                password: text("password"),
                pid,
            });
        }
        if all.is_empty() { Err(format!("none of them runs; {start}")) } else { Ok(all) }
    }

    /// The URL of a buffer that nobody else has.
    pub(crate) fn fresh_url(&self) -> String {
        format!("{}/{}", self.url, fresh_name())
    }
}

/// A name that nobody else has.
pub(crate) fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("bench-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
