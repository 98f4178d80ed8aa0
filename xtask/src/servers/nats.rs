//! NATS, with JetStream.
//!
//! It has one port for clients, who say whether they want TLS.

use std::io;
use std::process::Command;

use super::engine::{Engine, PLAIN, Program};
use super::server::{Server, USER};
use super::wire::Wire;

pub(super) struct Nats;

impl Engine for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn schemes(&self) -> [&'static str; 2] {
        ["nats", "natss"]
    }

    fn ports(&self) -> &'static [&'static str] {
        &[PLAIN]
    }

    fn programs(&self) -> &'static [Program] {
        &[Program { name: "nats-server", package: "nats-server" }]
    }

    fn configure(&self, server: &Server, demand: bool) -> Result<(), String> {
        server.write("nats.conf", &configuration(server, demand))
    }

    fn processes(&self, server: &Server) -> Result<Vec<(&'static str, Command)>, String> {
        let mut command = server.command("nats-server")?;
        command.arg("-js").arg("-c").arg(server.path("nats.conf"));
        Ok(vec![("server", command)])
    }

    fn ask(&self, server: &Server) -> io::Result<String> {
        let mut wire = Wire::connect(server.port(PLAIN))?;
        let info = wire.expect("INFO ")?;
        let (user, password) = (USER, &server.password);
        wire.say(format!(
            "CONNECT {{\"verbose\":false,\"user\":\"{user}\",\"pass\":\"{password}\"}}\r\n\
             SUB ready 1\r\nPUB $JS.API.INFO ready 0\r\n\r\n"
        ))?;
        // JetStream itself answers, and only when it has found its streams again.
        wire.expect("MSG ready")?;
        let version = info.split("\"version\":\"").nth(1).and_then(|rest| rest.split('"').next());
        version.map(str::to_owned).ok_or_else(|| io::Error::other(format!("it said `{info}`")))
    }
}

fn configuration(server: &Server, demand: bool) -> String {
    let (ca, certificate, key) = server.certificates();
    // Without a certificate or without TLS: both at the same port.
    let clients = if demand { "verify: true" } else { "verify: false" };
    format!(
        "listen: \"127.0.0.1:{plain}\"\n\
         server_name: \"{name}\"\n\
         jetstream {{ store_dir: \"{data}\" }}\n\
         authorization {{ user: \"{USER}\", password: \"{password}\" }}\n\
         allow_non_tls: true\n\
         tls {{\n  \
           ca_file: \"{ca}\"\n  \
           cert_file: \"{certificate}\"\n  \
           key_file: \"{key}\"\n  \
           {clients}\n\
         }}\n",
        plain = server.port(PLAIN),
        name = server.name,
        password = server.password,
        data = server.path("data").display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_loopback_and_takes_both_kinds_of_clients() {
        let server = Server::for_test("nats");
        let text = configuration(&server, false);
        let listen = format!("listen: \"127.0.0.1:{}\"\n", server.port(PLAIN));
        assert!(text.contains(&listen), "{text}");
        assert!(text.contains("allow_non_tls: true"), "{text}");
        assert!(text.contains("verify: false"), "{text}");
        assert!(configuration(&server, true).contains("verify: true"));
    }
}
