//! Topics and their groups.

on!("nats");
