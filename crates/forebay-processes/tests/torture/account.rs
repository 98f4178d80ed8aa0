//! The ledgers of all processes against the buffer's own counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use forebay_processes::Statistics;

use crate::ledger::{Entry, Kind, Name};
use crate::worker::Ways;

/// The ledger of one process.
pub(crate) struct Part {
    pub(crate) entries: Vec<Entry>,
    pub(crate) was_killed: bool,
}

/// What is known of an item.
#[derive(Debug, Default)]
struct Life {
    /// How its put ended, if that is known.
    put: Option<Kind>,
    tried: bool,
    /// Somebody had it, or it is dead.
    seen: bool,
    position: Option<u64>,
    deliveries: BTreeSet<u32>,
    /// When its last known lease was asked for.
    last_asked: u64,
    acking: BTreeSet<u32>,
    acked: Option<u32>,
    /// How it ended, and when that was known.
    end: Option<(Kind, u64)>,
    is_dead: bool,
}

/// What is uncertain since a process was killed in the middle.
#[derive(Debug, Default)]
struct Doubts {
    /// Items that killed takes may have had.
    taken: u64,
    purged: u64,
    /// Killed puts that may have dropped others.
    dropping: u64,
}

#[derive(Default)]
struct Account {
    lives: HashMap<Name, Life>,
    doubts: Doubts,
    /// Told by producers: the oldest that were dropped, and their own.
    dropped_oldest: u64,
    dropped_this: u64,
    purged: u64,
    late: BTreeSet<Name>,
    wrong: Vec<String>,
}

/// What came of a run.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) items: u64,
    pub(crate) leases: u64,
    pub(crate) redelivered: u64,
}

/// Compares everything. Nothing waits or is leased any more; `dead` are the letters that there are.
pub(crate) fn audit(
    parts: &[Part],
    dead: &[(Name, u64)],
    now: &Statistics,
    ways: Ways,
) -> Result<Sum, String> {
    let mut account = Account::default();
    for part in parts {
        account.enter_puts(part, ways);
    }
    for part in parts {
        account.enter_rest(part);
    }
    for (name, position) in dead {
        account.seen(*name, Some(*position));
        let life = account.lives.entry(*name).or_default();
        life.is_dead = true;
        if let Some((end, _)) = life.end {
            account.wrong.push(format!("{name:?} is dead, and was {end:?}"));
        }
    }
    account.check_order();
    account.check_ends(ways);
    account.check_counts(now, dead.len() as u64, ways);
    if !account.wrong.is_empty() {
        let some = account.wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n  ");
        return Err(format!("{} are wrong:\n  {some}\n  {now:?}", account.wrong.len()));
    }
    let leases = account.lives.values().map(|life| life.deliveries.len() as u64).sum();
    let many = |life: &&Life| life.deliveries.len() > 1;
    Ok(Sum {
        items: account.lives.values().filter(|life| life.seen).count() as u64,
        leases,
        redelivered: account.lives.values().filter(many).count() as u64,
    })
}

impl Account {
    fn enter_puts(&mut self, part: &Part, ways: Ways) {
        let mut open = 0;
        for entry in &part.entries {
            match entry.kind {
                Kind::Try => {
                    open = u64::from(entry.count);
                    for number in 0..u32::from(entry.count) {
                        let name = Name { number: entry.name.number + number, ..entry.name };
                        self.lives.entry(name).or_default().tried = true;
                    }
                }
                Kind::Put | Kind::Back | Kind::DroppedThis => {
                    open = open.saturating_sub(1);
                    self.lives.entry(entry.name).or_default().put = Some(entry.kind);
                    self.dropped_this += u64::from(entry.kind == Kind::DroppedThis);
                }
                Kind::DroppedOldest => self.dropped_oldest += u64::from(entry.count),
                _ => {}
            }
        }
        if open > 0 && part.was_killed && ways.drops {
            self.doubts.dropping += 1;
        }
    }

    fn seen(&mut self, name: Name, position: Option<u64>) {
        let life = self.lives.entry(name).or_default();
        life.seen = true;
        if !life.tried || matches!(life.put, Some(Kind::Back | Kind::DroppedThis)) {
            self.wrong.push(format!("{name:?} was never put: {:?}", life.put));
        }
        if let Some(position) = position {
            if life.position.is_some_and(|known| known != position) {
                let known = life.position;
                self.wrong.push(format!("{name:?} is at {position}, and was at {known:?}"));
            }
            life.position = Some(position);
        }
    }

    fn end(&mut self, entry: &Entry) {
        let life = self.lives.entry(entry.name).or_default();
        if let Some((end, _)) = life.end {
            self.wrong.push(format!("{:?} was {end:?}, then {:?}", entry.name, entry.kind));
        }
        life.end = Some((entry.kind, entry.time));
    }

