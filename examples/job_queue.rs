//! Jobs for other programs: one puts them, others work them off, with retries and dead letters.
//!
//! ```sh
//! alias jobs='cargo run -q -p forebay-examples --example job_queue --'
//! jobs create jobs.fb
//! jobs work jobs.fb &                               # as many as you like, on any terminal
//! jobs work jobs.fb &
//! jobs submit jobs.fb cat.png:640 flaky.png:320 corrupt.png:200 dog.png:0
//! jobs wait jobs.fb                                 # until all are done, or dead
//! jobs dead jobs.fb                                 # what could not be done, and why
//! jobs close jobs.fb                                # then the workers end
//! ```
//!
//! The two sides share a type and a file. They may be programs of their own, in other languages even: a job is JSON.
//!
//! Look for: `flaky.png`, which fails and is tried again; `corrupt.png`, which fails three times and is a dead letter then;
//! `dog.png`, which no try can help, and which is rejected at once; a worker that is killed, whose job another one gets.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use forebay::processes::{Buffer, Consumer, Json, Patience, Settings, TakeError};
use serde::{Deserialize, Serialize};

/// What both sides agree on.
#[derive(Serialize, Deserialize)]
struct Job {
    picture: String,
    width: u32,
}

const CAPACITY: u64 = 1_000;
/// So many failures of a job are too many.
const FAILURES: u32 = 3;
/// Before a job is tried again, times its failures. Its worker keeps it meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

fn create(path: &Path) -> Result<(), Box<dyn Error>> {
    // A worker that lives and does not go on has its job taken away after a minute.
    let settings = Settings::new(CAPACITY).max_failures(FAILURES);
    Ok(settings.lease_time(Duration::from_mins(1)).create(path)?)
}

/// One program: puts jobs such as `cat.png:640`.
fn submit(path: &Path, jobs: &[String]) -> Result<(), Box<dyn Error>> {
    let producer = Buffer::open(path)?.producer(Json)?;
    for job in jobs {
        let (picture, width) = job.split_once(':').ok_or("a job is PICTURE:WIDTH")?;
        producer.put(Job { picture: picture.to_owned(), width: width.parse()? })?;
    }
    println!("{} submitted", jobs.len());
    Ok(())
}

/// Why a job could not be done.
enum Trouble {
    /// Another try may help.
    Passing(String),
    /// No try will.
    Lasting(String),
}

/// The other: works jobs off, until the buffer is closed and drained.
fn work(path: &Path) -> Result<(), Box<dyn Error>> {
    let consumer: Consumer<Job, Json> = Buffer::open(path)?.consumer(Json)?;
    let me = process::id();
    println!("worker {me} is ready");
    loop {
        let job = match consumer.lease() {
            Ok(job) => job,
            Err(TakeError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let told = format!("worker {me}: {} to {}", job.picture, job.width);
        // Leased more often than it has failed: whoever had it did not come to say.
        let is_left = job.deliveries() > job.failures() + 1;
        println!("{told}: begins{}", if is_left { ", left by a worker that died" } else { "" });
        match resize(&job, job.failures()) {
            Ok(()) => {
                job.ack()?;
                println!("{told}: done");
            }
            Err(Trouble::Passing(why)) => {
                let failures = job.failures() + 1;
                thread::sleep(PAUSE * failures);
                // Back to its place, or among the dead letters.
                job.fail(&why)?;
                println!("{told}: failure {failures}: {why}");
            }
            Err(Trouble::Lasting(why)) => {
                job.reject(&why)?;
                println!("{told}: rejected: {why}");
            }
        }
    }
}

/// What stands for the real work.
fn resize(job: &Job, failures: u32) -> Result<(), Trouble> {
    if job.width == 0 {
        return Err(Trouble::Lasting("a picture has some width".to_owned()));
    }
    thread::sleep(Duration::from_micros(50) * job.width);
    match job.picture.as_str() {
        "flaky.png" if failures == 0 => Err(Trouble::Passing("the disk was busy".to_owned())),
        "corrupt.png" => Err(Trouble::Passing("not a picture".to_owned())),
        _ => Ok(()),
    }
}

/// Tells of the dead letters, and tries them again if that is wished.
fn dead(path: &Path, retry: bool) -> Result<(), Box<dyn Error>> {
    let buffer = Buffer::open(path)?;
    for dead in buffer.dead_letters()? {
        let job: Job = serde_json::from_slice(&dead.letter.item)?;
        println!("{} to {}: {}", job.picture, job.width, dead.letter.death);
        if retry {
            buffer.retry(&dead)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [verb, path, jobs @ ..] = arguments.as_slice() else {
        return Err(
            "usage: job_queue create|submit|work|wait|dead|retry|close FILE [JOB...]".into()
        );
    };
    let path = Path::new(path);
    match verb.as_str() {
        "create" => create(path),
        "submit" => submit(path, jobs),
        "work" => work(path),
        // Also when a worker is killed that holds the last one: then another has to finish it first.
        "wait" => Ok(Buffer::open(path)?.join_within(Patience::Forever)?),
        "dead" => dead(path, false),
        "retry" => dead(path, true),
        "close" => Ok(Buffer::open(path)?.close()?),
        _ => Err(format!("there is no `{verb}`").into()),
    }
}
