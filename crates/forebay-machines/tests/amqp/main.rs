//! What a buffer on RabbitMQ does when something goes wrong.

#![cfg(feature = "amqp")]
