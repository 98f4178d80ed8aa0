//! Bad input, at the door (C11).

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::{env, fs, thread};

use forebay_machines::{Fault, Patience, Raw, Refusal, Settings, Survives, Why, connect};
use serde_json::json;

use crate::Failure;
use crate::beside::Beside;
use crate::servers::door::{self, refusal};
use crate::servers::{Buffers, Server};

#[test]
fn a_server_that_is_not_there_is_named() -> Result<(), Failure> {
    door::not_there("nats")
}

#[test]
fn a_wrong_password_is_told_as_what_it_is() {
    door::strangers("nats");
}

/// A server with a configuration of its own.
struct Bare {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Bare {
    fn start(name: &str, more: &str) -> Result<Self, Failure> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = env::temp_dir().join(format!("forebay-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let more = more.replace("STORE", &folder.display().to_string());
        let file = folder.join("nats.conf");
        fs::write(&file, format!("listen: \"127.0.0.1:{port}\"\nlog_file: \"/dev/null\"\n{more}"))?;
        let child = Command::new("nats-server").arg("-c").arg(file).spawn()?;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::yield_now();
        }
        Ok(Self { child, port, folder })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_server_without_streams_is_told_as_that() -> Result<(), Failure> {
    let Some(_) = Server::or_skip("nats") else { return Ok(()) };
    let bare = Bare::start("bare", "")?;
    let (said, why) = refusal(&format!("nats://127.0.0.1:{}/jobs", bare.port), "hidden");
    assert!(matches!(why, Why::Lacking(_)), "{said}");
    assert!(said.contains("JetStream"), "{said}");
    Ok(())
}

#[test]
fn a_user_needs_what_the_docs_say() -> Result<(), Failure> {
    let Some(_) = Server::or_skip("nats") else { return Ok(()) };
    let users = r#"
        jetstream { store_dir: "STORE" }
        authorization { users: [
            { user: "may", password: "hidden", permissions: {
                publish: ["forebay.jobs.>", "$JS.API.INFO", "$JS.API.STREAM.*.forebay-jobs",
                    "$JS.API.STREAM.MSG.*.forebay-jobs", "$JS.API.DIRECT.GET.forebay-jobs",
                    "$JS.API.STREAM.*.forebay_dead-jobs", "$JS.API.STREAM.MSG.*.forebay_dead-jobs",
                    "$JS.API.DIRECT.GET.forebay_dead-jobs"],
                subscribe: ["forebay.jobs.>", "_INBOX.>"] } },
            { user: "looks", password: "hidden", permissions: {
                publish: ["$JS.API.INFO", "$JS.API.STREAM.INFO.>", "$JS.API.STREAM.MSG.GET.>"],
                subscribe: [">"] } },
        ] }"#;
    let bare = Bare::start("users", users)?;
    let url = |who: &str| format!("nats://{who}127.0.0.1:{}/jobs", bare.port);
    let may = url("may:hidden@");
    Settings::new(2).max_failures(1).create(&may)?;
    let buffer = connect(&may)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    producer.put_many([b"a".to_vec(), b"b".to_vec()])?;
    consumer.lease()?.fail("no use")?;
    assert!(buffer.retry(&buffer.dead_letters()?[0])?);
    assert_eq!(consumer.take_many(2)?, [b"b", b"a"]);

    let error = Settings::new(2).create(&url("looks:hidden@")).expect_err("made by one who looks");
    assert!(matches!(error.why(), Why::Denied(_) | Why::Differs(_)), "{error}");
    let looks = connect(&url("looks:hidden@"))?.producer::<Vec<u8>, _>(Raw)?;
    let refused = looks.try_put(b"c".to_vec()).map_err(|error| error.refusal);
    assert_eq!(refused, Err(Refusal::Unable(Fault::Denied)));
    buffer.delete()?;
    Ok(())
}

#[test]
fn tls_takes_the_right_name_and_authority_only() -> Result<(), Failure> {
    door::tls("nats")
}

#[test]
fn settings_that_differ_are_named() -> Result<(), Failure> {
    door::differing("nats")
}

#[test]
fn any_name_will_do() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let url = server.url(&format!("test%20{}.*%3E%C3%A4", std::process::id()));
    Settings::new(1).create(&url)?;
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put(b"there".to_vec())?;
    assert_eq!(buffer.consumer::<Vec<u8>, _>(Raw)?.take()?, b"there");
    buffer.delete()?;
    Ok(())
}

#[test]
fn what_is_another_programs_is_left_alone() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let (url, mut beside) = (buffers.url(), Beside::connect(&server)?);
    let name = url.rsplit('/').next().expect("a name");
    let theirs = json!({
        "name": format!("forebay-{name}"), "subjects": [format!("theirs.{name}")],
        "retention": "limits", "storage": "memory", "num_replicas": 1, "max_consumers": -1,
    });
    beside.stream(&format!("CREATE.forebay-{name}"), &theirs)?;
    beside.ask(&format!("theirs.{name}"), "mine")?;
    let (said, why) = refusal(&url, server.text("password"));
    assert!(matches!(why, Why::Foreign(_)), "{said}");
    assert!(Settings::new(1).create(&url).is_err());
    let about = beside.stream(&format!("INFO.forebay-{name}"), &json!({}))?;
    assert_eq!(about["state"]["messages"], 1);
    beside.stream(&format!("DELETE.forebay-{name}"), &json!({}))?;
    Ok(())
}

#[test]
fn what_another_program_put_there_or_removed_holds_nothing_up() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(8));
    let name = url.rsplit('/').next().expect("a name");
    let (buffer, mut beside) = (connect(&url)?, Beside::connect(&server)?);
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put(b"first".to_vec())?;
    let about = beside.stream(&format!("INFO.forebay-{name}"), &json!({}))?;
    let items = about["config"]["subjects"][0].as_str().ok_or("no subject")?.replace('*', "x");
    beside.ask(&items, "from elsewhere")?;
    producer.put(b"second".to_vec())?;
    producer.put(b"third".to_vec())?;
    let third = about["config"]["subjects"][0].as_str().ok_or("no subject")?.replace('*', "4");
    beside.stream(&format!("PURGE.forebay-{name}"), &json!({ "filter": third }))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    assert_eq!(consumer.lease()?.ack()?, b"first");
    assert_eq!(consumer.take_many_within(8, Patience::Try)?, [b"second".to_vec()]);
    let counts = buffer.statistics()?;
    assert_eq!((counts.finished, counts.waiting, counts.dropped), (2, 0, 2));
    assert_eq!((counts.produced, counts.leased), (4, 0));
    assert_eq!(buffer.join_within(Patience::Try), Ok(()));
    Ok(())
}

#[test]
fn a_server_tells_what_its_memory_is_worth() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(4));
    let kept = connect(&url)?;
    assert_eq!((kept.survives(), kept.warnings().len()), (Survives::Server, 0));
    let name = url.rsplit('/').next().expect("a name");
    let mut beside = Beside::connect(&server)?;
    let about = beside.stream(&format!("INFO.forebay-{name}"), &json!({}))?;
    let mut config = about["config"].clone();
    config["max_age"] = json!(3_600_000_000_000_u64);
    config["duplicate_window"] = json!(60_000_000_000_u64);
    beside.stream(&format!("UPDATE.forebay-{name}"), &config)?;
    let aging = connect(&url)?;
    assert!(aging.warnings()[0].contains("max_age"), "{:?}", aging.warnings());
    beside.stream(&format!("DELETE.forebay-{name}"), &json!({}))?;
    config["storage"] = json!("memory");
    beside.stream(&format!("CREATE.forebay-{name}"), &config)?;
    let lost = connect(&url)?;
    assert_eq!(lost.survives(), Survives::Clients);
    assert!(lost.warnings()[0].contains("`file` keeps it"), "{:?}", lost.warnings());
    Ok(())
}
