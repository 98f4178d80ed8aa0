//! Every clause of the contract, on a buffer of a real Redis. Its handles are in one process, and
//! then each in one of its own.

#![cfg(feature = "redis")]

mod servers;

use forebay_conformance::remote::{Remote, serve};

use servers::suite::{Engine, On};
use servers::topic::Topic;
use servers::{Buffers, Server};

#[derive(Clone)]
struct Redis;

impl Engine for Redis {
    const SERVER: &'static str = "redis";
    const EFFORT: u64 = 20;
}

/// Not a check: the process in which a handle of the others lives.
#[test]
fn a_handle_is_served() {
    serve::<On<Redis>>();
}

forebay_conformance::suite!(redis, {
    let Some(on) = On::<Redis>::or_skip() else { return };
    on
});

forebay_conformance::suite!(separate, {
    let Some(on) = On::<Redis>::or_skip() else { return };
    Remote(on)
});

forebay_conformance::suite!(redis_topic_of_one_group, {
    let Some(server) = Server::or_skip("redis") else { return };
    Topic(Buffers::new(server), &[])
});

forebay_conformance::suite!(
    #[ignore = "takes minutes: `cargo xtask torture machines`"]
    redis_topic,
    {
        let Some(server) = Server::or_skip("redis") else { return };
        Topic(Buffers::new(server), &["after", "zone"])
    }
);
