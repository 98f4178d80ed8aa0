//! Those who are measured: ours and its peers.

use std::fmt;

use bench::contender::Contends;
use clap::ValueEnum;

use crate::media::python::Kind;
use crate::media::{bare, beanstalkd, boost, forebay, mqueue, pipe, redis, seqpacket, sqlite};
use crate::medium::Medium;
use crate::place::Place;
use crate::race::Course;

/// How many items are put, leased and acked at a time where several are.
pub(crate) const BATCH: usize = 64;

/// One of those who are measured, in its best configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Contender {
    /// Ours, each item put, leased and acked by itself.
    Forebay,
    /// Ours, 64 at a time.
    ForebayMany,
    /// A pipe, in which items follow each other.
    Pipe,
    /// A pipe that keeps packets (O_DIRECT).
    PipePackets,
    /// A pair of unix sockets that keep packets.
    Seqpacket,
    /// A POSIX message queue.
    Mqueue,
    /// boost::interprocess::message_queue.
    Boost,
    /// faster-fifo, of Python.
    FasterFifo,
    /// multiprocessing.Queue, of Python.
    Queue,
    /// multiprocessing.JoinableQueue, of Python, told of each item that it is done.
    JoinableQueue,
    /// A table in SQLite: put, lease and ack, each a commit; what the plug takes is taken.
    SqliteNormal,
    /// The same, each commit synced.
    SqliteFull,
    /// Lists in Redis, with a lease, and with places for the bound.
    Redis,
    /// beanstalkd: put, reserve and delete.
    Beanstalkd,
    /// A write and an fdatasync for each batch, and nothing else.
    Bare,
}

impl Contender {
    /// Peers that carry one item after the other.
    pub(crate) const SINGLE: [Self; 12] = [
        Self::Pipe,
        Self::PipePackets,
        Self::Seqpacket,
        Self::Mqueue,
        Self::Boost,
        Self::FasterFifo,
        Self::Queue,
        Self::JoinableQueue,
        Self::SqliteNormal,
        Self::SqliteFull,
        Self::Redis,
        Self::Beanstalkd,
    ];

    /// Peers that can carry several in one call.
    pub(crate) const SEVERAL: [Self; 6] = [
        Self::Pipe,
        Self::PipePackets,
        Self::Seqpacket,
        Self::FasterFifo,
        Self::SqliteNormal,
        Self::SqliteFull,
    ];

    /// Peers that can promise that what was put survives the plug.
    pub(crate) const POWER: [Self; 4] =
        [Self::Bare, Self::SqliteFull, Self::Redis, Self::Beanstalkd];

