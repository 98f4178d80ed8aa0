//! What this program does when it is its own child.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use crate::alone::{self, Long};
use crate::control::Control;
use crate::leg::{consume, produce};
use crate::medium::{Door, Side, Stint, this};

/// The flag by which a child is told what to do.
pub(crate) const FLAG: &str = "--deed";

/// What a child has to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Deed {
    /// One side of a race.
    Leg { door: Door, stint: Stint },
    /// Puts and takes, with nobody else there.
    Alone { door: Door, batch: usize, long: Long },
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
    match deed {
        Deed::Leg { door, stint } => {
            let mut control = Control::reach(&gate)?;
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
        Deed::Alone { door, batch, long } => {
            alone::run(&mut Control::reach(&gate)?, &door, batch, long)
        }
        Deed::Serve { program, arguments } => {
            set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string())?;
            let error = Command::new(&program).args(arguments).exec();
            Err(format!("{}: {error}", program.display()))
        }
    }
}
