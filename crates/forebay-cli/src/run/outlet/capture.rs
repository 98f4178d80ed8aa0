//! What a command writes, kept until it has ended.

use std::io;

use crate::run::outlet::spill::{Segment, Spill};

/// More than this of one stream goes to the spill file.
const IN_MEMORY: usize = 1 << 20;

/// One of a command's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Stdout,
    Stderr,
}

impl Which {
    pub(crate) const BOTH: [Self; 2] = [Self::Stdout, Self::Stderr];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// One stream of a command: the part in the spill file, then the part in memory.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    spilled: Vec<Segment>,
    memory: Vec<u8>,
    length: u64,
}

impl Stream {
    pub(crate) fn push(&mut self, bytes: &[u8], spill: &Spill) {
        self.pass(bytes);
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > IN_MEMORY {
            self.spill(spill);
        }
    }

    /// Counts what is kept elsewhere, or by nobody.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
    }

    /// Moves what is in memory to the file. Where there is no room for it, it stays in memory:
    /// output is never lost.
    pub(crate) fn spill(&mut self, spill: &Spill) {
        if !self.memory.is_empty()
            && let Ok(segment) = spill.append(&self.memory)
        {
            self.spilled.push(segment);
            self.memory = Vec::new();
        }
    }

    /// Bytes written by the command.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Bytes held in memory.
    pub(crate) fn held(&self) -> usize {
        self.memory.len()
    }

    /// Hands over everything that was kept, in order, part by part.
    pub(crate) fn read<E: From<io::Error>>(
        &self,
        spill: &Spill,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        for segment in &self.spilled {
            spill.read(*segment, &mut sink)?;
        }
        if self.memory.is_empty() { Ok(()) } else { sink(&self.memory) }
    }

    /// Forgets everything but keeps the memory for the next command.
    fn clear(&mut self, spill: &Spill) {
        for segment in self.spilled.drain(..) {
            spill.release(segment);
        }
        self.memory.clear();
        self.length = 0;
    }
}

/// Both streams of one command.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) stdout: Stream,
    pub(crate) stderr: Stream,
    /// Part of it should have been printed already, and could not be.
    pub(crate) is_lost: bool,
}

impl Output {
    pub(crate) fn stream(&self, which: Which) -> &Stream {
        match which {
            Which::Stdout => &self.stdout,
            Which::Stderr => &self.stderr,
        }
    }

    pub(crate) fn stream_mut(&mut self, which: Which) -> &mut Stream {
        match which {
            Which::Stdout => &mut self.stdout,
            Which::Stderr => &mut self.stderr,
        }
    }

    pub(crate) fn clear(&mut self, spill: &Spill) {
        self.stdout.clear(spill);
        self.stderr.clear(spill);
        self.is_lost = false;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.stdout.length == 0 && self.stderr.length == 0
    }

    pub(crate) fn held(&self) -> usize {
        self.stdout.held() + self.stderr.held()
    }

    pub(crate) fn spill(&mut self, spill: &Spill) {
        self.stdout.spill(spill);
        self.stderr.spill(spill);
    }
}
