//! An open buffer, from which producers and consumers are had.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use forebay_contract::{Codec, Fault, JoinError, Patience, Statistics};

use crate::attachment::Attachment;
use crate::consumer::Consumer;
use crate::ending;
use crate::file::{self, OpenError, Why};
use crate::geometry::Geometry;
use crate::header::Header;
use crate::lock::Limit;
use crate::participant::Role;
use crate::party::Party;
use crate::producer::Producer;
use crate::region::{Mark, Region};
use crate::settings::Settings;
use crate::statistics::{self, Held, Participant};
use crate::turn::{Findings, Item, Letter, Me, Purpose, Trust, Turn};

impl Settings {
    /// Makes a buffer of these settings, in a file of this name, which must not be there. Nobody ever sees a half made
    /// one: the file gets its name when it is complete and on the disk.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<(), OpenError> {
        let path = path.as_ref();
        let (file, header) = file::prepare(path, self)?;
        let fault = |fault| OpenError::new(path, Why::Fault(fault));
        {
            let own = file.try_clone().map_err(|error| OpenError::new(path, Why::System(error)))?;
            let buffer = attach(path, path, own, header, true)?;
            // Nobody else has it, so nobody's life has to be shown.
            let me = Me { participant: 0, generation: 0 };
            // Of no start of the machine yet, so that everything is laid out.
            Turn::begin(&buffer, me, Limit::Forever, Purpose::Join).map_err(fault)?;
        }
        file::name(path, &file, self.mode)
    }
}

fn attach(
    path: &Path,
    real: &Path,
    file: File,
    header: Header,
    writable: bool,
) -> Result<Attachment, OpenError> {
    let system = |error| OpenError::new(path, Why::System(error));
    let Header { settings, geometry, .. } = header;
    let region = Region::map(&file, geometry.len, writable).map_err(system)?;
    Ok(Attachment {
        path: real.to_owned(),
        identity: file::identity(&file).map_err(system)?,
        file,
        region,
        geometry,
        settings,
        mark: Mark::new().map_err(system)?,
        tasks: Mutex::new(HashMap::new()),
        bell: Mutex::new(Weak::new()),
    })
}

/// A buffer in a file, open. A clone is the same opening.
#[derive(Debug, Clone)]
pub struct Buffer {
    attachment: Arc<Attachment>,
    /// As which it closes, joins, and looks after dead letters.
    party: Arc<Party>,
}

impl Buffer {
    /// Opens a buffer. What dead processes left behind is taken care of at once.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let (file, header) = file::open(path, true)?;
        let fault = |fault| OpenError::new(path, Why::Fault(fault));
        // Wherever this process goes later, the name is the same.
        let real =
            std::path::absolute(path).map_err(|error| OpenError::new(path, Why::System(error)))?;
        let attachment = Arc::new(attach(path, &real, file, header, true)?);
        let (party, _descriptor) = Party::join(&attachment, Role::Other).map_err(fault)?;
        {
            let mut turn = party.care(Limit::Forever).map_err(fault)?;
            match turn.sweep() {
                // Whoever is to repair it has to open it first.
                Ok(_) | Err(Fault::Damaged) => {}
                Err(other) => return Err(fault(other)),
            }
        }
        Ok(Self { attachment, party: Arc::new(party) })
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.attachment.path
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.attachment.settings
    }

    /// The most bytes that an item may have in this buffer, however empty it is. Where its capacity in bytes is bounded that
    /// is told for items that weigh what they are long, as they do unless a codec says otherwise.
    pub fn longest_item(&self) -> u64 {
        statistics::longest_item(&self.attachment)
    }

    /// A producer of items of type `T`, which the codec turns into bytes.
    pub fn producer<T, C: Codec<T>>(&self, codec: C) -> Result<Producer<T, C>, Fault> {
        let (party, _descriptor) = Party::join(&self.attachment, Role::Producer)?;
        Ok(Producer::new(Arc::new(party), codec))
    }

    /// A consumer of items of type `T`, which the codec makes of bytes.
    pub fn consumer<T, C: Codec<T>>(&self, codec: C) -> Result<Consumer<T, C>, Fault> {
        Ok(self.lasting_consumer(codec)?.0)
    }

    /// A consumer, and a descriptor that keeps it alive, in the eyes of others, as long as it is open in any process.
    ///
    /// Hand it, inherited, to whoever cleans up after this process, and close it here: what the consumer holds is given
    /// back only when both are gone. A clone of the consumer is kept by nothing.
    pub fn lasting_consumer<T, C: Codec<T>>(
        &self,
        codec: C,
    ) -> Result<(Consumer<T, C>, OwnedFd), Fault> {
        let (party, descriptor) = Party::join(&self.attachment, Role::Consumer)?;
        Ok((Consumer::new(Arc::new(party), codec), descriptor))
    }

    /// Refuses all further puts, of every process, and lets consumers drain what is left (C6).
    pub fn close(&self) -> Result<(), Fault> {
        ending::close(&self.party)
    }

    /// Waits until nothing is unfinished (C7).
    pub fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        ending::join_within(&self.party, patience)
    }

    /// The counts and waits of this moment (C8), read without the lock.
    pub fn statistics(&self) -> Statistics {
        self.party.statistics()
    }

    /// Those who use the buffer, this opening left out: producers, consumers, others, each in the order in which they
    /// came.
    pub fn participants(&self) -> Vec<Participant> {
        let mut found = statistics::participants(&self.attachment);
        let own = (Role::Other, self.party.number);
        found.retain(|participant| (participant.role, participant.number) != own);
        found
    }

    /// What is out on lease, oldest item first.
    pub fn leases(&self) -> Vec<Held> {
        statistics::leases(&self.attachment)
    }

    /// For how long the oldest item has waited.
    pub fn oldest(&self) -> Option<Duration> {
        statistics::oldest(&self.attachment)
    }

    /// What is in the buffer, in the order of puts: what waits, is leased, or is a dead letter. Each that is there all
    /// the while, once; some that come or go meanwhile.
    pub fn items(&self) -> Result<Vec<Item>, Fault> {
        Item::all(&self.attachment)
    }

    /// The dead letters, in the order of their deaths.
    pub fn dead_letters(&self) -> Result<Vec<Letter>, Fault> {
        Letter::all(&self.attachment)
    }

    /// Puts a dead letter back to its position, as if it had never been leased. Says whether it was there.
    pub fn retry(&self, letter: &Letter) -> Result<bool, Fault> {
        let is_there = self.party.turn(Limit::Forever)?.retry(letter)?;
        self.party.commit()?;
        Ok(is_there)
    }

    /// Drops a dead letter for good. Says whether it was there.
    pub fn purge(&self, letter: &Letter) -> Result<bool, Fault> {
        let is_there = self.party.turn(Limit::Forever)?.purge(letter)?;
        self.party.commit()?;
        Ok(is_there)
    }

    /// Looks whether everything in the file fits together, while nobody moves anything.
    pub fn verify(&self) -> Result<Findings, Fault> {
        self.party.care(Limit::Forever)?.examine()
    }

    /// Makes whatever can be made out from the items anew, frees what makes no sense, and accepts that a sync failed.
    pub fn repair(&self) -> Result<Findings, Fault> {
        let mut turn = self.party.care(Limit::Forever)?;
        let mut findings = turn.examine()?;
        let found = turn.rebuild(Trust::Nothing)?;
        findings.discarded = found.discarded;
        drop(turn);
        // Whoever waits for a sync that failed is told so until everything is on the disk.
        self.party.commit_all()?;
        self.party.care(Limit::Forever)?.forgive();
        self.party.commit_control()?;
        Ok(findings)
    }
}

