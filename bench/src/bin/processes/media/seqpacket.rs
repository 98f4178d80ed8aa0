//! A pair of unix sockets of the kind SOCK_SEQPACKET: each batch a packet.

use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_send_buffer_size, set_socket_send_buffer_size_force};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};

use crate::item::BYTES;
use crate::medium::{Door, Medium, Side};
use crate::race::Course;

/// Both ends, held until the producers have gone.
pub(crate) struct Pair {
    ends: Option<(OwnedFd, OwnedFd)>,
    note: Option<String>,
}

impl Pair {
    /// One that holds as near to the capacity as it can.
    pub(crate) fn new(course: &Course) -> Result<Self, String> {
        let complaint = |error: Errno| format!("a pair of sockets: {error}");
        // How many packets a size holds is the kernel's business: it is tried.
        let packets = course.capacity.div_ceil(course.batch);
        let bytes = course.batch * BYTES;
        let most = 1 << 16;
        let each = {
            let pair = pair().map_err(complaint)?;
            set_size(&pair.0, most).map_err(complaint)?;
            // The kernel doubles what it is told.
            2 * most / fill(&pair.0, bytes).map_err(complaint)?.max(1)
        };
        let size = each * packets / 2;
        let trial = pair().map_err(complaint)?;
        set_size(&trial.0, size).map_err(complaint)?;
        let held = fill(&trial.0, bytes).map_err(complaint)? * course.batch;
        let ends = pair().map_err(complaint)?;
        set_size(&ends.0, size).map_err(complaint)?;
        let note = (held != course.capacity)
            .then(|| format!("holds {held} items where {} is asked for", course.capacity));
        Ok(Self { ends: Some(ends), note })
    }
}

fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
}

/// Beyond what the system allows everybody, where this process may.
fn set_size(socket: &OwnedFd, size: usize) -> Result<(), Errno> {
    set_socket_send_buffer_size_force(socket, size)
        .or_else(|_| set_socket_send_buffer_size(socket, size))
}

/// How many packets it takes until it is full.
fn fill(socket: &OwnedFd, bytes: usize) -> Result<usize, Errno> {
    let packet = vec![0; bytes];
    for sent in 0.. {
        match send(socket, &packet, SendFlags::DONTWAIT) {
            Ok(_) => {}
            Err(Errno::AGAIN) => return Ok(sent),
            Err(error) => return Err(error),
        }
    }
    Ok(0)
}

impl Medium for Pair {
    fn door(&self) -> Result<Door, String> {
        Ok(Door::Stream)
    }

    fn equip(&self, command: &mut Command, side: Side) -> Result<(), String> {
        let (output, input) = self.ends.as_ref().ok_or("the sockets are closed")?;
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
