//! What whoever comes after the loss of power finds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use forebay_processes::{
    Buffer, Consumer, Death, JoinError, Outcome, Patience, Producer, PutError, Raw, Refusal,
    TakeError,
};

use crate::history::{History, Place};
use crate::journal::{Recorder, Time};
use crate::workload::{CAPACITY, STORAGE, item, number};

/// Where the page of control says in which start of the machine the leases were made; docs/file-format.md.
const BOOT: usize = 4096 + 46 * 8;

/// Opens the disk's image as after a restart, and looks whether everything is as promised.
pub(crate) fn check(
    history: &History,
    time: Time,
    mut disk: Vec<u8>,
    path: &Path,
    random: &mut fastrand::Rng,
) -> Result<(), String> {
    // Some lose power again, while the first to open it puts things in order.
    while random.u32(0..3) == 0 {
        write(&mut disk, path)?;
        let recorder = Recorder::start(path);
        let opened = told(Buffer::open(path), "open");
        let reopening = recorder.stop();
        opened?;
        disk = reopening.crash(random.usize(..=reopening.end()), random);
    }
    write(&mut disk, path)?;
    let found = look(history, time, path);
    fs::remove_file(path).map_err(|error| error.to_string())?;
    found
}

/// The disk, as another start of the machine finds it.
fn write(disk: &mut [u8], path: &Path) -> Result<(), String> {
    disk[BOOT..BOOT + 16].fill(0x5a);
    fs::write(path, disk).map_err(|error| error.to_string())
}

macro_rules! ensure {
    ($is:expr, $($what:tt)*) => {
        if !$is {
            return Err(format!($($what)*));
        }
    };
}

fn told<T>(result: Result<T, impl std::fmt::Debug>, what: &str) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error:?}"))
}

fn look(history: &History, time: Time, path: &Path) -> Result<(), String> {
    let buffer = told(Buffer::open(path), "open")?;
    ensure_sound(&buffer, "after the restart")?;
    let before = buffer.statistics();
    let mut found = BTreeMap::new();
    let mut letters = told(buffer.dead_letters(), "the dead letters")?;
    ensure!(letters.len() as u64 == before.dead, "{} dead of {before:?}", letters.len());
    for letter in &letters {
        let number = number(&letter.letter.item).ok_or("a dead letter's bytes are not its own")?;
        let reason = match &letter.letter.death {
            Death::Failures(reason) | Death::Rejected(reason) => reason.clone(),
            _ => String::new(),
        };
        ensure!(found.insert(number, Place::Dead(reason)).is_none(), "{number} is there twice");
    }
    let producer = told(buffer.producer::<Vec<u8>, _>(Raw), "a producer")?;
    let consumer = told(buffer.consumer::<Vec<u8>, _>(Raw), "a consumer")?;
    // So that the dead are in nobody's way.
    for letter in letters.drain(..) {
        ensure!(told(buffer.purge(&letter), "purge")?, "a dead letter was gone");
    }
    let mut last = None;
    loop {
        let lease = match consumer.try_lease() {
            Ok(lease) => lease,
            Err(TakeError::Empty | TakeError::Closed) => break,
            Err(error) => return Err(format!("lease: {error:?}")),
        };
        let number = number(&lease).ok_or("an item's bytes are not its own")?;
        ensure!(found.insert(number, Place::Unfinished).is_none(), "{number} is there twice");
        let place = (lease.position(), number);
        ensure!(last < Some(place), "{place:?} comes after {last:?}");
        last = Some(place);
        told(lease.ack(), "ack")?;
    }
    let unfinished = found.values().filter(|place| **place == Place::Unfinished).count();
    ensure!(unfinished as u64 == before.waiting, "{unfinished} waited of {before:?}");
    ensure!(before.leased + before.reserved == 0, "somebody holds something: {before:?}");
    let after = buffer.statistics();
    ensure!(after.produced == before.produced, "{before:?} became {after:?}");

    for number in history.items() {
        let place = found.remove(&number).unwrap_or(Place::Nowhere);
        let allowed = history.places(number, time);
        // Without its block on the disk, a death has lost its reason.
        let is_torn = place == Place::Dead(String::new())
            && allowed.len() > 1
            && allowed.iter().any(|place| matches!(place, Place::Dead(_)));
        ensure!(allowed.contains(&place) || is_torn, "{number} is {place:?}, not {allowed:?}");
    }
    ensure!(found.is_empty(), "nobody put {found:?}");

    let closed = buffer.statistics().closed;
    if let Some(known) = history.closed(time) {
        ensure!(closed == known, "closed: {closed}, not {known}");
    }
    if !closed {
        use_wholly(&producer, &consumer, history.last_position(time))?;
    }
    told(
        consumer.join_within(Patience::Try).map_err(|error| match error {
            JoinError::TimedOut => "something is unfinished".to_owned(),
            error => format!("{error:?}"),
        }),
        "join",
    )?;
    let dead = buffer.statistics().dead;
    ensure!(dead == 0, "{dead} dead letters came about");
    ensure_sound(&buffer, "after use")
}

fn ensure_sound(buffer: &Buffer, when: &str) -> Result<(), String> {
    let findings = told(buffer.verify(), "verify")?;
    ensure!(findings.is_sound(), "{when}: {findings:?}");
    Ok(())
}

/// Everything that an empty buffer can do, it does.
fn use_wholly(
    producer: &Producer<Vec<u8>, Raw>,
    consumer: &Consumer<Vec<u8>, Raw>,
    last_position: Option<u64>,
) -> Result<(), String> {
    const NEW: u64 = 1 << 40;
    let put = |item: Vec<u8>| producer.try_put(item).map_err(|error| error.refusal);
    told(put(item(NEW)), "put")?;
    let lease = told(consumer.try_lease(), "lease")?;
    ensure!(Some(lease.position()) > last_position, "position {} again", lease.position());
    ensure!(lease.deliveries() == 1, "leased {} times", lease.deliveries());
    told(lease.fail("once"), "fail")?;
    told(told(consumer.try_lease(), "lease again")?.reject("for good"), "reject")?;
    ensure!(consumer.take_dead().is_some(), "no dead letter");
    for place in 0..CAPACITY {
        ensure!(put(vec![place as u8]) == Ok(Outcome::Placed), "place {place} is missing");
    }
    ensure!(put(vec![0]) == Err(Refusal::Full), "there is more than the capacity");
    for place in 0..CAPACITY {
        let taken = told(consumer.try_take(), "take")?;
        ensure!(taken == [place as u8], "{taken:?} came instead of {place}");
    }
    // As long as the storage is.
    let most = vec![7; STORAGE as usize];
    told(put(most.clone()), "the longest item")?;
    ensure!(told(consumer.try_take(), "the longest item")? == most, "it came back otherwise");
    let Err(PutError { refusal, .. }) = producer.try_put(vec![0; STORAGE as usize * 4]) else {
        return Err("an item longer than the storage was put".to_owned());
    };
    ensure!(refusal == Refusal::TooHeavy, "{refusal:?}");
    Ok(())
}
