//! Every example, run as a user runs it. `cargo test -p forebay-examples` builds them first; with `--test
//! scenarios` alone, those are run that were built last.

mod async_and_threads;
mod connection_pool;
mod log_shipper;
mod pipeline;
mod process;
mod thread_pool;
mod video;
mod web_server;
