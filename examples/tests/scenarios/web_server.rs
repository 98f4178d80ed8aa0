use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::process::{Ended, Example, WATCHDOG, numbers};

struct Server {
    process: Example,
    address: SocketAddr,
}

/// What a client was told, whole; empty if nothing.
#[derive(Debug)]
struct Answer(String);

impl Server {
    fn start(arguments: &str) -> Self {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let process = Example::start("web_server", &arguments);
        let line = process.line();
        let address = line.strip_prefix("listening on http://").expect("it says where");
        Self { address: address.parse().expect("an address"), process }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(WATCHDOG)).expect("a socket");
        stream
    }

    /// Asks from a thread of its own; the answer comes through the receiver.
    fn ask(&self, path: &str) -> Receiver<Answer> {
        let (answer, receiver) = mpsc::channel();
        let mut stream = self.connect();
        let text = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        thread::spawn(move || {
            let mut said = String::new();
            let asked = stream.write_all(text.as_bytes());
            if asked.and_then(|()| stream.read_to_string(&mut said)).is_err() {
                said.clear();
            }
            let _ = answer.send(Answer(said));
        });
        receiver
    }

    /// Clients that have sent a part of what they will ask.
    fn slow_clients(&self) -> Vec<TcpStream> {
        let begin = |_| {
            let mut stream = self.connect();
            stream.write_all(b"GET /slow HTTP/1.1\r\nHo").expect("it listens");
            stream
        };
        (0..50).map(begin).collect()
    }

    fn stop(self) -> Ended {
        self.process.terminate();
        self.process.end()
    }
}

impl Answer {
    fn of(receiver: &Receiver<Self>) -> Self {
        receiver.recv_timeout(WATCHDOG).expect("no client waits for ever")
    }

    fn is_accepted(&self) -> bool {
        self.0.starts_with("HTTP/1.1 200 ") && self.0.contains("you asked for /")
    }

    fn is_answer(&self) -> bool {
        self.is_accepted() || self.is_refused()
    }

    fn is_refused(&self) -> bool {
        self.0.starts_with("HTTP/1.1 503 ") && self.retry_after() >= 1
    }

    /// Seconds; 0 without that header.
    fn retry_after(&self) -> u64 {
        let mut headers = self.0.lines().filter_map(|line| line.split_once(": "));
        let header = headers.find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
        header.map_or(0, |(_, seconds)| seconds.parse().expect("a number"))
    }
}

/// `accepted A, refused R, at most W waited`.
fn account(told: &Ended) -> [u64; 3] {
    numbers(&told.lines[0]).try_into().expect("three numbers")
}

#[test]
fn what_is_too_much_is_refused_and_all_else_is_answered() {
    let server = Server::start("--workers 1 --capacity 2 --service-ms 1100");
    // One alone, so that the server knows how long it takes.
    assert!(Answer::of(&server.ask("/first")).is_accepted());
    let clients: Vec<_> = (0..12).map(|number| server.ask(&format!("/{number}"))).collect();
    let answers: Vec<Answer> = clients.iter().map(Answer::of).collect();
    let (accepted, others): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.is_accepted());
    assert!(accepted.len() >= 2, "{answers:?}");
    assert!(!others.is_empty() && others.iter().all(|a| a.is_refused()), "{answers:?}");
    // Two wait for one worker, each for 1.1 s.
    let longest = others.iter().map(|answer| answer.retry_after()).max();
    assert!(longest >= Some(3), "{others:?}");
    // And it goes on.
    assert!(Answer::of(&server.ask("/last")).is_accepted());
    let counts = [accepted.len() as u64 + 2, others.len() as u64, 2];
    assert_eq!(account(&server.stop()), counts);
}

#[test]
fn clients_that_send_slowly_stop_nobody() {
    let server = Server::start("--workers 1 --capacity 1 --patience-ms 3600000");
    let mut slow = server.slow_clients();
    assert!(Answer::of(&server.ask("/quick")).is_accepted());
    for stream in &mut slow {
        stream.write_all(b"st: here\r\nConnection: close\r\n\r\n").expect("it waits still");
    }
    // Whoever is done at last is accepted or refused, as all are.
    for stream in &mut slow {
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("it answers");
        assert!(Answer(said).is_answer());
    }
    let [accepted, refused, _] = account(&server.stop());
    assert_eq!(accepted + refused, 51);
}

#[test]
fn clients_that_send_too_slowly_are_sent_away() {
    let server = Server::start("--workers 1 --capacity 1 --patience-ms 200");
    for mut stream in server.slow_clients() {
        stream.read_to_end(&mut Vec::new()).expect("it hangs up");
    }
    assert_eq!(account(&server.stop()), [0, 0, 0]);
}

#[test]
fn what_was_accepted_is_answered_before_the_end() {
    let server = Server::start("--workers 1 --capacity 3 --service-ms 1000");
    // Until one is refused: then the buffer is full.
    let mut clients = Vec::new();
    let mut accepted = 0;
    loop {
        assert!(clients.len() < 100, "nobody is refused");
        let client = server.ask("/drained");
        match client.recv_timeout(Duration::from_millis(50)) {
            Ok(answer) if answer.is_refused() => break,
            Ok(answer) => accepted += u64::from(answer.is_accepted()),
            Err(_) => clients.push(client),
        }
    }
    let told = server.stop();
    accepted += clients.iter().map(Answer::of).filter(Answer::is_accepted).count() as u64;
    assert!(accepted >= 4, "one in work, and three that waited");
    assert_eq!(account(&told)[0], accepted, "{told:?}");
}
