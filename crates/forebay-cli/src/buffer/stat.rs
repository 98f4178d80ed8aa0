//! `forebay stat`: how a buffer stands.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use forebay::Statistics;
use forebay::processes::{Awaited, Durability, Inspection, Participant, Role};
use serde::Serialize;

use super::place::{Buffer, Place};
use crate::page;
use crate::run::shared::number;

/// Show how a buffer stands
///
/// What waits, is leased, finished and dead; who puts and takes, and who waits for whom. Of a topic, each of its groups.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Exit status: 0, or 255: the buffer could not be opened.

At any moment when nothing moves: produced = finished + waiting + leased + dead + dropped.")]
pub(crate) struct Args {
    /// The buffer: a file, or a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    buffer: PathBuf,

    /// Print an object of JSON; of a topic, one for each group, a line each
    ///
    /// Times are in seconds, positions count from 1, and what is not set or not known is null. Its keys:
    /// docs/processes.md tells them all, docs/machines.md those that are of servers.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    match look(args) {
        Ok(all) => {
            let all = all.iter().map(|one| if args.json { one.json() } else { one.text() });
            page::print(all.collect::<Vec<_>>().join(if args.json { "" } else { "\n" }).as_bytes())
        }
        Err(complaint) => super::status("stat", Err(complaint)),
    }
}

fn look(args: &Args) -> Result<Vec<Standing>, String> {
    let place = Place::of(&args.buffer)?;
    if let Some(path) = place.file() {
        let buffer = Inspection::open(path).map_err(|error| error.to_string())?;
        return Ok(vec![Standing::of_file(&place, &buffer)]);
    }
    let buffer = place.open()?;
    let groups = buffer.groups()?;
    if groups.is_empty() {
        return Ok(vec![Standing::on_server(&buffer)?]);
    }
    groups.iter().map(Standing::on_server).collect()
}

/// What is told, in this order.
#[derive(Debug, Serialize)]
struct Standing {
    buffer: String,
    fault: Option<String>,
    closed: bool,
    capacity: u64,
    capacity_bytes: Option<u64>,
    longest_item_bytes: Option<u64>,
    durability: Option<&'static str>,
    max_leased: u64,
    dead_room: Option<u64>,
    max_failures: Option<u32>,
    max_deliveries: Option<u32>,
    lease_seconds: Option<f64>,
    waiting: u64,
    oldest_seconds: Option<f64>,
    leased: u64,
    dead: u64,
    produced: u64,
    finished: u64,
    dropped: u64,
    high_water: u64,
    producers: usize,
    consumers: usize,
    producers_waiting: usize,
    consumers_waiting: usize,
    producer_wait_seconds: f64,
    consumer_wait_seconds: f64,
    participants: Option<Vec<Member>>,
    leases: Option<Vec<Held>>,
    survives: Option<&'static str>,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Member {
    role: &'static str,
    pid: u32,
    command: String,
    items: u64,
    leased: u64,
    lives: bool,
    waits_for: Option<&'static str>,
    waits_seconds: Option<f64>,
    waited_seconds: f64,
}

#[derive(Debug, Serialize)]
struct Held {
    position: u64,
    pid: u32,
    deliveries: u32,
    age_seconds: f64,
    left_seconds: Option<f64>,
}

impl Standing {
    fn on_server(buffer: &Buffer) -> Result<Self, String> {
        let place = buffer.place();
        let now = buffer.statistics().map_err(|fault| place.in_words(fault))?;
        let settings = buffer.settings();
        Ok(Self {
            buffer: place.to_string(),
            fault: None,
            closed: now.closed,
            capacity: settings.capacity,
            capacity_bytes: settings.capacity_bytes,
            longest_item_bytes: buffer.longest_item(),
            durability: None,
            max_leased: settings.max_leased.unwrap_or(settings.capacity),
            dead_room: None,
            max_failures: settings.max_failures,
            max_deliveries: settings.max_deliveries,
            lease_seconds: settings.lease_time.map(|time| time.as_secs_f64()),
            waiting: now.waiting,
            oldest_seconds: None,
            leased: now.leased,
            dead: now.dead,
            produced: now.produced,
            finished: now.finished,
            dropped: now.dropped,
            high_water: now.high_water,
            producers: now.producers,
            consumers: now.consumers,
            producers_waiting: now.producers_waiting,
            consumers_waiting: now.consumers_waiting,
            producer_wait_seconds: now.producer_wait.as_secs_f64(),
            consumer_wait_seconds: now.consumer_wait.as_secs_f64(),
            participants: None,
            leases: None,
            survives: buffer.survives(),
            warnings: Some(buffer.warnings().to_vec()),
        })
    }

