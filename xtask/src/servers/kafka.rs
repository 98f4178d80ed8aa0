//! Apache Kafka: one node that is broker and controller, with share groups.
//!
//! Debian has no package of it. What it consists of comes from Maven Central, once, and stays when the servers go.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::Command;

use super::engine::{Engine, PLAIN, Program, TLS};
use super::scratch::{Scratch, make_folder, remove_folder};
use super::server::{Server, USER};
use super::wire::Wire;
use super::{certificates, install};

pub(super) struct Kafka;

const VERSION: &str = "4.3.0";

/// The port where a node's controller is spoken to, by itself alone.
const CONTROLLER: &str = "controller";

/// What Maven resolves, all that it needs to run included.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>forebay</groupId>
  <artifactId>servers</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>VERSION</version>
    </dependency>
  </dependencies>
</project>
"#;

/// Formats the storage if that has not been done, then becomes the server. It lives for minutes: what is compiled more
/// thoroughly than at once comes too late.
/// `$0` is Java, `$1` all jars, `$2` a file with the cluster's name, `$3` the configuration, `$4` its logging.
const START: &str = r#"
test -e data/log/meta.properties ||
    "$0" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$1" "-Dlog4j2.configurationFile=$4" kafka.tools.StorageTool format \
        --cluster-id "$(cat "$2")" --config "$3" || exit 1
exec "$0" -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$1" "-Dlog4j2.configurationFile=$4" kafka.Kafka "$3"
"#;

const LOGGING: &str = "\
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %m (%c)%n
";

impl Engine for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn schemes(&self) -> [&'static str; 2] {
        ["kafka", "kafkas"]
    }

    fn ports(&self) -> &'static [&'static str] {
        &[PLAIN, TLS, CONTROLLER]
    }

    fn programs(&self) -> &'static [Program] {
        &[
            Program { name: "java", package: "openjdk-17-jre-headless" },
            Program { name: "mvn", package: "maven" },
        ]
    }

    fn configure(&self, server: &Server, demand: bool) -> Result<(), String> {
        server.write("kafka.properties", &configuration(server, demand))?;
        server.write("log4j2.properties", LOGGING)?;
        // 16 bytes in base64, as it wants them.
        server.write("cluster", &format!("{:.21}A", server.password))
    }

    fn processes(&self, server: &Server) -> Result<Vec<(&'static str, Command)>, String> {
        let java = server.command("java")?;
        let jars = jars(&Scratch::of_this_target()?);
        let mut command = server.command("sh")?;
        command.args(["-c", START]).arg(java.get_program()).arg(jars.join("*"));
        command.args(["cluster", "kafka.properties", "log4j2.properties"]);
        Ok(vec![("server", command)])
    }

    fn ask(&self, server: &Server) -> io::Result<String> {
        let mut wire = Wire::connect(server.port(PLAIN))?;
        request(&mut wire, SASL_HANDSHAKE, 1, &string("PLAIN"))?;
        let words = format!("\0{USER}\0{}", server.password);
        let size = (words.len() as u32).to_be_bytes();
        let answer = request(&mut wire, SASL_AUTHENTICATE, 0, &[&size, words.as_bytes()].concat())?;
        if answer.get(..2) != Some(&[0, 0]) {
            return Err(io::Error::other("it does not know its user"));
        }
        // No topics, only who is there: a broker that takes no clients yet is not.
        let answer = request(&mut wire, METADATA, 1, &0_u32.to_be_bytes())?;
        if answer.get(..4) != Some(&[0, 0, 0, 1]) {
            return Err(io::Error::other("its broker is not ready"));
        }
        Ok(VERSION.to_owned())
    }
}

/// Kinds of requests.
const METADATA: u16 = 3;
const SASL_HANDSHAKE: u16 = 17;
const SASL_AUTHENTICATE: u16 = 36;

