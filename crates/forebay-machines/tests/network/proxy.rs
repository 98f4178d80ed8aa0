//! A TCP proxy between us and a server, which does what networks do.

#![allow(dead_code, reason = "not every engine meets all of it")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What becomes of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// It arrives.
    Fair,
    /// Each connection breaks after so many bytes at most, in one direction or the other, in the midst of whatever it is.
    Cutting(u64),
    /// Nothing arrives, and nobody is told.
    Silent,
    /// So many bytes arrive in a second, on each connection, in each direction.
    Slow(u64),
    /// Connections break, and new ones at once.
    Broken,
}

/// How often a connection looks at the weather while nothing arrives.
const LOOK: Duration = Duration::from_millis(5);

/// The proxy. It goes on as long as this lives.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: u16,
    weather: Mutex<Weather>,
    held: Mutex<Held>,
    random: Mutex<fastrand::Rng>,
    cuts: AtomicU64,
    is_over: AtomicBool,
}

/// A request that arrives late: its client has given its connection up, and asked again on another.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    No,
    /// The next that has these bytes in it.
    Next(Vec<u8>),
    /// One is held.
    Yes,
}

/// The bytes that one direction of a connection may yet carry.
type Budget = Option<u64>;

impl Proxy {
    /// Stands before the server at this port.
    pub(crate) fn before(server: u16, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let shared = Arc::new(Shared {
            server,
            weather: Mutex::new(Weather::Fair),
            held: Mutex::new(Held::No),
            random: Mutex::new(fastrand::Rng::with_seed(seed)),
            cuts: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let accepts = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if accepts.is_over.load(Ordering::Relaxed) {
                    break;
                }
                let client = client.expect("it is connected");
                let shared = Arc::clone(&accepts);
                thread::spawn(move || shared.join(client));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn set(&self, weather: Weather) {
        *self.shared.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// Holds back the next that is sent with these bytes in it, and breaks its connection on the side of who sent it.
    pub(crate) fn hold(&self, bytes: &[u8]) {
        *self.shared.held() = Held::Next(bytes.to_vec());
    }

    /// Whether something is held back.
    pub(crate) fn holds(&self) -> bool {
        *self.shared.held() == Held::Yes
    }

    /// Lets what is held back arrive.
    pub(crate) fn release(&self) {
        *self.shared.held() = Held::No;
    }

    /// Connections that were cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // The thread that accepts looks.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

impl Shared {
    fn weather(&self) -> Weather {
        *self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, if these are to come late. Whoever sent them is told at once that the connection is broken.
    fn hold(&self, bytes: &[u8], from: &TcpStream) {
        let mut held = self.held();
        if let Held::Next(wanted) = &*held
            && bytes.windows(wanted.len()).any(|part| part == wanted)
        {
            *held = Held::Yes;
            drop(held);
            let _ = from.shutdown(Shutdown::Both);
            while *self.held() == Held::Yes {
                thread::sleep(LOOK);
            }
        }
    }

    /// Joins a client with the server.
    fn join(self: Arc<Self>, client: TcpStream) {
        // Who is refused by the server is refused by us.
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.server)) else { return };
        let budgets: [Budget; 2] = match self.weather() {
            Weather::Cutting(most) => {
                let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
                let bytes = Some(random.u64(1..=most));
                if random.bool() { [bytes, None] } else { [None, bytes] }
            }
            _ => [None, None],
        };
        let (to, from) = (twin(&server), twin(&client));
        let own = Arc::clone(&self);
        let back = thread::spawn(move || own.carry(server, from, budgets[1]));
        self.carry(client, to, budgets[0]);
        let _ = back.join();
    }

    /// Carries bytes in one direction, until one side ends or the connection breaks.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream, mut budget: Budget) {
        from.set_read_timeout(Some(LOOK)).expect("a time limit can be set");
        to.set_nodelay(true).expect("it can be told not to wait");
        let mut bytes = [0; 4096];
        while !self.is_over.load(Ordering::Relaxed) {
            let weather = self.weather();
            match weather {
                Weather::Broken => break,
                Weather::Silent => {
                    thread::sleep(LOOK);
                    continue;
                }
                _ => {}
            }
            let most = match weather {
                Weather::Slow(rate) => (rate / 20).clamp(1, 4096) as usize,
                _ => bytes.len(),
            };
            let count = match from.read(&mut bytes[..most]) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    continue;
                }
                Err(_) => break,
            };
            self.hold(&bytes[..count], &from);
            let carried = budget.map_or(count, |left| count.min(left as usize));
            if to.write_all(&bytes[..carried]).is_err() {
                break;
            }
            if let Some(left) = &mut budget {
                *left -= carried as u64;
                if *left == 0 {
                    self.cuts.fetch_add(1, Ordering::Relaxed);
                    break;
                }
            }
            if let Weather::Slow(rate) = weather {
                thread::sleep(Duration::from_secs_f64(carried as f64 / rate as f64));
            }
        }
        // Both sides learn of it.
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}

fn twin(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a connection can be had twice")
}
