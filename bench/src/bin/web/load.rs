//! Clients, thousands a second from one thread: each opens a connection, asks once, and reads the answer
//! to the end of the connection.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::net::sockopt::set_socket_linger;

/// Clients that are behind their plan by more than this never come: what cannot be offered is not
/// made up for by a crowd.
const LATE: Duration = Duration::from_millis(20);

/// Clients that are there at the same time, at most: more are not let in.
const CROWD: usize = 8_000;

/// How long the last ones may take once no more come.
const LAST: Duration = Duration::from_secs(20);

const REQUEST: &[u8] = b"GET /load HTTP/1.1\r\nHost: forebay\r\nConnection: close\r\n\r\n";
const ACCEPTED: (&[u8], &[u8]) = (b"HTTP/1.1 200 ", b"you asked for /load\n");
const REFUSED: (&[u8], &[u8]) = (b"HTTP/1.1 503 ", b"busy\n");

/// How clients come.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plan {
    /// So many are there at any time: each that has its answer is followed by another.
    Closed(usize),
    /// So many come each second, whatever becomes of them.
    Open(f64),
}

/// What became of the clients.
#[derive(Debug)]
pub(crate) struct Tally {
    /// How long clients came.
    pub(crate) lasted: Duration,
    /// Clients that came.
    pub(crate) offered: u64,
    /// Clients with the answer that they asked for, while others still came, and in all.
    pub(crate) accepted_meanwhile: u64,
    pub(crate) accepted: u64,
    /// Clients that were told to come again.
    pub(crate) refused: u64,
    /// Clients with no answer, or half of one.
    pub(crate) unanswered: u64,
    /// Of those accepted, from the beginning of the connection to its end: µs.
    pub(crate) latencies: Histogram<u64>,
    /// Of those refused.
    pub(crate) refusals: Histogram<u64>,
}

/// Sends clients to `address` for so long, and waits for their answers. Calls `tick` about every
/// millisecond.
pub(crate) fn run(
    address: SocketAddr,
    plan: Plan,
    lasting: Duration,
    mut tick: impl FnMut(Duration) -> Result<(), String>,
) -> Result<Tally, String> {
    let mut crowd = Crowd::new(address).map_err(|error| format!("no clients: {error}"))?;
    let mut events = Events::with_capacity(1_024);
    let begun = Instant::now();
    // Clients that were due and came, or were too late to come.
    let mut gone_by: u64 = 0;
    loop {
        let elapsed = begun.elapsed();
        if elapsed >= lasting {
            break;
        }
        let due = match plan {
            Plan::Closed(clients) => (clients - crowd.present()) as u64,
            Plan::Open(rate) => {
                let due = (elapsed.as_secs_f64() * rate) as u64;
                gone_by = gone_by.max(due.saturating_sub((LATE.as_secs_f64() * rate) as u64));
                due - gone_by
            }
        };
        for _ in 0..due.min(64) {
            gone_by += 1;
            if crowd.present() < CROWD {
                crowd.admit()?;
            }
        }
        let wait = if due > 64 { Duration::ZERO } else { Duration::from_millis(1) };
        crowd.attend(&mut events, wait)?;
        tick(elapsed)?;
    }
    crowd.tally.lasted = begun.elapsed();
    crowd.tally.accepted_meanwhile = crowd.tally.accepted;
    let deadline = Instant::now() + LAST;
    while crowd.present() > 0 {
        if Instant::now() > deadline {
            return Err(format!("{} clients still wait for an answer", crowd.present()));
        }
        crowd.attend(&mut events, Duration::from_millis(1))?;
    }
    Ok(crowd.tally)
}

struct Crowd {
    address: SocketAddr,
    poll: Poll,
    clients: Vec<Option<Client>>,
    free: Vec<usize>,
    tally: Tally,
}

struct Client {
    stream: TcpStream,
    begun: Instant,
    has_asked: bool,
    answer: Vec<u8>,
}

impl Crowd {
    fn new(address: SocketAddr) -> io::Result<Self> {
        let histogram = || Histogram::new(3).expect("three digits can be kept");
        Ok(Self {
            address,
            poll: Poll::new()?,
            clients: Vec::new(),
            free: Vec::new(),
            tally: Tally {
                lasted: Duration::ZERO,
                offered: 0,
                accepted_meanwhile: 0,
                accepted: 0,
                refused: 0,
                unanswered: 0,
                latencies: histogram(),
                refusals: histogram(),
            },
        })
    }

    fn present(&self) -> usize {
        self.clients.len() - self.free.len()
    }

    /// One more client.
    fn admit(&mut self) -> Result<(), String> {
        let complaint = |error: io::Error| format!("a client could not set out: {error}");
        let begun = Instant::now();
        let mut stream = TcpStream::connect(self.address).map_err(complaint)?;
        // Reset after the answer, so that no port is kept for a minute.
        let _ = set_socket_linger(&stream, Some(Duration::ZERO));
        let place = self.free.pop().unwrap_or_else(|| {
            self.clients.push(None);
            self.clients.len() - 1
        });
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(place), both).map_err(complaint)?;
        self.tally.offered += 1;
        let client = Client { stream, begun, has_asked: false, answer: Vec::new() };
        self.clients[place] = Some(client);
        // On this machine the connection is often there already.
        self.look_after(place);
        Ok(())
    }

    /// Attends to whoever has something to do, waiting for that at most so long.
    fn attend(&mut self, events: &mut Events, wait: Duration) -> Result<(), String> {
        match self.poll.poll(events, Some(wait)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.to_string()),
            _ => {}
        }
        for event in events.iter() {
            self.look_after(event.token().0);
        }
        Ok(())
    }

    fn look_after(&mut self, place: usize) {
        let Some(client) = &mut self.clients[place] else { return };
        if !client.has_gone() {
            return;
        }
        let time = client.begun.elapsed().as_micros() as u64;
        let is = |(head, body): (&[u8], &[u8])| {
            client.answer.starts_with(head) && client.answer.ends_with(body)
        };
        let tally = &mut self.tally;
        if is(ACCEPTED) {
            tally.accepted += 1;
            tally.latencies.record(time).expect("it grows as it must");
        } else if is(REFUSED) {
            tally.refused += 1;
            tally.refusals.record(time).expect("it grows as it must");
        } else {
            tally.unanswered += 1;
        }
        self.clients[place] = None;
        self.free.push(place);
    }
}

impl Client {
    /// Asks and listens as far as it goes now; whether the connection is at its end.
    fn has_gone(&mut self) -> bool {
        if !self.has_asked {
            // So little goes at once, or not at all.
            match self.stream.write_all(REQUEST) {
                Ok(()) => self.has_asked = true,
                Err(error) => {
                    return !matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::NotConnected | ErrorKind::Interrupted
                    );
                }
            }
        }
        let mut part = [0; 512];
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => return true,
                Ok(length) => self.answer.extend_from_slice(&part[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
    }
}