/// The answer to a request, without its head.
fn request(wire: &mut Wire, kind: u16, version: u16, body: &[u8]) -> io::Result<Vec<u8>> {
    let number = 7_u32.to_be_bytes();
    let head = [&kind.to_be_bytes()[..], &version.to_be_bytes(), &number, &string("forebay")];
    let request = [&head.concat(), body].concat();
    wire.say([&(request.len() as u32).to_be_bytes(), &request[..]].concat())?;
    let size = wire.hear(4)?;
    let answer = wire.hear(u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize)?;
    match answer.split_at_checked(4) {
        Some((head, rest)) if head == number => Ok(rest.to_vec()),
        _ => Err(io::Error::other("an answer to something else")),
    }
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

fn jars(scratch: &Scratch) -> PathBuf {
    scratch.kept(&format!("kafka-{VERSION}"))
}

/// Fetches it, unless it is there.
pub(super) fn fetch(scratch: &Scratch, lock: &File) -> Result<(), String> {
    let jars = jars(scratch);
    if jars.exists() {
        return Ok(());
    }
    eprintln!("fetching Kafka {VERSION} from Maven Central");
    let new = jars.with_extension("new");
    if new.exists() {
        remove_folder(&new)?;
    }
    make_folder(&new)?;
    let pom = new.join("pom.xml");
    fs::write(&pom, POM.replace("VERSION", VERSION))
        .map_err(|error| format!("{}: {error}", pom.display()))?;
    let maven = install::find("mvn").ok_or("mvn is missing")?;
    let mut fetch = Command::new(maven);
    fetch.args(["--batch-mode", "--strict-checksums", "--file"]).arg(&pom);
    fetch.arg("org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies");
    fetch.arg("-DincludeScope=runtime").arg(format!("-DoutputDirectory={}", new.display()));
    install::logged(&mut fetch, lock, &scratch.kept("fetch.log"))?;
    // In one step: with half of the jars it would start and fail later.
    fs::rename(&new, &jars).map_err(|error| format!("{}: {error}", jars.display()))
}

/// What the controller and the coordinators store is stored at once: nobody else comes who could share it.
/// A broker that was killed is thought to be there until its session ends, and cannot come back before: that is
/// short here. So may leases be.
fn configuration(server: &Server, demand: bool) -> String {
    let (ca, ..) = server.certificates();
    let both = certificates::folder(server.shared()).join(certificates::SERVER_BOTH);
    let clients = if demand { "required" } else { "requested" };
    let login = format!(
        "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"{USER}\" \
         password=\"{password}\" user_{USER}=\"{password}\";",
        password = server.password
    );
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAIN://127.0.0.1:{plain},TLS://127.0.0.1:{tls},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAIN://127.0.0.1:{plain},TLS://localhost:{tls}\n\
         listener.security.protocol.map=PLAIN:SASL_PLAINTEXT,TLS:SASL_SSL,CONTROLLER:PLAINTEXT\n\
         controller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=PLAIN\n\
         sasl.mechanism.inter.broker.protocol=PLAIN\n\
         sasl.enabled.mechanisms=PLAIN\n\
         listener.name.plain.plain.sasl.jaas.config={login}\n\
         listener.name.tls.plain.sasl.jaas.config={login}\n\
         ssl.keystore.type=PEM\n\
         ssl.keystore.location={both}\n\
         ssl.truststore.type=PEM\n\
         ssl.truststore.location={ca}\n\
         listener.name.tls.ssl.client.auth={clients}\n\
         log.dirs={data}\n\
         auto.create.topics.enable=false\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=4\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n\
         share.coordinator.state.topic.num.partitions=4\n\
         share.coordinator.append.linger.ms=0\n\
         controller.quorum.append.linger.ms=0\n\
         broker.heartbeat.interval.ms=500\n\
         broker.session.timeout.ms=3000\n\
         group.initial.rebalance.delay.ms=0\n\
         group.share.min.record.lock.duration.ms=1000\n",
        controller = server.port(CONTROLLER),
        plain = server.port(PLAIN),
        tls = server.port(TLS),
        both = both.display(),
        data = server.path("data/log").display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_loopback_and_needs_no_other_node() {
        let server = Server::for_test("kafka");
        let text = configuration(&server, false);
        let listeners = text.lines().find(|line| line.starts_with("listeners=")).unwrap();
        assert_eq!(listeners.matches("://127.0.0.1:").count(), 3, "{listeners}");
        for topic in ["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"] {
            assert!(text.contains(&format!("\n{topic}.replication.factor=1\n")), "{topic}");
        }
        assert!(text.contains("listener.name.tls.ssl.client.auth=requested\n"), "{text}");
        assert!(
            configuration(&server, true).contains("listener.name.tls.ssl.client.auth=required\n")
        );
    }

    #[test]
    fn every_setting_stands_on_a_line() {
        for line in configuration(&Server::for_test("kafka"), false).lines() {
            assert!(line.split_once('=').is_some_and(|(name, _)| !name.contains(' ')), "{line}");
        }
    }
}
