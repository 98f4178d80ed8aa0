//! What carries items from process to process, as those see it who start them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deed::Deed;
use crate::leg::{Put, Take};
use crate::media::{bare, beanstalkd, forebay, mqueue, redis, sqlite, stream};

/// What carries items from process to process.
pub(crate) trait Medium {
    /// The way in for a process of this program.
    fn door(&self) -> Result<Door, String>;

    /// Gives a process that is not yet started what it needs to stand at this side.
    fn equip(&self, _command: &mut Command, _side: Side) -> Result<(), String> {
        Ok(())
    }

    /// The process that stands at one side, not yet started.
    fn command(&self, stint: Stint, gate: &Path) -> Result<Command, String> {
        let mut command = Deed::Leg { door: self.door()?, stint }.command(gate)?;
        self.equip(&mut command, stint.side)?;
        Ok(command)
    }

    /// Lets so many consumers end as soon as they have taken what is left. No producer is there any more.
    fn end(&mut self, consumers: usize) -> Result<(), String>;

    /// How many items wait, where it can be asked.
    fn waiting(&mut self) -> Result<Option<u64>, String> {
        Ok(None)
    }

    /// What has to be said of it beside its figures.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Where a process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Side {
    Producer,
    Consumer,
}

/// What one process of a race has to do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Stint {
    pub(crate) side: Side,
    /// Which one it is of its side.
    pub(crate) hand: u64,
    pub(crate) batch: usize,
    pub(crate) lasting: Duration,
    /// Items that a producer puts at most.
    pub(crate) most: u64,
}

/// The way into a medium for a process of this program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Door {
    Forebay(PathBuf),
    /// Standard input and output.
    Stream,
    Mqueue(String),
    Sqlite {
        file: PathBuf,
        full: bool,
        capacity: u64,
    },
    Redis {
        socket: PathBuf,
        bounded: bool,
    },
    Beanstalkd(PathBuf),
    Bare(PathBuf),
}

impl Door {
    /// To put through.
    pub(crate) fn producer(&self) -> Result<Box<dyn Put>, String> {
        Ok(match self {
            Self::Forebay(file) => Box::new(forebay::Feed::open(file)?),
            Self::Stream => Box::new(stream::Output),
            Self::Mqueue(name) => Box::new(mqueue::End::open(name)?),
            Self::Sqlite { file, full, capacity } => {
                Box::new(sqlite::Table::open(file, *full, *capacity)?)
            }
            Self::Redis { socket, bounded } => {
                Box::new(redis::Producer::connect(socket, *bounded)?)
            }
            Self::Beanstalkd(socket) => Box::new(beanstalkd::Client::connect(socket)?),
            Self::Bare(file) => Box::new(bare::Log::open(file)?),
        })
    }

    /// To take through.
    pub(crate) fn consumer(&self) -> Result<Box<dyn Take>, String> {
        Ok(match self {
            Self::Forebay(file) => Box::new(forebay::Drain::open(file)?),
            Self::Stream => Box::new(stream::Input::default()),
            Self::Mqueue(name) => Box::new(mqueue::End::open(name)?),
            Self::Sqlite { file, full, capacity } => {
                Box::new(sqlite::Table::open(file, *full, *capacity)?)
            }
            Self::Redis { socket, bounded } => {
                Box::new(redis::Consumer::connect(socket, *bounded)?)
            }
            Self::Beanstalkd(socket) => Box::new(beanstalkd::Client::connect(socket)?),
            Self::Bare(_) => return Err("nothing is taken from a bare file".to_owned()),
        })
    }
}

/// This program.
pub(crate) fn this() -> Result<PathBuf, String> {
    env::current_exe().map_err(|error| format!("this program is nowhere: {error}"))
}
