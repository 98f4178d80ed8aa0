//! Items through standard input and output, which are a pipe, or a pair of sockets that keeps packets.

use std::io;
use std::os::fd::AsFd as _;

use crate::item::{BYTES, Item};
use crate::leg::{Put, Take};

/// Standard output.
pub(crate) struct Output;

impl Put for Output {
    fn put(&mut self, items: &[Item]) -> Result<(), String> {
        let mut bytes = items.as_flattened();
        while !bytes.is_empty() {
            let written = rustix::io::write(io::stdout().as_fd(), bytes)
                .map_err(|error| format!("an item cannot be written: {error}"))?;
            bytes = &bytes[written..];
        }
        Ok(())
    }
}

/// Standard input.
#[derive(Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
}

impl Take for Input {
    fn take(
        &mut self,
        most: usize,
        done: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<bool, String> {
        self.bytes.resize(most * BYTES, 0);
        let read = rustix::io::read(io::stdin().as_fd(), &mut self.bytes)
            .map_err(|error| format!("an item cannot be read: {error}"))?;
        self.bytes[..read].chunks(BYTES).try_for_each(done)?;
        Ok(read > 0)
    }
}
