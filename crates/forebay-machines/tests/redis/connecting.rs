//! Bad input, at the door (C11).

use std::time::{Duration, SystemTime};

use forebay_machines::{Item, Raw, Settings, Survives, Why, connect};

use crate::servers::door::refusal;
use crate::servers::{Buffers, Server, door};
use crate::{Failure, beside, item};

#[test]
fn a_server_that_is_not_there_is_named() -> Result<(), Failure> {
    door::not_there("redis")
}

#[test]
fn tls_takes_the_right_name_and_authority_only() -> Result<(), Failure> {
    door::tls("redis")
}

#[test]
fn settings_that_differ_are_named() -> Result<(), Failure> {
    door::differing("redis")
}

#[test]
fn a_wrong_password_is_told_as_what_it_is() {
    door::strangers("redis");
}

#[test]
fn what_is_another_programs_is_left_alone() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let (url, mut beside) = (buffers.url(), beside(&server)?);
    let name = url.rsplit('/').next().expect("a name");
    let key = format!("forebay:{{{name}}}:meta");
    redis::cmd("SET").arg(&key).arg("mine").exec(&mut beside)?;
    let (said, why) = refusal(&url, server.text("password"));
    assert!(matches!(why, Why::Foreign(_)), "{said}");
    assert!(Settings::new(1).create(&url).is_err());
    assert_eq!(redis::cmd("GET").arg(&key).query::<String>(&mut beside)?, "mine");
    redis::cmd("DEL").arg(&key).exec(&mut beside)?;
    Ok(())
}

#[test]
fn an_item_that_another_program_put_there_is_set_aside() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(8));
    let name = url.rsplit('/').next().expect("a name");
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put(b"first".to_vec())?;
    let stream = format!("forebay:{{{name}}}:items");
    redis::cmd("XADD").arg(stream).arg("*").arg("a").arg("b").exec(&mut beside(&server)?)?;
    producer.put(b"second".to_vec())?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    assert_eq!(consumer.take_many_within(8, forebay_machines::Patience::Try)?.len(), 2);
    let letter = consumer.take_dead().expect("a dead letter");
    assert!(letter.death.to_string().contains("not put by a producer"), "{}", letter.death);
    let counts = buffer.statistics()?;
    assert_eq!((counts.finished, counts.waiting, counts.dead), (2, 0, 0));
    Ok(())
}

#[test]
fn a_server_tells_what_its_memory_is_worth() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("redis", "worth") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    let kept = connect(&url)?;
    assert_eq!((kept.survives(), kept.warnings().len()), (Survives::Server, 0));
    let set = |name: &str, value: &str| -> Result<(), Failure> {
        redis::cmd("CONFIG").arg("SET").arg(name).arg(value).exec(&mut beside(&server)?)?;
        Ok(())
    };
    set("appendfsync", "always")?;
    assert_eq!(connect(&url)?.survives(), Survives::Power);
    set("appendonly", "no")?;
    set("maxmemory", "100mb")?;
    set("maxmemory-policy", "allkeys-lru")?;
    let lost = connect(&url)?;
    assert_eq!(lost.survives(), Survives::Clients);
    assert!(lost.warnings()[0].contains("appendonly yes"), "{:?}", lost.warnings());
    assert!(lost.warnings()[1].contains("allkeys-lru"), "{:?}", lost.warnings());
    Ok(())
}

#[test]
fn what_waits_or_is_leased_can_be_looked_at() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let began = SystemTime::now();
    let buffer = connect(&buffers.create(&Settings::new(1000).max_failures(1)))?;
    // More than one page, with one that is leased, one that is finished and one that is dead.
    buffer.producer(Raw)?.put_many((0..150).map(item))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let lease = consumer.lease()?;
    consumer.take()?;
    consumer.lease()?.fail("no")?;
    let seen = buffer.items()?.expect("it lets everybody look");
    let expected: Vec<_> = [0].into_iter().chain(3..150).collect();
    assert_eq!(seen.iter().map(|one| one.position).collect::<Vec<_>>(), expected);
    let is_right = |(one, number): (&Item, &u64)| *one.bytes == *item(*number as u32);
    assert!(seen.iter().zip(&expected).all(is_right), "{seen:?}");
    lease.nack()?;
    // Both clocks are this machine's.
    let created = buffer.created().expect("it tells");
    assert!(created + Duration::from_secs(1) > began && created <= SystemTime::now());
    Ok(())
}
