//! A few bytes back and forth with a server, to learn whether it answers.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may think about one answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than any of these answers has.
const LONGEST: usize = 1 << 20;

/// A connection to a port on loopback.
#[derive(Debug)]
pub(super) struct Wire(TcpStream);

impl Wire {
    pub(super) fn connect(port: u16) -> io::Result<Self> {
        let stream =
            TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    pub(super) fn say(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write_all(bytes.as_ref())
    }

    /// The next so many bytes.
    pub(super) fn hear(&mut self, count: usize) -> io::Result<Vec<u8>> {
        if count > LONGEST {
            return Err(io::Error::other("an answer of no server"));
        }
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// What comes up to the next end of a line, without that.
    pub(super) fn hear_line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') && line.len() < LONGEST {
            line.extend(self.hear(1)?);
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// The next line, which has to begin so.
    pub(super) fn expect(&mut self, beginning: &str) -> io::Result<String> {
        let line = self.hear_line()?;
        if line.starts_with(beginning) {
            Ok(line)
        } else {
            Err(io::Error::other(format!("it said `{line}`")))
        }
    }
}