    fn of_file(place: &Place, buffer: &Inspection) -> Self {
        let (settings, now): (_, Statistics) = (buffer.settings(), buffer.statistics());
        let seconds = |time: Duration| time.as_secs_f64();
        let members = buffer.participants();
        let living = |role| members.iter().filter(|one| one.lives && one.role == role).count();
        // Those who ended without a word stand in line until somebody who uses the buffer notices.
        let dead_in_line = |what| {
            let waits_for_it = |one: &&Participant| one.waits.is_some_and(|(it, _)| it == what);
            members.iter().filter(|one| !one.lives).filter(waits_for_it).count()
        };
        Self {
            buffer: place.to_string(),
            fault: buffer.fault().map(|fault| fault.to_string()),
            closed: now.closed,
            capacity: settings.get_capacity(),
            capacity_bytes: settings.get_capacity_bytes(),
            longest_item_bytes: Some(buffer.longest_item()),
            durability: Some(match settings.get_durability() {
                Durability::Power => "power",
                _ => "process",
            }),
            max_leased: settings.get_max_leased(),
            dead_room: Some(settings.get_dead_room()),
            max_failures: settings.get_max_failures(),
            max_deliveries: settings.get_max_deliveries(),
            lease_seconds: settings.get_lease_time().map(seconds),
            waiting: now.waiting,
            oldest_seconds: buffer.oldest().map(seconds),
            leased: now.leased,
            dead: now.dead,
            produced: now.produced,
            finished: now.finished,
            dropped: now.dropped,
            high_water: now.high_water,
            producers: living(Role::Producer),
            consumers: living(Role::Consumer),
            producers_waiting: now.producers_waiting.saturating_sub(dead_in_line(Awaited::Room)),
            consumers_waiting: now.consumers_waiting.saturating_sub(dead_in_line(Awaited::Item)),
            producer_wait_seconds: seconds(now.producer_wait),
            consumer_wait_seconds: seconds(now.consumer_wait),
            participants: Some(
                members
                    .into_iter()
                    .map(|member| Member {
                        role: match member.role {
                            Role::Producer => "producer",
                            Role::Consumer => "consumer",
                            _ => "other",
                        },
                        pid: member.process,
                        command: member.command,
                        items: member.items,
                        leased: member.leased,
                        lives: member.lives,
                        waits_for: member.waits.map(|(awaited, _)| match awaited {
                            Awaited::Room => "room",
                            Awaited::Item => "an item",
                            Awaited::Idle => "the end",
                            _ => "something",
                        }),
                        waits_seconds: member.waits.map(|(_, time)| seconds(time)),
                        waited_seconds: seconds(member.waited),
                    })
                    .collect(),
            ),
            leases: Some(
                buffer
                    .leases()
                    .into_iter()
                    .map(|held| Held {
                        position: number(held.position),
                        pid: held.process,
                        deliveries: held.deliveries,
                        age_seconds: seconds(held.age),
                        left_seconds: held.left.map(seconds),
                    })
                    .collect(),
            ),
            survives: None,
            warnings: None,
        }
    }

    fn json(&self) -> String {
        // Strings, numbers and lists of them: there is nothing to go wrong.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let state = if self.closed { "closed" } else { "open" };
        let _ = writeln!(
            text,
            "{}: {state}, {} of {} waiting{}, {} leased, {} dead",
            self.buffer,
            self.waiting,
            self.capacity,
            beyond(self.waiting, self.capacity),
            self.leased,
            self.dead
        );
        let longest = self
            .longest_item_bytes
            .map_or_else(String::new, |most| format!("; an item has at most {most} bytes"));
        let _ = writeln!(
            text,
            "{} produced, {} finished, {} dropped; at most {} waited at once{longest}",
            self.produced, self.finished, self.dropped, self.high_water
        );
        let _ = writeln!(
            text,
            "{} waited {:.2} s for room ({} wait now), {} {:.2} s for items ({} wait now)",
            counted(self.producers, "producer"),
            self.producer_wait_seconds,
            self.producers_waiting,
            counted(self.consumers, "consumer"),
            self.consumer_wait_seconds,
            self.consumers_waiting,
        );
        // Of the dead only what they hold matters; and every opening is a participant, which mostly does nothing.
        let is_told = |one: &&Member| match one.role {
            "other" => one.lives && one.waits_for.is_some(),
            _ => one.lives || one.leased > 0,
        };
        for member in self.participants.iter().flatten().filter(is_told) {
            let does = match member.waits_for {
                _ if !member.lives => {
                    ", dead: what it has leased goes back when somebody comes".to_owned()
                }
                Some(what) => format!(", waits for {what}"),
                None => String::new(),
            };
            let _ = writeln!(
                text,
                "{} {} ({}): {}, {} leased, waited {:.2} s{does}",
                member.role,
                member.pid,
                member.command,
                super::counted(member.items),
                member.leased,
                member.waited_seconds,
            );
        }
        for held in self.leases.iter().flatten() {
            let left =
                held.left_seconds.map_or_else(String::new, |left| format!(", {left:.1} s left"));
            let _ = writeln!(
                text,
                "position {} leased by {} for {:.1} s, delivery {}{left}",
                held.position, held.pid, held.age_seconds, held.deliveries
            );
        }
        if let Some(survives) = self.survives {
            let _ = writeln!(text, "{}", in_words(survives));
        }
        for warning in self.warnings.iter().flatten() {
            let _ = writeln!(text, "mind: {warning}");
        }
        text
    }
}

/// What a put survives on a server.
fn in_words(survives: &str) -> &'static str {
    match survives {
        "power" => "what was put survives the server's end, and a loss of power",
        "server" => {
            "what was put survives the server's end; a loss of power may take the last moments"
        }
        _ => "what was put does not survive the server's end: it is in memory only",
    }
}

/// Why more wait than may.
pub(crate) fn beyond(waiting: u64, capacity: u64) -> String {
    match waiting.saturating_sub(capacity) {
        0 => String::new(),
        more => format!(" ({more} beyond the capacity: what comes back needs no room)"),
    }
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
