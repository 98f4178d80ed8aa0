//! A pool of connections: to check one out is to lease it.
//!
//! ```sh
//! cargo run -p forebay-examples --example connection_pool
//! ```
//!
//! A lease that is dropped gives its item back, so a connection comes back however its user leaves: at the end,
//! by `?`, or by a panic. Nobody has to remember it.
//!
//! Look for: at most two connections at a time; a third user who is told after its patience that there is none,
//! instead of hanging; a broken connection that is replaced for the next user; the same two at the end.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use forebay::{Consumer, Lease, Producer, bounded};

/// At most so many connections; those that are free wait in a buffer.
struct Pool {
    address: SocketAddr,
    free: Consumer<Connection>,
    /// Kept, because with its last producer the buffer would close.
    places: Producer<Connection>,
}

/// One connection, or none yet: it is made when it is first needed, and again when it broke.
#[derive(Debug, Default)]
struct Connection(Option<BufReader<TcpStream>>);

impl Pool {
    fn new(address: SocketAddr, connections: usize) -> Self {
        let (places, free) = bounded(connections);
        for _ in 0..connections {
            places.put(Connection::default()).expect("there is room for each");
        }
        Self { address, free, places }
    }

    /// A connection of one's own until it is dropped, or an error if none is free in time.
    fn check_out(&self, patience: Duration) -> io::Result<Lease<Connection>> {
        let mut lease = self
            .free
            .lease_timeout(patience)
            .map_err(|error| io::Error::new(io::ErrorKind::TimedOut, error))?;
        if lease.0.is_none() {
            lease.0 = Some(BufReader::new(TcpStream::connect(self.address)?));
        }
        Ok(lease)
    }
}

impl Connection {
    /// Asks the server something. A connection that fails is given up: the next user gets a new one.
    fn ask(&mut self, question: &str) -> io::Result<String> {
        let stream = self.0.as_mut().expect("it is made at the check-out");
        let mut answer = String::new();
        let asked = writeln!(stream.get_mut(), "{question}");
        match asked.and_then(|()| stream.read_line(&mut answer)) {
            Ok(1..) => Ok(answer.trim_end().to_owned()),
            failed => {
                self.0 = None;
                Err(failed.err().unwrap_or(io::ErrorKind::UnexpectedEof.into()))
            }
        }
    }
}

fn main() -> io::Result<()> {
    let pool = Pool::new(start_server()?, 2);
    let soon = Duration::from_millis(100);

    let (mut first, mut second) = (pool.check_out(soon)?, pool.check_out(soon)?);
    println!("two at once: {} and {}", first.ask("who")?, second.ask("who")?);
    println!("a third has to wait: {}", pool.check_out(soon).unwrap_err());
    drop(first); // it is free again
    println!("after one came back: {}", pool.check_out(soon)?.ask("who")?);

    println!("it breaks: {}", second.ask("quit").unwrap_err());
    drop(second);
    thread::scope(|scope| {
        for user in 1..=4 {
            let pool = &pool;
            scope.spawn(move || -> io::Result<()> {
                let mut connection = pool.check_out(Duration::from_secs(10))?;
                println!("user {user} has {}", connection.ask("who")?);
                Ok(())
            });
        }
    });
    let (mut first, mut second) = (pool.check_out(soon)?, pool.check_out(soon)?);
    println!("two again: {} and {}", first.ask("who")?, second.ask("who")?);
    drop((first, second));
    let told = pool.places.statistics();
    println!("{} free, {} in use", told.waiting, told.leased);
    Ok(())
}

/// Something to connect to: it numbers its connections, and hangs up on those who say `quit`.
fn start_server() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for (stream, number) in listener.incoming().flatten().zip(1..) {
            thread::spawn(move || {
                let mut questions = BufReader::new(&stream).lines().map_while(Result::ok);
                while questions.next().is_some_and(|question| question != "quit") {
                    if writeln!(&stream, "connection {number}").is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(address)
}
