//! The habits of the house as commands: `cargo xtask test`, `cargo xtask torture`, `cargo xtask bench`,
//! `cargo xtask servers`.
//!
//! Whatever decides whether a change is good is one of these commands, so that a person at a desk
//! and the machine that lands changes ask the same question.

mod bench;
mod house;
mod servers;
mod skipped;
mod step;
mod test;
mod tidy;
mod torture;

use std::env;
use std::process::ExitCode;

const USAGE: &str = "\
The habits of the house as commands.

cargo xtask test [--with-servers] [--list] [--only STEP]... [--verbose]
    Everything that decides whether a change lands. Stops at the first failure.
    --with-servers  start the servers that tests need, as `cargo xtask servers up` does, and take them
                    down at the end; without it those tests are skipped, and counted at the end
    --list          name the steps and what each does
    --only STEP     run this step alone; may be given several times
    --verbose       show what the steps print while they run

cargo xtask torture [threads|processes|machines|toyvm] [SECONDS]
    The stress tests, one after another, each for so long; 60 seconds by default.

cargo xtask bench NAME [ARGUMENT]...
    Measures beside others, in rounds taken in turn. NAME is one of
    threads      the buffer between threads beside other crates, by shape and capacity
    tasks        the same between tasks
    batches      items put and taken 64 at a time
    paced        latency and processor time of a hand-over at 10,000 items a second
    pinned       two threads that share one processor
    sizes        items of 8, 64 and 1,024 bytes
    uncontended  a put and a take with nobody else there
    idle         processor time of producers and consumers that only wait
    memory       bytes that a buffer takes
    run          `forebay run` beside xargs and both programs called parallel, and its own promises
    machines     items between machines beside the engines' own clients; `cargo xtask servers up` first
    web          the example web server under twenty times its load
    processes    items between processes, beside pipes, sockets, queues and servers
    toyvm        programs of ToyVM run, traced, swept and read
    check        every schedule of programs of ToyVM, beside SPIN and Harmony
    page         the JSON files of the others as one page with pictures
    `cargo xtask bench NAME --help` tells the arguments.

cargo xtask servers up|down|status [NAME]...
    RabbitMQ, NATS, Redis and Kafka on loopback, to test with; `cargo xtask servers --help` tells the rest.
";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let verb = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let done = match verb.as_deref() {
        Some("test") => test::run(&rest),
        Some("torture") => torture::run(&rest),
        Some("bench") => bench::run(&rest),
        Some("servers") => servers::run(&rest),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        None => Err(format!("say what to do\n\n{USAGE}")),
        Some(other) => Err(format!("there is no `{other}`\n\n{USAGE}")),
    };
    done.unwrap_or_else(|complaint| {
        eprintln!("xtask: {complaint}");
        ExitCode::from(255)
    })
}
