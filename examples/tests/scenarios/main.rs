//! Every example, run as a user runs it.

mod async_and_threads;
mod connection_pool;
mod log_shipper;
mod pipeline;
mod process;
mod thread_pool;
mod video;
mod web_server;
