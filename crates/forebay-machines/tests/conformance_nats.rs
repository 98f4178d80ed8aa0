//! Every clause of the contract, on a buffer of a real NATS. Its handles are in one process, and
//! then each in one of its own.

#![cfg(feature = "nats")]

mod servers;

use forebay_conformance::remote::{Remote, serve};

use servers::suite::{Engine, On};
use servers::topic::Topic;
use servers::{Buffers, Server};

#[derive(Clone)]
struct Nats;

impl Engine for Nats {
    const SERVER: &'static str = "nats";
    const EFFORT: u64 = 20;
}

/// Not a check: the process in which a handle of the others lives.
#[test]
fn a_handle_is_served() {
    serve::<On<Nats>>();
}

forebay_conformance::suite!(nats, {
    let Some(on) = On::<Nats>::or_skip() else { return };
    on
});

forebay_conformance::suite!(
    #[ignore = "takes minutes: `cargo xtask torture machines`"]
    nats_topic,
    {
        let Some(server) = Server::or_skip("nats") else { return };
        Topic(Buffers::new(server), &["after", "zone"])
    }
);

forebay_conformance::suite!(
    #[ignore = "takes minutes: `cargo xtask torture machines`"]
    separate,
    {
        let Some(on) = On::<Nats>::or_skip() else { return };
        Remote(on)
    }
);
