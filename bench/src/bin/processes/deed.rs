//! What this program does when it is its own child.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use crate::alone::{self, Long};
use crate::control::Control;
use crate::leg::{consume, produce};
use crate::medium::{Door, Side, Stint, this};
use crate::{open, recovery, waiter};

/// The flag by which a child is told what to do.
pub(crate) const FLAG: &str = "--deed";

/// What a child has to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Deed {
    /// One side of a race.
    Leg { door: Door, stint: Stint },
    /// Puts and takes, with nobody else there.
    Alone { door: Door, batch: usize, long: Long },
    /// Waits on a buffer, for room or for an item, until it is killed.
    Wait { file: PathBuf, side: Side },
    /// Only sleeps, so long each time, until it is killed.
    Doze(Duration),
    /// Opens a buffer, and tells how long that took and what memory.
    Look(PathBuf),
    /// Leases, acks and puts, and notes the time, until the buffer is closed.
    Survive { file: PathBuf, hand: u64 },
    /// Waits for one item.
    Await(PathBuf),
    /// Something, until it is killed.
    Suffer { file: PathBuf, kind: recovery::Kind },
    /// Another program, which dies with the one that started this.
    Serve { program: PathBuf, arguments: Vec<String> },
}

/// A deed, and where to report.
#[derive(Debug, Serialize, Deserialize)]
struct Errand {
    gate: PathBuf,
    deed: Deed,
}

impl Deed {
    /// The child that does it, not yet started.
    pub(crate) fn command(self, gate: &Path) -> Result<Command, String> {
        let errand = Errand { gate: gate.to_path_buf(), deed: self };
        let errand = serde_json::to_string(&errand).map_err(|error| error.to_string())?;
        let mut command = Command::new(this()?);
        command.args([FLAG, &errand]);
        Ok(command)
    }
}

/// Does what this child was told.
pub(crate) fn run(errand: &str) -> Result<(), String> {
    let Errand { gate, deed } =
        serde_json::from_str(errand).map_err(|error| format!("{errand:?}: {error}"))?;
    if let Deed::Serve { program, arguments } = deed {
        let bound = set_parent_process_death_signal(Some(Signal::KILL));
        bound.map_err(|error| error.to_string())?;
        let error = Command::new(&program).args(arguments).exec();
        return Err(format!("{}: {error}", program.display()));
    }
    let mut control = Control::reach(&gate)?;
    let control = &mut control;
    match deed {
        Deed::Leg { door, stint } => leg(control, &door, stint),
        Deed::Alone { door, batch, long } => alone::run(control, &door, batch, long),
        Deed::Wait { file, side } => waiter::run(control, &file, side),
        Deed::Doze(nap) => waiter::doze(control, nap),
        Deed::Look(file) => open::run(control, &file),
        Deed::Survive { file, hand } => recovery::survive(control, &file, hand),
        Deed::Await(file) => recovery::wait(control, &file),
        Deed::Suffer { file, kind } => recovery::suffer(control, &file, kind),
        Deed::Serve { .. } => Ok(()),
    }
}

fn leg(control: &mut Control, door: &Door, stint: Stint) -> Result<(), String> {
    let leg = match stint.side {
        Side::Producer => {
            let mut medium = door.producer()?;
            control.ready()?;
            produce(&mut *medium, stint.hand, stint.batch, stint.lasting, stint.most)?
        }
        Side::Consumer => {
            let mut medium = door.consumer()?;
            control.ready()?;
            consume(&mut *medium, stint.batch)?
        }
    };
    control.say(&serde_json::to_string(&leg).map_err(|error| error.to_string())?)
}
