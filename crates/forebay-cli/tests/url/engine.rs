//! The engines, and how they differ for whoever uses the command. What each keeps more weakly is told in its module.

/// An engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Engine {
    /// What its server is called among those that tests have.
    pub(crate) server: &'static str,
    /// What its URLs begin with.
    pub(crate) scheme: &'static str,
    /// Whether an item has a place in the order of puts that everybody knows.
    pub(crate) knows_positions: bool,
    /// Whether one may look at what waits.
    pub(crate) lets_look: bool,
    /// Whether there may be a capacity in bytes.
    pub(crate) bounds_bytes: bool,
    /// Whether what a process had that is killed comes back with its connection, and not after a silence.
    pub(crate) knows_deaths: bool,
}

#[cfg(feature = "amqp")]
pub(crate) const AMQP: Engine = Engine {
    server: "rabbitmq",
    scheme: "amqp",
    knows_positions: false,
    lets_look: false,
    bounds_bytes: false,
    knows_deaths: true,
};

#[cfg(feature = "kafka")]
pub(crate) const KAFKA: Engine = Engine {
    server: "kafka",
    scheme: "kafka",
    knows_positions: true,
    lets_look: false,
    bounds_bytes: false,
    knows_deaths: true,
};

#[cfg(feature = "nats")]
pub(crate) const NATS: Engine = Engine {
    server: "nats",
    scheme: "nats",
    knows_positions: true,
    lets_look: true,
    bounds_bytes: true,
    knows_deaths: false,
};

#[cfg(feature = "redis")]
pub(crate) const REDIS: Engine = Engine {
    server: "redis",
    scheme: "redis",
    knows_positions: true,
    lets_look: true,
    bounds_bytes: true,
    knows_deaths: false,
};

/// Makes tests of functions, each on every engine that is in; on Kafka, where all takes longest, if that is named.
macro_rules! on_each_engine {
    (kafka: $($name:ident)*) => {
        on_each_engine! { $($name)* }

        #[cfg(feature = "kafka")]
        mod on_kafka {
            $(#[test]
            fn $name() {
                super::$name(crate::engine::KAFKA);
            })*
        }
    };
    ($($name:ident)*) => {
        $(mod $name {
            #[cfg(feature = "amqp")]
            #[test]
            fn amqp() {
                super::$name(crate::engine::AMQP);
            }

            #[cfg(feature = "kafka")]
            #[test]
            fn kafka() {
                super::$name(crate::engine::KAFKA);
            }

            #[cfg(feature = "nats")]
            #[test]
            fn nats() {
                super::$name(crate::engine::NATS);
            }

            #[cfg(feature = "redis")]
            #[test]
            fn redis() {
                super::$name(crate::engine::REDIS);
            }
        })*
    };
}
