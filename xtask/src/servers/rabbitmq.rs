//! RabbitMQ.
//!
//! It keeps away from any other Erlang on the machine: its nodes are known to an `epmd` of their own, on a port of
//! its own, its cookie and all that it writes lie in its folder, and it talks to its tools on loopback only.
//!
//! Tests provoke its alarms with its tool, the `control` of the file: `set_vm_memory_high_watermark absolute 1MB`,
//! or `set_disk_free_limit 1000TB`, and back to what is configured here.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::engine::{Engine, PLAIN, Program, TLS};
use super::server::{Server, USER, Way};
use super::wire::Wire;
use super::{compose, install};

pub(super) struct RabbitMq;

/// The ports of Erlang: where nodes find each other, and where they talk.
const EPMD: &str = "epmd";
const DISTRIBUTION: &str = "distribution";

const COOKIE: &str = ".erlang.cookie";

/// What a test may fill before it blocks producers, and what has to be left on the disk.
const MEMORY: &str = "512MB";
const DISK: &str = "50MB";

impl Engine for RabbitMq {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    fn schemes(&self) -> [&'static str; 2] {
        ["amqp", "amqps"]
    }

    fn ports(&self) -> &'static [&'static str] {
        &[PLAIN, TLS, EPMD, DISTRIBUTION]
    }

    fn programs(&self) -> &'static [Program] {
        &[
            Program { name: "rabbitmq-server", package: "rabbitmq-server" },
            Program { name: "rabbitmqctl", package: "rabbitmq-server" },
            Program { name: "epmd", package: "erlang-base" },
        ]
    }

    fn configure(&self, server: &Server, demand: bool) -> Result<(), String> {
        server.write("rabbitmq.conf", &configuration(server, demand))?;
        server.write("plugins", "[].\n")?;
        let cookie = server.path(COOKIE);
        if !cookie.exists() {
            server.write(COOKIE, &server.password)?;
            // Erlang takes no cookie that others may read.
            fs::set_permissions(&cookie, fs::Permissions::from_mode(0o400))
                .map_err(|error| format!("{}: {error}", cookie.display()))?;
        }
        let lines =
            environment(server).into_iter().fold(String::new(), |mut lines, (name, value)| {
                let _ = writeln!(lines, "{name}={value}");
                lines
            });
        server.write("environment", &lines)
    }

    fn processes(&self, server: &Server) -> Result<Vec<(&'static str, Command)>, String> {
        let mut epmd = server.command("epmd")?;
        epmd.envs(environment(server));
        let mut command = server.command("rabbitmq-server")?;
        command.envs(environment(server));
        // It becomes the server then, instead of waiting for it.
        command.env("RUNNING_UNDER_SYSTEMD", "true");
        Ok(vec![("epmd", epmd), ("server", command)])
    }

    fn ask(&self, server: &Server) -> io::Result<String> {
        let mut wire = Wire::connect(server.port(PLAIN))?;
        wire.say(b"AMQP\x00\x00\x09\x01")?;
        let head = wire.hear(7)?;
        let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
        version(&wire.hear(size as usize)?).ok_or_else(|| io::Error::other("it said no version"))
    }

    fn control(&self, server: &Server) -> Vec<String> {
        if server.way == Way::Compose {
            return compose::inside(server, &["rabbitmqctl"]);
        }
        let variables =
            environment(server).into_iter().map(|(name, value)| format!("{name}={value}"));
        let tool = install::find("rabbitmqctl").map(|path| path.display().to_string());
        ["env".to_owned()].into_iter().chain(variables).chain(tool).collect()
    }
}

/// All that its scripts and Erlang would else look for where the machine's own RabbitMQ has it.
fn environment(server: &Server) -> Vec<(String, String)> {
    const LOOPBACK: &str = "-kernel inet_dist_use_interface {127,0,0,1}";
    let path = |name| server.path(name).display().to_string();
    [
        ("HOME", path("")),
        ("ERL_EPMD_PORT", server.port(EPMD).to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("ERL_CRASH_DUMP_SECONDS", "0".to_owned()),
        ("RABBITMQ_CONF_ENV_FILE", path("none")),
        ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", path("none")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", path("plugins")),
        ("RABBITMQ_PLUGINS_EXPAND_DIR", path("data/plugins")),
        ("RABBITMQ_FEATURE_FLAGS_FILE", path("data/feature-flags")),
        ("RABBITMQ_GENERATED_CONFIG_DIR", path("data/configuration")),
        ("RABBITMQ_MNESIA_BASE", path("data")),
        ("RABBITMQ_PID_FILE", path("data/pid")),
        ("RABBITMQ_LOG_BASE", path("data")),
        ("RABBITMQ_LOGS", "-".to_owned()),
        ("RABBITMQ_NODENAME", format!("{}@localhost", server.name)),
        ("RABBITMQ_DIST_PORT", server.port(DISTRIBUTION).to_string()),
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", LOOPBACK.to_owned()),
        ("RABBITMQ_CTL_ERL_ARGS", LOOPBACK.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn configuration(server: &Server, demand: bool) -> String {
    let (ca, certificate, key) = server.certificates();
    format!(
        "listeners.tcp.1 = 127.0.0.1:{plain}\n\
         listeners.ssl.1 = 127.0.0.1:{tls}\n\
         ssl_options.cacertfile = {ca}\n\
         ssl_options.certfile = {certificate}\n\
         ssl_options.keyfile = {key}\n\
         ssl_options.verify = verify_peer\n\
         ssl_options.fail_if_no_peer_cert = {demand}\n\
         default_user = {USER}\n\
         default_pass = {password}\n\
         vm_memory_high_watermark.absolute = {MEMORY}\n\
         disk_free_limit.absolute = {DISK}\n",
        plain = server.port(PLAIN),
        tls = server.port(TLS),
        password = server.password,
    )
}

/// The version among the properties that a server greets with.
fn version(greeting: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\x07versionS";
    let at = greeting.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let length = u32::from_be_bytes(greeting.get(at..at + 4)?.try_into().ok()?) as usize;
    let version = greeting.get(at + 4..at + 4 + length)?;
    String::from_utf8(version.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_it_lies_outside_its_folder_or_listens_beyond_loopback() {
        let server = Server::for_test("rabbitmq");
        let text = configuration(&server, false);
        for port in [PLAIN, TLS] {
            assert!(text.contains(&format!(" = 127.0.0.1:{}\n", server.port(port))), "{text}");
        }
        assert!(text.contains("fail_if_no_peer_cert = false\n"), "{text}");
        assert!(configuration(&server, true).contains("fail_if_no_peer_cert = true\n"));
        for (name, value) in environment(&server) {
            let a_path = ["FILE", "DIR", "BASE", "HOME"].iter().any(|end| name.ends_with(end));
            assert_eq!(a_path, value.starts_with("/scratch/rabbitmq/"), "{name}={value}");
        }
    }

    #[test]
    fn a_greeting_has_a_version() {
        let greeting = b"\0\x0a\0\x0a\0\x09\0\0\0\x20\x07versionS\0\0\0\x063.10.8\x08platformS";
        assert_eq!(version(greeting).as_deref(), Some("3.10.8"));
        assert_eq!(version(&greeting[..20]), None);
        assert_eq!(version(b"none"), None);
    }
}