/// A buffer that is only looked at: by whoever may read the file, without the lock, changing nothing.
#[derive(Debug)]
pub struct Inspection {
    attachment: Attachment,
}

impl Inspection {
    /// Opens a buffer to look at it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let (file, header) = file::open(path, false)?;
        Ok(Self { attachment: attach(path, path, file, header, false)? })
    }

    /// What the buffer was made with.
    pub fn settings(&self) -> &Settings {
        &self.attachment.settings
    }

    /// The most bytes that an item may have in this buffer, however empty it is. Where its capacity in bytes is bounded that
    /// is told for items that weigh what they are long, as they do unless a codec says otherwise.
    pub fn longest_item(&self) -> u64 {
        statistics::longest_item(&self.attachment)
    }

    /// The counts and waits of this moment (C8).
    pub fn statistics(&self) -> Statistics {
        statistics::read(&self.attachment)
    }

    /// Those who use the buffer, in the order in which they came.
    pub fn participants(&self) -> Vec<Participant> {
        statistics::participants(&self.attachment)
    }

    /// What is out on lease, oldest item first.
    pub fn leases(&self) -> Vec<Held> {
        statistics::leases(&self.attachment)
    }

    /// For how long the oldest item has waited.
    pub fn oldest(&self) -> Option<Duration> {
        statistics::oldest(&self.attachment)
    }

    /// The dead letters, in the order of their deaths.
    pub fn dead_letters(&self) -> Result<Vec<Letter>, Fault> {
        Letter::all(&self.attachment)
    }

    /// The process whose turn it is at this moment, if it is anybody's, and the number of that turn. Where both are the same
    /// at a later look, it has not gone on, and whoever wants a turn waits for it.
    pub fn turn(&self) -> Option<(u32, u64)> {
        statistics::turn(&self.attachment)
    }

    /// What is wrong with the file as far as one can see now, if anything is.
    pub fn fault(&self) -> Option<Fault> {
        let poisoned = |attachment: &Attachment| {
            attachment.control().is_ok_and(|control| control.poisoned().get() != 0)
        };
        match self.attachment.check().and_then(|()| self.attachment.check_name()) {
            Err(fault) => Some(fault),
            Ok(()) => poisoned(&self.attachment).then_some(Fault::Poisoned),
        }
    }

    /// The length of the file in bytes.
    pub fn file_len(&self) -> u64 {
        let Geometry { len, .. } = self.attachment.geometry;
        len
    }
}
