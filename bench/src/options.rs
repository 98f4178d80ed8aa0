//! What every bench can be told.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum as _};
use forebay::Discipline;

use crate::contender::{Contender, Peer};

/// What every bench can be told.
#[derive(Debug, Args)]
pub struct Options {
    /// Rounds; the median of them is told
    #[arg(long, default_value_t = 7, value_parser = RangedU64ValueParser::<u16>::new().range(1..))]
    rounds: u16,
    /// How long a round of one contender takes, about
    #[arg(long, value_name = "MS", value_parser = RangedU64ValueParser::<u64>::new().range(1..))]
    round_ms: Option<u64>,
    /// 3 rounds, each a quarter as long: a first look, not a figure
    #[arg(long)]
    quick: bool,
    /// Every discipline, not the ring alone
    #[arg(long)]
    disciplines: bool,
    /// Only these peers, such as kanal,crossfire
    #[arg(long, value_delimiter = ',')]
    peers: Option<Vec<Peer>>,
    /// Write everything to this file as JSON; `cargo xtask bench page` makes a picture of it
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl Options {
    /// How many rounds.
    pub fn rounds(&self) -> usize {
        if self.quick { 3 } else { self.rounds.into() }
    }

    /// How long a round of one contender takes, if `usually` is the bench's own choice.
    pub fn round(&self, usually: Duration) -> Duration {
        let round = self.round_ms.map_or(usually, Duration::from_millis);
        if self.quick { round / 4 } else { round }
    }

    /// Ours.
    pub fn disciplines(&self) -> &'static [Discipline] {
        if self.disciplines { &Discipline::ALL } else { &[Discipline::Ring] }
    }

    /// Ours first, then the peers.
    pub fn contenders(&self) -> Vec<Contender> {
        let ours = self.disciplines().iter().copied().map(Contender::Forebay);
        let peers = self.peers.as_deref().unwrap_or(Peer::value_variants());
        ours.chain(peers.iter().copied().map(Contender::Peer)).collect()
    }
}
