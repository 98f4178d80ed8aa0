//! Every example, run as a user runs it.

mod async_and_threads;
mod connection_pool;
mod job_queue;
mod log_shipper;
mod pipeline;
mod print_spooler;
mod process;
mod thread_pool;
mod video;
mod web_server;
