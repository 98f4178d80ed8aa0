//! Redis.
//!
//! What is acknowledged has been written to its file, so that it is there after a restart; it need not have
//! reached the disk.
//!
//! Nobody is let in as the user `default`, who may do everything nevertheless: it is as that user that Redis 7.0 reads its
//! file, and it leaves out every transaction, and all that a script did, that the user may not do.

use std::io;
use std::process::Command;

use super::engine::{Engine, PLAIN, Program, TLS};
use super::server::{Server, USER};
use super::wire::Wire;

pub(super) struct Redis;

impl Engine for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn schemes(&self) -> [&'static str; 2] {
        ["redis", "rediss"]
    }

    fn ports(&self) -> &'static [&'static str] {
        &[PLAIN, TLS]
    }

    fn programs(&self) -> &'static [Program] {
        &[Program { name: "redis-server", package: "redis-server" }]
    }

    fn configure(&self, server: &Server, demand: bool) -> Result<(), String> {
        server.write("redis.conf", &configuration(server, demand))
    }

    fn processes(&self, server: &Server) -> Result<Vec<(&'static str, Command)>, String> {
        let mut command = server.command("redis-server")?;
        command.arg(server.path("redis.conf"));
        Ok(vec![("server", command)])
    }

    fn ask(&self, server: &Server) -> io::Result<String> {
        let mut wire = Wire::connect(server.port(PLAIN))?;
        wire.say(format!("AUTH {USER} {}\r\nPING\r\nINFO server\r\n", server.password))?;
        wire.expect("+OK")?;
        wire.expect("+PONG")?;
        wire.expect("$")?;
        loop {
            if let Some(version) = wire.hear_line()?.strip_prefix("redis_version:") {
                return Ok(version.to_owned());
            }
        }
    }
}

fn configuration(server: &Server, demand: bool) -> String {
    let clients = if demand { "yes" } else { "optional" };
    let (ca, certificate, key) = server.certificates();
    format!(
        "bind 127.0.0.1\n\
         port {plain}\n\
         tls-port {tls}\n\
         tls-ca-cert-file \"{ca}\"\n\
         tls-cert-file \"{certificate}\"\n\
         tls-key-file \"{key}\"\n\
         tls-auth-clients {clients}\n\
         user default off ~* &* +@all\n\
         user {USER} on >{password} ~* &* +@all\n\
         dir \"{data}\"\n\
         save \"\"\n\
         appendonly yes\n\
         appendfsync everysec\n",
        plain = server.port(PLAIN),
        tls = server.port(TLS),
        password = server.password,
        data = server.path("data").display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_loopback_and_knows_one_user() {
        let server = Server::for_test("redis");
        let text = configuration(&server, false);
        assert!(text.contains("bind 127.0.0.1\n"), "{text}");
        assert!(text.contains(&format!("port {}\n", server.port(PLAIN))), "{text}");
        assert!(text.contains(&format!("tls-port {}\n", server.port(TLS))), "{text}");
        assert!(text.contains("user default off ~* &* +@all\n"), "{text}");
        assert!(text.contains("tls-auth-clients optional\n"), "{text}");
        assert!(configuration(&server, true).contains("tls-auth-clients yes\n"));
    }
}
