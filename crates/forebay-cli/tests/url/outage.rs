//! A server that is set up badly, and one that goes away.

use crate::engine::Engine;
#[cfg(feature = "redis")]
use crate::engine::REDIS;
use crate::place::Place;
use crate::process::until;
use crate::server::Server;

on_each_engine! {
    a_server_that_comes_back_is_waited_for_and_one_that_does_not_is_told
}

#[cfg(feature = "redis")]
#[test]
fn what_a_server_may_lose_is_warned_of_once() {
    let Some(server) = Server::of_its_own("redis", "careless") else { return };
    assert!(server.answers("CONFIG SET appendonly no").contains("+OK\r\n+OK"), "set");
    let place = Place::on(REDIS, server);
    let warning = "keeps items in memory only";
    let create = place.line("create @").exits(0).says(&[&place.shown(), warning]);
    assert_eq!(create.errors().matches(warning).count(), 1);
    let put = place.run(&["put", "@", "-q"], b"1\n2\n3\n").exits(0);
    assert_eq!(put.errors().matches(warning).count(), 1, "{}", put.errors());
    for line in ["take @", "work @ --once -q echo", "join @", "close @"] {
        assert!(!place.line(line).exits(0).errors().contains(warning), "{line}");
    }
    let now = place.stat();
    assert_eq!(now["survives"], "clients");
    assert!(now["warnings"][0].as_str().is_some_and(|told| told.contains(warning)), "{now}");
    assert!(place.line("stat @").exits(0).text().contains("does not survive the server's end"));
}

fn a_server_that_comes_back_is_waited_for_and_one_that_does_not_is_told(engine: Engine) {
    let Some(server) = Server::of_its_own(engine.server, "leaves") else { return };
    let place = Place::on(engine, server);
    place.line("create @").exits(0);
    let work = place.start_line("work @ -q echo");
    place.line("put @ 1").exits(0);
    work.until_printed("1\n");
    place.server.does("kill");
    place.server.does("restart");
    place.line("put @ 2").exits(0);
    work.until_printed("1\n2\n");
    place.line("close @").exits(0);
    work.wait().exits(0);

    let short = format!("{}?outage=3", place.url());
    place.line("take @ --all").exits(0);
    let another = short.replace(&place.name, "another");
    place.run(&["create", &another], b"").exits(0);
    let work = place.start(&["work", &another, "echo"], b"");
    // It has as much time for its answer as it needs.
    let patient = place.url().replace(&place.name, "another");
    until("it waits", || {
        let stat = place.run(&["stat", &patient, "--json"], b"").exits(0).text();
        stat.contains("\"consumers_waiting\":1")
    });
    place.server.does("kill");
    let told = format!("127.0.0.1:{}/another: the server cannot be reached", place.server.port());
    work.wait().exits(255).says(&[&told, "starting nothing more"]);
    // So that what is there can be removed.
    place.server.does("restart");
}
