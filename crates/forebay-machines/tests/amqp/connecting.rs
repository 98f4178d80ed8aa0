//! Bad input, at the door (C11).

use forebay_machines::{Patience, Raw, Settings, Survives, Why, connect};

use crate::servers::door::{self, refusal};
use crate::servers::{Buffers, Server};
use crate::{Beside, Failure, PATIENCE, within};

#[test]
fn a_server_that_is_not_there_is_named() -> Result<(), Failure> {
    door::not_there("amqp")
}

#[test]
fn tls_takes_the_right_name_and_authority_only() -> Result<(), Failure> {
    door::tls("rabbitmq")
}

#[test]
fn settings_that_differ_are_named() -> Result<(), Failure> {
    door::differing("rabbitmq")
}

#[test]
fn a_wrong_password_and_a_host_that_is_none_are_told_as_what_they_are() {
    door::strangers("rabbitmq");
    let Some(server) = Server::or_skip("rabbitmq") else { return };
    let (said, why) = refusal(&server.url("jobs?vhost=elsewhere"), server.text("password"));
    assert!(matches!(why, Why::Denied(_)) && said.contains("elsewhere"), "{said}");
}

#[test]
fn who_may_not_is_told_so() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(4));
    server.control(&["add_user", "reader", "secret-of-it"]);
    server.control(&["set_permissions", "reader", "", "", ".*"]);
    let (user, password) = (server.text("user"), server.text("password"));
    let theirs = url.replace(&format!("{user}:{password}@"), "reader:secret-of-it@");
    let refused = Settings::new(4).create(&theirs.replace("/test-", "/theirs-"));
    let said = refused.map_err(|error| error.to_string());
    let may = connect(&theirs)?.producer::<Vec<u8>, _>(Raw)?.put(b"not mine".to_vec());
    server.control(&["delete_user", "reader"]);
    let said = said.expect_err("it may make nothing");
    assert!(said.contains("does not let this user") && !said.contains("secret"), "{said}");
    let said = may.map_err(|error| error.refusal.to_string()).expect_err("it may put nothing");
    assert!(said.contains("does not let this user"), "{said}");
    Ok(())
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let Some(server) = Server::or_skip("rabbitmq") else { return };
    let url = server.url("test-none");
    for (settings, word) in [
        (Settings::new(4).capacity_bytes(100), "capacity in bytes"),
        (Settings::new(4).max_leased(65_537), "at most 65536"),
        (Settings::new(1 << 33), "capacity is at most"),
    ] {
        let error = settings.create(&url).expect_err("it cannot be kept");
        assert!(matches!(error.why(), Why::Settings(_)), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    let long = server.url(&"n".repeat(161));
    let error = Settings::new(4).create(&long).expect_err("it is too long");
    assert!(matches!(error.why(), Why::Url(_)), "{error}");
}

#[test]
fn a_large_buffer_has_no_more_passes_than_it_says() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let settings = Settings::new(1_000_000);
    let url = buffers.create(&settings);
    // The same again is the same.
    settings.create(&url)?;
    let buffer = connect(&url)?;
    assert_eq!(buffer.settings().get_max_leased(), 4096);
    assert_eq!(buffer.survives(), Survives::Server);
    assert_eq!(buffer.join_within(Patience::Try), Ok(()));
    Ok(())
}

#[test]
fn what_is_another_programs_is_left_alone() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let (beside, name) = (Beside::new(&server)?, format!("theirs-{}", std::process::id()));
    let meta = format!("forebay.{name}.meta");
    beside.declare(&meta)?;
    let (url, password) = (server.url(&name), server.text("password"));
    let (said, why) = refusal(&url, password);
    assert!(matches!(why, Why::Foreign(_)) && said.contains("is empty"), "{said}");
    beside.publish(&meta, b"mine")?;
    let (said, why) = refusal(&url, password);
    assert!(matches!(why, Why::Foreign(_)), "{said}");
    assert!(Settings::new(1).create(&url).is_err());
    // It was looked at, and is back in a moment.
    within(PATIENCE, move || {
        while beside.ready(&meta).expect("a count") == 0 {}
        beside.delete(&meta).expect("deleted");
    });
    Ok(())
}

#[test]
fn an_item_that_another_program_put_there_is_set_aside() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(8));
    let buffer = connect(&url)?;
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
    let letter = consumer.take_dead().expect("a dead letter");
    assert!(letter.death.to_string().contains("not put by a producer"), "{}", letter.death);
    let counts = buffer.statistics()?;
    assert_eq!((counts.finished, counts.waiting, counts.dead), (2, 0, 0));
    Ok(())
}
