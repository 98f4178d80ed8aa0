//! `cargo xtask servers`: the real servers that the distance of machines is tested with.
//!
//! They run on loopback, on free ports, in one scratch folder (`scratch.rs`); each is a `Server` (`server.rs`) of
//! an `Engine` (`engine.rs`), whose files say how it is told all that, and how one knows that it answers. Tests
//! find them in a file (`description.rs`), and stop, kill, freeze and restart them by this same command.

mod certificates;
mod compose;
mod description;
mod engine;
mod guard;
mod install;
mod json;
mod kafka;
pub(crate) mod lent;
mod nats;
mod ports;
mod process;
mod rabbitmq;
mod redis;
mod scratch;
mod server;
mod wire;

use std::fs::File;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use engine::Engine;
use guard::Guard;
use scratch::Scratch;
use server::{Server, State};

/// How long a server may take until it answers: a machine with much else to do is slow.
const PATIENCE: Duration = Duration::from_mins(3);

/// A pause between two questions whether it answers.
const PAUSE: Duration = Duration::from_millis(50);

const USAGE: &str = "\
cargo xtask servers VERB [NAME]... [FLAG]...

VERB is one of
    up       starts what does not run, waits until it answers, and prints where. Ctrl-C leaves nothing running.
    down     ends it and removes all that it wrote; with --keep its log stays
    status   what there is, and whether it runs; fails if something does not
and, of the servers that are named, on the same ports and data,
    stop     ends it as it wishes to be ended (SIGTERM)
    kill     ends it at once (SIGKILL)
    freeze   lets it stand still (SIGSTOP)
    thaw     lets it go on
    restart  starts it, after a stop if it still ran, and waits until it answers

NAME is rabbitmq, nats, redis or kafka, or one of these with a word behind it, as in redis-full: another
server of that kind. Without a name, up means the four, down and status all that there are.

    --json                with up and status: print what the file says
    --keep                with down: the log stays, in the folder servers-kept beside the file's
    --demand-certificate  with restart: TLS only with a client's certificate, until the next restart

What there is stands in target/servers/servers.json, for tests.
";

/// What was asked for.
#[derive(Debug, Default)]
struct Request {
    names: Vec<String>,
    json: bool,
    keep: bool,
    demand_certificate: bool,
}

impl Request {
    fn parse(verb: &str, arguments: &[String]) -> Result<Self, String> {
        let mut request = Self::default();
        for argument in arguments {
            match (argument.as_str(), verb) {
                ("--json", "up" | "status") => request.json = true,
                ("--keep", "down") => request.keep = true,
                ("--demand-certificate", "restart") => request.demand_certificate = true,
                (flag, _) if flag.starts_with('-') => {
                    return Err(format!("servers {verb} does not know `{flag}`\n\n{USAGE}"));
                }
                (name, _) => {
                    engine::of(name)?;
                    request.names.push(name.to_owned());
                }
            }
        }
        Ok(request)
    }
}

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    let (verb, rest) =
        arguments.split_first().ok_or_else(|| format!("say what to do\n\n{USAGE}"))?;
    if matches!(verb.as_str(), "help" | "--help" | "-h") {
        print!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(guarded) = guard::watch(verb, rest) {
        return guarded;
    }
    let request = Request::parse(verb, rest)?;
    let scratch = Scratch::of_this_target()?;
    match verb.as_str() {
        "up" => up(&scratch, &request),
        "down" => down(&scratch, &request),
        "status" => status(&scratch, &request),
        "stop" => each(&scratch, &request, Server::stop),
        "kill" => each(&scratch, &request, Server::kill),
        "freeze" => each(&scratch, &request, Server::freeze),
        "thaw" => each(&scratch, &request, Server::thaw),
        "restart" => restart(&scratch, &request),
        other => Err(format!("servers cannot `{other}`\n\n{USAGE}")),
    }
}

