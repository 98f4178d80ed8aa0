//! After a turn that nobody ended: everything that can be made out from slots, participants and waiters is.
//!
//! The slots are right, each by its word. What the dead hold is taken back on the way. If this is interrupted as well,
//! the next one begins anew: nothing is read here that an earlier attempt may have left half done.

use forebay_contract::Fault;

use super::tally::End;
use super::{Turn, content};
use crate::clock;
use crate::geometry::{Geometry, NONE};
use crate::lock::Others as _;
use crate::participant::Role;
use crate::slot::{MOST_POSITION, Slot, State, Word as SlotWord};

/// What was found and done.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Slots whose word or bytes made no sense, and were freed.
    pub(crate) discarded: u64,
    /// Leases that ended because their consumer is dead, or the machine was restarted.
    pub(crate) returned: u64,
    /// Participants found dead.
    pub(crate) dead: u64,
}

/// How far one believes what stands in the slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// A process died: each store is there or not, in order.
    Process,
    /// The machine did, or somebody repairs the file: bytes are compared with their checksums, and no lease has a
    /// holder that lives, unless it can be asked.
    Nothing,
}

impl Turn<'_> {
    /// Recovers after the death of whoever had the turn; the machine may have died with it.
    pub(super) fn recover(&mut self) -> Result<(), Fault> {
        self.control.recoveries().add(1);
        let trust = if self.is_of_another_start() { Trust::Nothing } else { Trust::Process };
        self.rebuild(trust).map(drop)
    }

    /// Makes out anew whatever can be.
    pub(crate) fn rebuild(&mut self, trust: Trust) -> Result<Found, Fault> {
        let control = self.control;
        // Others wait longer for this than for a turn.
        control.suspect().set(2);
        let mut found = Found::default();
        self.settle_intent();
        // Not before what was settled (release).
        control.intent().commit(0);

        let geometry = self.buffer.geometry;
        let mut generations = vec![None; geometry.participants as usize];
        for participant in 0..geometry.participants {
            let entry = self.buffer.entry(participant)?;
            let Some(generation) = entry.generation() else { continue };
            // Of one who only comes, the generation is not known yet: whoever had its entry is dead.
            let lives = if participant == self.me.participant {
                generation == self.me.generation
            } else {
                self.buffer.is_alive(participant)?
            };
            if lives {
                generations[participant as usize] = Some(generation);
            }
            entry.leased().set(0);
            entry.held().set(0);
        }

        let mut ready: Vec<(u64, u32)> = Vec::new();
        let mut used = Used::new(geometry.blocks);
        let mut counts = Counts::default();
        control.free_head().set(0);
        control.free_len().set(0);
        control.fresh_head().set(0);
        control.fresh_len().set(0);
        control.returned_len().set(0);
        control.due_len().set(0);
        for index in 0..geometry.slots {
            if index.is_multiple_of(256) {
                self.show_progress();
            }
            let slot = self.slot(index)?;
            // Each is read once: somebody may write what they like meanwhile.
            let (word, position) = (slot.word(), slot.position());
            let is_believed = position < trust.positions();
            let Some(state) = state_of(word, position)
                .filter(|state| is_believed || matches!(state, State::Free | State::Reserved))
            else {
                found.discarded += 1;
                self.discard(index, slot)?;
                continue;
            };
            if trust == Trust::Nothing && slot.since() > 0 && is_believed {
                // Also what is long finished: after a loss of power, only the slots know how far one was.
                counts.position = counts.position.max(position + 1);
            }
            if state == State::Free {
                self.push_free(index)?;
                continue;
            }
            if state == State::Done {
                self.end_item(index, slot, End::Finished)?;
                continue;
            }
            if trust == Trust::Nothing && state != State::Reserved && !self.has_its_bytes(slot)? {
                found.discarded += 1;
                self.discard(index, slot)?;
                continue;
            }
            let (owner, generation) = slot.owner();
            let is_held = matches!(state, State::Reserved | State::Leased | State::Taking)
                && generations.get(owner as usize) == Some(&Some(generation));
            if state == State::Reserved {
                // Its blocks are told by links that no checksum covers: whatever an item has is not touched for them.
                if is_held {
                    counts.set_aside.push(index);
                } else {
                    slot.commit(SlotWord::FREE);
                    self.push_free(index)?;
                }
                continue;
            }
            if !used.claim(self, slot, state == State::Dead)? {
                // A chain that another item has, too: the one that was freed before it was used again.
                found.discarded += 1;
                self.discard(index, slot)?;
                continue;
            }
            counts.position = counts.position.max(position + 1);
            match state {
                State::Free | State::Reserved | State::Done => {}
                State::Ready => ready.push((position, index)),
                State::Dead => {
                    counts.dead += 1;
                    counts.death = counts.death.max(slot.deadline().saturating_add(1));
                }
                State::Leased | State::Taking if !is_held => {
                    found.returned += 1;
                    let limit = self.buffer.settings.max_deliveries;
                    let is_last = state == State::Leased
                        && limit.is_some_and(|limit| word.deliveries() >= limit);
                    if is_last {
                        counts.burials.push(index);
                    } else {
                        slot.commit(word.with_state(State::Ready));
                        ready.push((position, index));
                    }
                }
                State::Taking => {
                    counts.taking += 1;
                    self.buffer.entry(owner)?.held().add(1);
                }
                State::Leased => {
                    counts.leased += 1;
                    self.buffer.entry(owner)?.leased().add(1);
                    slot.set_due(NONE);
                    if self.buffer.settings.lease_time.is_some() {
                        self.due().push(index)?;
                    }
                }
            }
        }
        for index in std::mem::take(&mut counts.set_aside) {
            let slot = self.slot(index)?;
            if !used.claim(self, slot, false)? {
                found.discarded += 1;
                self.discard(index, slot)?;
                continue;
            }
            counts.reserved += 1;
            counts.reserved_weight = counts.reserved_weight.saturating_add(slot.weight());
            self.buffer.entry(slot.owner().0)?.held().add(1);
        }
        self.rebuild_free_blocks(used.end(), |block| used.is_used(block))?;
        self.line_up(ready)?;
        control.reserved().set(counts.reserved);
        control.reserved_weight().set(counts.reserved_weight);
        control.weight().add(counts.reserved_weight);
        control.leased().set(counts.leased);
        control.taking().set(counts.taking);
        control.dead().set(counts.dead);
        let told = Some(control.next_position().get()).filter(|told| *told < trust.positions());
        control.next_position().set(told.unwrap_or(0).max(counts.position));
        control.next_death().set(control.next_death().get().max(counts.death));
        for index in counts.burials {
            let slot = self.slot(index)?;
            self.bury(slot, slot.word(), super::answers::DELIVERED, "")?;
        }
        found.dead = self.rebuild_participants(&generations)?;
        control.watch().set(0);
        // A repair believes nobody that he stands in line: who does, comes again.
        self.rebuild_lines(|participant| {
            trust == Trust::Process
                && generations.get(participant as usize).is_some_and(Option::is_some)
        })?;
        self.note_start();
        control.suspect().set(0);
        Ok(found)
    }

    /// Others see that this goes on, and wait: one who was stopped in it would hold them up for ever.
    pub(super) fn show_progress(&self) {
        // Odd, as it is.
        self.control.turns().add(2);
    }

    /// The order of what waits, and its counts.
    fn line_up(&mut self, mut ready: Vec<(u64, u32)>) -> Result<(), Fault> {
        ready.sort_unstable();
        let mut weight = 0_u64;
        for (at, (_, index)) in ready.iter().enumerate() {
            if at.is_multiple_of(1024) {
                self.show_progress();
            }
            self.push_fresh(*index)?;
            weight = weight.saturating_add(self.slot(*index)?.weight());
        }
        let depth = ready.len() as u64;
        self.control.waiting().set(depth);
        self.control.weight().set(weight);
        self.control.high_water().set(self.control.high_water().get().max(depth));
        Ok(())
    }

    /// Buries the dead, who hold nothing any more, and counts the living.
    fn rebuild_participants(&mut self, generations: &[Option<u32>]) -> Result<u64, Fault> {
        let (mut producers, mut consumers, mut dead) = (0, 0, 0);
        for participant in 0..self.buffer.geometry.participants {
            let entry = self.buffer.entry(participant)?;
            if entry.generation().is_none() {
                continue;
            }
            let lives = generations[participant as usize].is_some();
            match entry.role() {
                Role::Producer if lives => producers += 1,
                Role::Consumer if lives => consumers += 1,
                Role::Consumer => {
                    self.control.departed().add(entry.items().get());
                    self.control.consumer_wait().add(entry.waited().get());
                }
                Role::Producer => self.control.producer_wait().add(entry.waited().get()),
                Role::Other => {}
            }
            if !lives {
                entry.end();
                self.control.deaths().add(1);
                dead += 1;
            }
        }
        self.control.producers().set(producers);
        self.control.consumers().set(consumers);
        Ok(dead)
    }

    fn has_its_bytes(&self, slot: Slot<'_>) -> Result<bool, Fault> {
        match content::read(self.buffer, slot) {
            Ok(bytes) => Ok(content::is_intact(slot, &bytes)),
            Err(Fault::Damaged) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    fn discard(&mut self, index: u32, slot: Slot<'_>) -> Result<(), Fault> {
        slot.commit(SlotWord::FREE);
        self.push_free(index)
    }

    /// Whether the machine was restarted since the buffer was used last: then nobody holds anything.
    pub(crate) fn is_of_another_start(&self) -> bool {
        let (low, high) = clock::boot();
        (self.control.boot_low().get(), self.control.boot_high().get()) != (low, high)
    }

    fn note_start(&self) {
        let (low, high) = clock::boot();
        self.control.boot_low().set(low);
        self.control.boot_high().set(high);
    }
}

impl Trust {
    /// No position that is believed is as great. A repair leaves as many again: what somebody wrote into the file is not
    /// to leave a buffer without positions.
    fn positions(self) -> u64 {
        match self {
            Self::Process => MOST_POSITION,
            Self::Nothing => MOST_POSITION / 2,
        }
    }
}

/// The state that a word tells, if it is one that the rules allow, at a position that fits.
fn state_of(word: SlotWord, position: u64) -> Option<State> {
    word.state()
        .filter(|state| matches!(state, State::Free | State::Reserved) || word.fits(position))
}

#[derive(Default)]
struct Counts {
    reserved: u64,
    reserved_weight: u64,
    leased: u64,
    taking: u64,
    dead: u64,
    position: u64,
    death: u64,
    /// Slots that are set aside for one who lives.
    set_aside: Vec<u32>,
    burials: Vec<u32>,
}

/// Which blocks belong to an item.
struct Used(Vec<u64>);

impl Used {
    fn new(blocks: u32) -> Self {
        Self(vec![0; (blocks as usize).div_ceil(64)])
    }

    /// Behind the last of them.
    fn end(&self) -> u32 {
        let last = self.0.iter().rposition(|word| *word != 0);
        last.map_or(0, |at| at as u32 * 64 + (64 - self.0[at].leading_zeros()))
    }

    fn is_used(&self, block: u32) -> bool {
        self.0[block as usize / 64] >> (block % 64) & 1 == 1
    }

    fn set(&mut self, block: u32) {
        self.0[block as usize / 64] |= 1 << (block % 64);
    }

    /// Enters the blocks of a slot. `false` when one of them is no block, or another's.
    fn claim(&mut self, turn: &Turn<'_>, slot: Slot<'_>, is_dead: bool) -> Result<bool, Fault> {
        let Some(chain) = chain_of(turn, slot)? else { return Ok(false) };
        if chain.iter().any(|block| self.is_used(*block)) {
            return Ok(false);
        }
        for block in &chain {
            self.set(*block);
        }
        turn.mend_chain(&chain)?;
        if is_dead && slot.death().len > 0 {
            let block = slot.death().block;
            let is_there = super::dead::reason_of(turn.buffer, slot).is_some();
            if !is_there || block >= turn.buffer.geometry.blocks || self.is_used(block) {
                // The letter stays, without its reason.
                slot.set_death(crate::slot::Death { len: 0, block: NONE, ..slot.death() });
            } else {
                self.set(block);
            }
        }
        Ok(true)
    }
}

/// The blocks of a slot's item, if they are such.
fn chain_of(turn: &Turn<'_>, slot: Slot<'_>) -> Result<Option<Vec<u32>>, Fault> {
    let (len, first) = slot.extent();
    let blocks = Geometry::blocks_for(u64::from(len));
    if blocks > u64::from(turn.buffer.geometry.blocks) {
        return Ok(None);
    }
    match turn.chain(first, blocks as u32) {
        Ok(mut chain) => {
            let len = chain.len();
            chain.sort_unstable();
            chain.dedup();
            if chain.len() < len {
                return Ok(None);
            }
            turn.chain(first, blocks as u32).map(Some)
        }
        Err(Fault::Damaged) => Ok(None),
        Err(fault) => Err(fault),
    }
}
