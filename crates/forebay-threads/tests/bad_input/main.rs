//! What a buffer does with those who use it badly (C11): nothing lost, nothing half done, and nobody else
//! kept waiting.
#![cfg(not(loom))]

#[path = "../disciplines/mod.rs"]
mod disciplines;

mod hooks;
mod items;
mod leaked;
mod many;
mod wakers;
mod weights;
