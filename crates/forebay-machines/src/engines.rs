//! The engines' doors: which of them an address leads to.

#![cfg_attr(
    not(any(feature = "amqp", feature = "kafka", feature = "nats", feature = "redis")),
    allow(unused_variables, clippy::unused_async, reason = "there is nobody to ask")
)]

use std::sync::Arc;

use crate::address::Address;
use crate::buffer::Connected;
use crate::connect_error::{ConnectError, Why};
use crate::settings::Settings;
use crate::waiters::Waiters;

/// Asks the engine of this address.
macro_rules! ask {
    ($address:expr, $verb:ident($($argument:expr),*)) => {
        match $address.engine {
            #[cfg(feature = "amqp")]
            "amqp" => crate::amqp::$verb($($argument),*).await,
            #[cfg(feature = "kafka")]
            "kafka" => crate::kafka::$verb($($argument),*).await,
            #[cfg(feature = "nats")]
            "nats" => crate::nats::$verb($($argument),*).await,
            #[cfg(feature = "redis")]
            "redis" => crate::redis::$verb($($argument),*).await,
            engine => Err($address.error(Why::Absent(engine))),
        }
    };
}

/// Makes a buffer or a group, or finds one of the same settings.
pub(crate) async fn create(address: &Address, settings: &Settings) -> Result<(), ConnectError> {
    ask!(address, create(address, settings))
}

/// Connects to a buffer or a group that is there. It wakes those that wait by these waiters.
pub(crate) async fn connect(
    address: &Address,
    waiters: &Arc<Waiters>,
) -> Result<Connected, ConnectError> {
    ask!(address, connect(address, waiters))
}

/// The groups of a topic, in the order of their names; none where there is no such topic.
#[cfg_attr(
    not(any(feature = "nats", feature = "redis")),
    allow(clippy::unused_async, reason = "there is nobody to ask")
)]
pub(crate) async fn groups(address: &Address) -> Result<Vec<String>, ConnectError> {
    match address.engine {
        #[cfg(feature = "nats")]
        "nats" => crate::nats::groups(address).await,
        #[cfg(feature = "redis")]
        "redis" => crate::redis::groups(address).await,
        _ => Ok(Vec::new()),
    }
}
