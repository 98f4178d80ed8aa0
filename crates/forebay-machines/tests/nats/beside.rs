//! A connection beside those of the buffer, which speaks the protocol itself.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Failure;
use crate::servers::Server;

pub(crate) struct Beside {
    reader: BufReader<TcpStream>,
    asked: u64,
}

impl Beside {
    pub(crate) fn connect(server: &Server) -> Result<Self, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", server.port()))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut own = Self { reader: BufReader::new(stream), asked: 0 };
        own.line()?;
        let who = json!({
            "verbose": false,
            "user": server.text("user"),
            "pass": server.text("password"),
        });
        own.say(format!("CONNECT {who}\r\nSUB answer.* 1\r\n").as_bytes())?;
        Ok(own)
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Publishes, and waits for what is answered.
    pub(crate) fn ask(&mut self, subject: &str, payload: &str) -> Result<Value, Failure> {
        self.asked += 1;
        let (reply, length) = (format!("answer.{}", self.asked), payload.len());
        self.say(format!("PUB {subject} {reply} {length}\r\n{payload}\r\n").as_bytes())?;
        loop {
            let line = self.line()?;
            let words: Vec<&str> = line.split(' ').collect();
            match words.first() {
                Some(&"PING") => self.say(b"PONG\r\n")?,
                Some(&"MSG") => {
                    let mut bytes = vec![0; words.last().ok_or("no length")?.parse()?];
                    self.reader.read_exact(&mut bytes)?;
                    self.line()?;
                    if words.get(1) == Some(&reply.as_str()) {
                        return Ok(serde_json::from_slice(&bytes)?);
                    }
                }
                Some(&"-ERR") | None => return Err(line.into()),
                _ => {}
            }
        }
    }

    /// Asks JetStream; an error is one.
    pub(crate) fn stream(&mut self, verb: &str, what: &Value) -> Result<Value, Failure> {
        let told = self.ask(&format!("$JS.API.STREAM.{verb}"), &what.to_string())?;
        if told["error"].is_null() { Ok(told) } else { Err(told.to_string().into()) }
    }

    /// How many messages lie in the stream of a buffer.
    pub(crate) fn messages(&mut self, name: &str) -> Result<u64, Failure> {
        let about = self.stream(&format!("INFO.forebay-{name}"), &json!({}))?;
        about["state"]["messages"].as_u64().ok_or_else(|| "no count".into())
    }
}
