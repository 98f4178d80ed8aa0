//! A pipe: all items in one stream, or each batch a packet of its own.

use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::param::page_size;
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

use crate::item::BYTES;
use crate::medium::{Door, Medium, Side};
use crate::race::Course;

/// Both ends, held until the producers have gone.
pub(crate) struct Pipe {
    ends: Option<(OwnedFd, OwnedFd)>,
    note: Option<String>,
}

impl Pipe {
    /// One that holds as near to the capacity as it can, and no less, unless the system
    /// forbids it. `packets`: what is written by one
    /// call is read by one call, and takes a page.
    pub(crate) fn new(course: &Course, packets: bool) -> Result<Self, String> {
        let complaint = |error: Errno| format!("a pipe: {error}");
        let flags =
            PipeFlags::CLOEXEC | if packets { PipeFlags::DIRECT } else { PipeFlags::empty() };
        let (input, output) = pipe_with(flags).map_err(complaint)?;
        let mut wanted = if packets {
            course.capacity.div_ceil(course.batch) * page_size()
        } else {
            course.capacity * BYTES
        };
        let size = loop {
            match fcntl_setpipe_size(&output, wanted) {
                // More than the system allows everybody.
                Err(Errno::PERM) if wanted > page_size() => wanted /= 2,
                size => break size.map_err(complaint)?,
            }
        };
        let held = if packets { size / page_size() * course.batch } else { size / BYTES };
        let note = (held != course.capacity)
            .then(|| format!("holds {held} items where {} is asked for", course.capacity));
        Ok(Self { ends: Some((input, output)), note })
    }
}

impl Medium for Pipe {
    fn door(&self) -> Result<Door, String> {
        Ok(Door::Stream)
    }

    fn equip(&self, command: &mut Command, side: Side) -> Result<(), String> {
        let (input, output) = self.ends.as_ref().ok_or("the pipe is closed")?;
        let end = |end: &OwnedFd| end.try_clone().map(Stdio::from).map_err(|e| e.to_string());
        match side {
            Side::Producer => command.stdout(end(output)?),
            Side::Consumer => command.stdin(end(input)?),
        };
        Ok(())
    }

    fn end(&mut self, _consumers: usize) -> Result<(), String> {
        self.ends = None;
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        self.note.clone().into_iter().collect()
    }
}