    fn enter_rest(&mut self, part: &Part) {
        // Of each producer, the latest item that this process was the first to lease.
        let mut latest: BTreeMap<u32, u32> = BTreeMap::new();
        let (mut taking, mut purging) = (0, 0);
        for entry in &part.entries {
            let name = entry.name;
            match entry.kind {
                Kind::Leased => {
                    self.seen(name, Some(entry.position));
                    let life = self.lives.entry(name).or_default();
                    if !life.deliveries.insert(entry.deliveries) {
                        self.wrong.push(format!("{name:?} had two holders: {entry:?}"));
                    }
                    life.last_asked = life.last_asked.max(entry.time);
                    if entry.deliveries == 1 {
                        let last = latest.entry(name.producer).or_insert(name.number);
                        if *last > name.number {
                            self.late.insert(name);
                        }
                        *last = name.number.max(*last);
                    }
                }
                Kind::Acking => {
                    self.lives.entry(name).or_default().acking.insert(entry.deliveries);
                }
                Kind::Acked => {
                    self.end(entry);
                    self.lives.entry(name).or_default().acked = Some(entry.deliveries);
                }
                Kind::Taking => taking = u64::from(entry.count),
                Kind::Taken => {
                    taking = taking.saturating_sub(1);
                    self.seen(name, None);
                    self.end(entry);
                }
                Kind::TakeOver => taking = 0,
                Kind::Purging => purging = 1,
                Kind::Purged => {
                    purging = 0;
                    self.purged += 1;
                    self.seen(name, None);
                    self.end(entry);
                }
                Kind::PurgedNone => purging = 0,
                _ => {}
            }
        }
        if part.was_killed {
            self.doubts.taken += taking;
            self.doubts.purged += purging;
        }
    }

    /// C2: positions are in the order of each producer's puts, and each item has its own; first leases are in that order.
    fn check_order(&mut self) {
        let mut of_producer: BTreeMap<Name, u64> = BTreeMap::new();
        let mut at: BTreeMap<u64, Name> = BTreeMap::new();
        for (name, life) in &self.lives {
            let Some(position) = life.position else { continue };
            of_producer.insert(*name, position);
            if let Some(other) = at.insert(position, *name) {
                self.wrong.push(format!("{name:?} and {other:?} are both at {position}"));
            }
        }
        let mut last: Option<(Name, u64)> = None;
        for (name, position) in of_producer {
            if let Some((before, earlier)) = last
                && before.producer == name.producer
                && earlier >= position
            {
                self.wrong.push(format!("{before:?} at {earlier}, {name:?} at {position}"));
            }
            last = Some((name, position));
        }
        // A take that was killed gives its items back, to be leased late.
        if self.late.len() as u64 > self.doubts.taken {
            self.wrong.push(format!("leased too late: {:?}", self.late));
        }
    }

    /// C3 and C4: each item has come to one end, and none after it.
    fn check_ends(&mut self, ways: Ways) {
        let mut lost = Vec::new();
        for (name, life) in &self.lives {
            if let (Some(acked), Some(last)) = (life.acked, life.deliveries.last())
                && *last > acked
            {
                self.wrong.push(format!("{name:?} was leased after its ack: {life:?}"));
            }
            if let Some((end, time)) = life.end
                && life.last_asked > time
            {
                self.wrong.push(format!("{name:?} was leased after it was {end:?}"));
            }
            let was_put = life.put == Some(Kind::Put) || life.seen;
            let may_be_acked = life.acking.iter().any(|acking| Some(*acking) != life.acked);
            if was_put && life.end.is_none() && !life.is_dead && !may_be_acked {
                lost.push((*name, life));
            }
        }
        let doubts = &self.doubts;
        let explained = doubts.taken + doubts.purged + self.dropped_oldest;
        let is_bounded = !ways.drops || doubts.dropping == 0;
        if lost.len() as u64 > explained && is_bounded {
            self.wrong.push(format!("lost, {explained} of them explained: {lost:?}"));
        }
    }

    /// C8, against the ledger as far as it is certain.
    fn check_counts(&mut self, now: &Statistics, dead: u64, ways: Ways) {
        let sum = now.finished + now.waiting + now.leased + now.dead + now.dropped;
        if now.produced != sum || now.waiting + now.leased + now.reserved != 0 || now.dead != dead {
            self.wrong.push("the counts do not fit together".to_owned());
        }
        let lives = self.lives.values();
        let was_produced =
            |life: &&Life| life.seen || matches!(life.put, Some(Kind::Put | Kind::DroppedThis));
        let in_doubt = |life: &&Life| life.tried && !life.seen && life.put.is_none();
        let produced = lives.clone().filter(was_produced).count() as u64;
        let doubtful = lives.clone().filter(in_doubt).count() as u64;
        // Whoever died with an item unseen was killed in a take, or after it was dropped.
        let is_certain = !ways.takes && !ways.drops && self.doubts.purged == 0;
        let most = produced + if is_certain { 0 } else { doubtful };
        if !(produced..=most).contains(&now.produced) {
            self.wrong.push(format!("{produced} to {most} were produced by the ledger"));
        }
        let finished = lives
            .clone()
            .filter(|life| matches!(life.end, Some((Kind::Acked | Kind::Taken, _))))
            .count() as u64;
        if now.finished < finished {
            self.wrong.push(format!("{finished} were finished by the ledger"));
        }
        let dropped = self.purged + self.dropped_this + self.dropped_oldest;
        let most = dropped + self.doubts.purged;
        if now.dropped < dropped || self.doubts.dropping == 0 && now.dropped > most {
            self.wrong.push(format!("{dropped} to {most} were dropped by the ledger"));
        }
    }
}