fn up(scratch: &Scratch, request: &Request) -> Result<ExitCode, String> {
    let names = if request.names.is_empty() {
        engine::ALL.iter().map(|engine| engine.name().to_owned()).collect()
    } else {
        request.names.clone()
    };
    // Nobody else takes one away while they are told.
    let _lock = bring_up(scratch, names)?;
    print(scratch, &scratch.names()?, request.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Sees to it that these run, and answer; the lock, which is still held.
fn bring_up(scratch: &Scratch, names: Vec<String>) -> Result<File, String> {
    let lock = scratch.lock()?;
    let (mut there, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        match scratch.find(&name)? {
            Some(server) if server.state() != State::Gone => there.push(server),
            _ => missing.push(name),
        }
    }
    let guard = Guard::of_up(&lock, &missing)?;
    // Whatever fails here, the guard removes what has been started; so does it if this program is killed.
    let done = start(scratch, &lock, there, &missing).and_then(|()| description::write(scratch));
    match done {
        Ok(()) => guard.dismiss().map(|()| lock),
        Err(complaint) => {
            drop(guard);
            Err(complaint)
        }
    }
}

/// Starts those that are missing, and waits until they, and those that are there, answer.
fn start(
    scratch: &Scratch,
    lock: &File,
    there: Vec<Server>,
    missing: &[String],
) -> Result<(), String> {
    let mut servers = there;
    for server in &servers {
        if server.state() == State::Frozen {
            server.thaw()?;
        }
        eprintln!("{}: was there", server.name);
    }
    let mut engines: Vec<&dyn Engine> = Vec::new();
    for name in missing {
        let engine = engine::of(name)?;
        if engines.iter().all(|other| other.name() != engine.name()) {
            engines.push(engine);
        }
    }
    let ways = install::find_or_install(scratch, lock, &engines)?;
    certificates::make(scratch)?;
    for name in missing {
        let engine = engine::of(name)?;
        let server = match scratch.find(name)? {
            Some(server) => server,
            None => scratch.make(name, engine, ways[engine.name()])?,
        };
        server.start(false)?;
        eprintln!("{name}: started");
        servers.push(server);
    }
    wait(servers)
}

/// Waits until each of these answers.
fn wait(mut servers: Vec<Server>) -> Result<(), String> {
    let start = Instant::now();
    while !servers.is_empty() {
        let mut silent = Vec::new();
        for server in servers {
            let seconds = start.elapsed().as_secs_f64();
            match server.ask() {
                Ok(version) => {
                    server.note_version(&version)?;
                    eprintln!("{}: {version} answers after {seconds:.1} s", server.name);
                }
                Err(_) if server.state() == State::Gone => {
                    return Err(format!("{} has ended\n{}", server.name, server.end_of_log()));
                }
                Err(error) if start.elapsed() > PATIENCE => {
                    let log = server.end_of_log();
                    return Err(format!("{} does not answer: {error}\n{log}", server.name));
                }
                Err(_) => silent.push(server),
            }
        }
        servers = silent;
        if !servers.is_empty() {
            thread::sleep(PAUSE);
        }
    }
    Ok(())
}

fn down(scratch: &Scratch, request: &Request) -> Result<ExitCode, String> {
    let _lock = scratch.lock()?;
    install::withdraw_policy();
    let names = if request.names.is_empty() { scratch.names()? } else { request.names.clone() };
    for name in names {
        scratch.remove(&name, request.keep)?;
    }
    scratch.tidy()?;
    if scratch.exists() {
        description::write(scratch)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn status(scratch: &Scratch, request: &Request) -> Result<ExitCode, String> {
    let names = if request.names.is_empty() { scratch.names()? } else { request.names.clone() };
    print(scratch, &names, request.json)?;
    let mut all = true;
    for name in &names {
        all &= scratch.known(name)?.state() == State::Running;
    }
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(scratch: &Scratch, names: &[String], json: bool) -> Result<(), String> {
    if json {
        print!("{}", description::json(scratch)?);
    } else {
        print!("{}", description::text(scratch, names)?);
    }
    Ok(())
}

/// Does something to each of the servers that are named.
fn each(
    scratch: &Scratch,
    request: &Request,
    deed: impl Fn(&Server) -> Result<(), String>,
) -> Result<ExitCode, String> {
    if request.names.is_empty() {
        return Err("say which server".to_owned());
    }
    let _lock = scratch.lock()?;
    for name in &request.names {
        deed(&scratch.known(name)?)?;
    }
    description::write(scratch)?;
    Ok(ExitCode::SUCCESS)
}

fn restart(scratch: &Scratch, request: &Request) -> Result<ExitCode, String> {
    each(scratch, request, |server| {
        server.stop()?;
        server.start(request.demand_certificate)
    })?;
    // Nobody else is kept waiting meanwhile.
    wait(request.names.iter().map(|name| scratch.known(name)).collect::<Result<_, _>>()?)?;
    Ok(ExitCode::SUCCESS)
}
