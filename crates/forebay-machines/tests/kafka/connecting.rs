//! Bad input, at the door (C11).

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use forebay_machines::{Patience, Raw, Settings, Survives, Why, connect};

use crate::servers::door::{self, refusal};
use crate::servers::{Buffers, Server};
use crate::{Beside, Failure};

#[test]
fn a_server_that_is_not_there_is_named() -> Result<(), Failure> {
    door::not_there("kafka")
}

#[test]
fn tls_takes_the_right_name_and_authority_only() -> Result<(), Failure> {
    door::tls("kafka")
}

#[test]
fn settings_that_differ_are_named() -> Result<(), Failure> {
    door::differing("kafka")
}

#[test]
fn a_wrong_password_and_a_buffer_that_is_none_are_told_as_what_they_are() {
    door::strangers("kafka");
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let Some(server) = Server::or_skip("kafka") else { return };
    let weighed = Settings::new(4).capacity_bytes(100);
    let error = weighed.create(&server.url("test-none")).expect_err("it cannot be kept");
    assert!(matches!(error.why(), Why::Settings(_)), "{error}");
    assert!(error.to_string().contains("capacity in bytes"), "{error}");
    let error = Settings::new(4).create(&server.url(&"n".repeat(201))).expect_err("too long");
    assert!(matches!(error.why(), Why::Url(_)), "{error}");
}

#[test]
fn a_name_may_have_anything_in_it() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let names = ["a.b_c-d", "a_b.c-d", "übung 1"];
    let urls = names.map(|name| server.url(&format!("test-{}-{name}", std::process::id())));
    for (number, url) in urls.iter().enumerate() {
        Settings::new(4).create(url)?;
        connect(url)?.producer::<Vec<u8>, _>(Raw)?.put(vec![number as u8])?;
    }
    for (number, url) in urls.iter().enumerate() {
        let buffer = connect(url)?;
        let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
        assert_eq!(consumer.take_many_within(4, Patience::Try)?, [vec![number as u8]]);
        buffer.delete()?;
    }
    Ok(())
}

/// A server that speaks Kafka, and knows no share groups: its answer to who asks what it knows.
#[test]
fn a_server_without_share_groups_is_refused() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || while answer(&mut stream, port).is_some() {});
        }
    });
    let error = connect(&format!("kafka://127.0.0.1:{port}/jobs")).expect_err("it is too old");
    assert!(matches!(error.why(), Why::Version(_)), "{error}");
    assert!(error.to_string().contains("share groups"), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    Ok(())
}

/// Answers one question: what it knows, or who is there.
fn answer(stream: &mut std::net::TcpStream, port: u16) -> Option<()> {
    let mut size = [0; 4];
    stream.read_exact(&mut size).ok()?;
    let mut question = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut question).ok()?;
    let kind = i16::from_be_bytes([question[0], question[1]]);
    let version = i16::from_be_bytes([question[2], question[3]]);
    let mut said = question[4..8].to_vec();
    match (kind, version) {
        // What it knows: metadata in its version 1, and this question in its first.
        (18, 0) => {
            said.extend([0, 0, 0, 0, 0, 2]);
            said.extend([0, 3, 0, 1, 0, 1]);
            said.extend([0, 18, 0, 0, 0, 0]);
        }
        // In a version that it does not know: so it says in the first.
        (18, _) => {
            said.extend([0, 35, 0, 0, 0, 1]);
            said.extend([0, 18, 0, 0, 0, 0]);
        }
        // One server, itself, without topics.
        (3, _) => {
            said.extend([0, 0, 0, 1, 0, 0, 0, 1, 0, 9]);
            said.extend(b"127.0.0.1");
            said.extend(u32::from(port).to_be_bytes());
            said.extend([0xff, 0xff]);
            said.extend([0, 0, 0, 1, 0, 0, 0, 0]);
        }
        _ => return None,
    }
    stream.write_all(&(said.len() as u32).to_be_bytes()).ok()?;
    stream.write_all(&said).ok()
}

#[test]
fn what_is_another_programs_is_left_alone() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let (beside, name) = (Beside::new(&server)?, format!("theirs-{}", std::process::id()));
    let meta = format!("forebay.{name}.meta");
    beside.create(&meta)?;
    beside.publish(&meta, b"mine")?;
    let (said, why) = refusal(&server.url(&name), server.text("password"));
    assert!(matches!(why, Why::Foreign(_)) && said.contains(&meta), "{said}");
    let error = Settings::new(1).create(&server.url(&name)).expect_err("it is another's");
    assert!(matches!(error.why(), Why::Foreign(_)), "{error}");
    assert_eq!(beside.reach(&meta)?, (0, 1));
    beside.delete(&meta)
}

#[test]
fn an_item_that_another_program_put_there_is_set_aside() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(8));
    let buffer = connect(&url)?;
    assert_eq!(buffer.survives(), Survives::Server);
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put(b"first".to_vec())?;
    let beside = Beside::new(&server)?;
    beside.publish(&beside.part(&url, "items")?, b"theirs")?;
    producer.put(b"second".to_vec())?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let mut taken = Vec::new();
    while let Ok(items) = consumer.take_many_within(8, Patience::Try) {
        taken.extend(items);
    }
    assert_eq!(taken, [b"first".to_vec(), b"second".to_vec()]);
    let letter = consumer.take_dead().ok_or("a dead letter")?;
    assert!(letter.death.to_string().contains("not put by a producer"), "{}", letter.death);
    let counts = buffer.statistics()?;
    assert_eq!((counts.finished, counts.waiting, counts.dead), (2, 0, 0));
    Ok(())
}
