//! beanstalkd, which keeps a lease too (it calls it a reservation) and has no bound.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::item::{BYTES, Item, LAST, item, number};
use crate::leg::{Put, Take};
use crate::medium::{Door, Medium};
use crate::place::Place;
use crate::race::Course;
use crate::server::Server;

pub(crate) const PROGRAM: &str = "beanstalkd";

/// A server of its own.
pub(crate) struct Beanstalkd {
    server: Server,
}

impl Beanstalkd {
    pub(crate) fn start(course: &Course, place: &Place) -> Result<Self, String> {
        let folder = place.scratch.path("beanstalkd");
        let socket = folder.join("socket");
        let mut arguments = vec!["-l".to_owned(), format!("unix:{}", socket.display())];
        if course.power {
            arguments.extend(["-b".to_owned(), folder.display().to_string(), "-f0".to_owned()]);
        }
        Ok(Self { server: Server::start(PROGRAM, arguments, &folder, &socket)? })
    }
}

impl Medium for Beanstalkd {
    fn door(&self) -> Result<Door, String> {
        Ok(Door::Beanstalkd(self.server.socket().to_path_buf()))
    }

    fn end(&mut self, consumers: usize) -> Result<(), String> {
        Client::connect(self.server.socket())?.put(&vec![item(LAST); consumers])
    }

    fn waiting(&mut self) -> Result<Option<u64>, String> {
        Client::connect(self.server.socket())?.waiting().map(Some)
    }

    fn notes(&self) -> Vec<String> {
        vec!["has no bound, so its producers never wait".to_owned()]
    }
}

/// A connection.
pub(crate) struct Client {
    stream: BufReader<UnixStream>,
    request: Vec<u8>,
    /// The item that was taken last, which is finished together with the next step.
    done: Option<String>,
}

impl Client {
    pub(crate) fn connect(socket: &Path) -> Result<Self, String> {
        let stream = UnixStream::connect(socket).map_err(|error| complaint(&error))?;
        Ok(Self { stream: BufReader::new(stream), request: Vec::new(), done: None })
    }

    fn send(&mut self) -> Result<(), String> {
        self.stream.get_mut().write_all(&self.request).map_err(|error| complaint(&error))?;
        self.request.clear();
        Ok(())
    }

    /// The rest of a line that begins with this word.
    fn answer(&mut self, word: &str) -> Result<String, String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).map_err(|error| complaint(&error))?;
        let rest = line.trim_end().strip_prefix(word).map(|rest| rest.trim_start().to_owned());
        rest.ok_or_else(|| format!("beanstalkd says {line:?} where {word} is due"))
    }

    fn body(&mut self, bytes: usize) -> Result<Vec<u8>, String> {
        let mut body = vec![0; bytes + 2];
        self.stream.read_exact(&mut body).map_err(|error| complaint(&error))?;
        body.truncate(bytes);
        Ok(body)
    }

    fn waiting(&mut self) -> Result<u64, String> {
        self.request.extend(b"stats-tube default\r\n");
        self.send()?;
        let bytes = self.answer("OK")?.parse().map_err(|_| "beanstalkd gave no length")?;
        let said = String::from_utf8_lossy(&self.body(bytes)?).into_owned();
        let line = said.lines().find_map(|line| line.strip_prefix("current-jobs-ready: "));
        line.and_then(|count| count.parse().ok()).ok_or_else(|| format!("no count in {said}"))
    }
}

fn complaint(error: &std::io::Error) -> String {
    format!("beanstalkd: {error}")
}

impl Put for Client {
    fn put(&mut self, items: &[Item]) -> Result<(), String> {
        for item in items {
            self.request.extend(format!("put 0 0 600 {BYTES}\r\n").as_bytes());
            self.request.extend(item);
            self.request.extend(b"\r\n");
        }
        self.send()?;
        for _ in items {
            self.answer("INSERTED")?;
        }
        Ok(())
    }
}

impl Take for Client {
    fn take(
        &mut self,
        _most: usize,
        done: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<bool, String> {
        let last = self.done.take();
        if let Some(id) = &last {
            self.request.extend(format!("delete {id}\r\n").as_bytes());
        }
        self.request.extend(b"reserve\r\n");
        self.send()?;
        if last.is_some() {
            self.answer("DELETED")?;
        }
        let reserved = self.answer("RESERVED")?;
        let (id, _) = reserved.split_once(' ').ok_or("beanstalkd gave no id")?;
        let body = self.body(BYTES)?;
        if number(&body)? == LAST {
            return Ok(false);
        }
        done(&body)?;
        self.done = Some(id.to_owned());
        Ok(true)
    }
}

/// Its release, where it is installed.
pub(crate) fn release() -> Option<String> {
    let said = crate::server::said(PROGRAM, &["-v"])?;
    said.split_whitespace().nth(1).map(str::to_owned)
}