    /// Whether this is ours.
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Forebay | Self::ForebayMany)
    }

    /// How many items one call carries, where most carry `usually`.
    pub(crate) fn batch(self, usually: usize) -> usize {
        match self {
            Self::ForebayMany => BATCH,
            // It knows no batches.
            Self::Forebay | Self::Beanstalkd => 1,
            _ => usually,
        }
    }

    /// Which queue of Python it is, if it is one.
    pub(crate) fn in_python(self) -> Option<Kind> {
        match self {
            Self::FasterFifo => Some(Kind::FasterFifo),
            Self::Queue => Some(Kind::Queue),
            Self::JoinableQueue => Some(Kind::JoinableQueue),
            _ => None,
        }
    }

    /// A new one.
    pub(crate) fn medium(
        self,
        course: &Course,
        place: &mut Place,
    ) -> Result<Box<dyn Medium>, String> {
        let name = place.scratch.name("forebay-bench");
        Ok(match self {
            Self::Forebay | Self::ForebayMany => {
                Box::new(forebay::Forebay::new(place.scratch.path("buffer"), course)?)
            }
            Self::Pipe => Box::new(pipe::Pipe::new(course, false)?),
            Self::PipePackets => Box::new(pipe::Pipe::new(course, true)?),
            Self::Seqpacket => Box::new(seqpacket::Pair::new(course)?),
            Self::Mqueue => Box::new(mqueue::Mqueue::new(&name, course)?),
            Self::Boost => Box::new(boost::Boost::new(place.boost()?.clone(), name, course)?),
            Self::SqliteNormal | Self::SqliteFull => {
                let file = place.scratch.path("table");
                Box::new(sqlite::Sqlite::new(file, self == Self::SqliteFull, course)?)
            }
            Self::Redis => Box::new(redis::Redis::start(course, place)?),
            Self::Beanstalkd => Box::new(beanstalkd::Beanstalkd::start(course, place)?),
            Self::Bare => Box::new(bare::Bare::new(place.scratch.path("bare"))?),
            Self::FasterFifo | Self::Queue | Self::JoinableQueue => {
                return Err("the queues of Python are between processes of Python".to_owned());
            }
        })
    }

    /// What it is made of, and the release; how to come by it where it is not there.
    pub(crate) fn found(self, place: &mut Place) -> Result<(String, String), String> {
        let install =
            |name: &str, packages: &str| format!("{name} (Debian: apt-get install {packages})");
        let of = |name: &str, release: Option<String>, packages: &str| {
            release.map(|release| (name.to_owned(), release)).ok_or_else(|| install(name, packages))
        };
        match self {
            Self::Forebay | Self::ForebayMany => {
                Ok(("forebay".to_owned(), env!("CARGO_PKG_VERSION").to_owned()))
            }
            Self::Pipe | Self::PipePackets | Self::Seqpacket | Self::Mqueue | Self::Bare => {
                let release = rustix::system::uname().release().to_string_lossy().into_owned();
                Ok(("linux".to_owned(), release))
            }
            Self::Boost => match place.boost() {
                Ok(program) => Ok(("boost".to_owned(), program.release.clone())),
                Err(error) => Err(format!("{} ({error})", install("boost", "g++ libboost-dev"))),
            },
            Self::FasterFifo | Self::Queue | Self::JoinableQueue => {
                let python = place.python();
                let found = python.map(|python| match self {
                    Self::FasterFifo => ("faster-fifo".to_owned(), python.faster_fifo.clone()),
                    _ => ("Python".to_owned(), python.release.clone()),
                });
                found.map_err(|error| {
                    format!("{} ({error})", install(&self.to_string(), "python3-venv"))
                })
            }
            Self::SqliteNormal | Self::SqliteFull => {
                Ok(("SQLite".to_owned(), rusqlite::version().to_owned()))
            }
            Self::Redis => of("Redis", redis::release(), "redis-server"),
            Self::Beanstalkd => of("beanstalkd", beanstalkd::release(), "beanstalkd"),
        }
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forebay => "forebay",
            Self::ForebayMany => "forebay many",
            Self::Pipe => "pipe",
            Self::PipePackets => "pipe of packets",
            Self::Seqpacket => "seqpacket",
            Self::Mqueue => "POSIX mq",
            Self::Boost => "boost mq",
            Self::FasterFifo => "faster-fifo",
            Self::Queue => "Queue",
            Self::JoinableQueue => "JoinableQueue",
            Self::SqliteNormal => "SQLite NORMAL",
            Self::SqliteFull => "SQLite FULL",
            Self::Redis => "Redis",
            Self::Beanstalkd => "beanstalkd",
            Self::Bare => "bare fdatasync",
        })
    }
}

/// A contender that is there.
#[derive(Debug, Clone)]
pub(crate) struct Entrant {
    pub(crate) contender: Contender,
    /// Of what it is made of.
    pub(crate) release: (String, String),
}

impl fmt::Display for Entrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.contender.fmt(f)
    }
}

impl Contends for Entrant {
    fn is_ours(&self) -> bool {
        self.contender.is_ours()
    }

    fn release(&self) -> Option<(String, String)> {
        (!self.contender.is_ours()).then(|| self.release.clone())
    }
}
