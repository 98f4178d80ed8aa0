//! A list in Redis, another of what is being worked on, and a third of places that are free: each step is
//! one way there and back.

use std::path::Path;

use redis::{Client, Connection, Pipeline, RedisError, pipe};

use crate::item::{Item, LAST, item, number};
use crate::leg::{Put, Take};
use crate::medium::{Door, Medium};
use crate::place::Place;
use crate::race::Course;
use crate::server::Server;

pub(crate) const PROGRAM: &str = "redis-server";

/// Places that are told of at once.
const CHUNK: usize = 10_000;

/// A server of its own.
pub(crate) struct Redis {
    server: Server,
    bounded: bool,
    connection: Connection,
}

impl Redis {
    pub(crate) fn start(course: &Course, place: &Place) -> Result<Self, String> {
        let folder = place.scratch.path("redis");
        let socket = folder.join("socket");
        let mut arguments = vec!["--port", "0", "--save", "", "--daemonize", "no"];
        if course.power {
            arguments.extend(["--appendonly", "yes", "--appendfsync", "always"]);
        } else {
            arguments.extend(["--appendonly", "no"]);
        }
        let mut arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        for (flag, path) in [("--dir", &folder), ("--unixsocket", &socket)] {
            arguments.extend([flag.to_owned(), path.display().to_string()]);
        }
        let server = Server::start(PROGRAM, arguments, &folder, &socket)?;
        let mut connection = connect(&socket)?;
        // What nobody takes needs no place.
        let bounded = course.shape.consumers > 0;
        if bounded {
            let places = vec![1; course.capacity];
            for places in places.chunks(CHUNK) {
                query(&mut connection, pipe().cmd("RPUSH").arg("room").arg(places).ignore())?;
            }
        }
        Ok(Self { server, bounded, connection })
    }
}

fn complaint(error: &RedisError) -> String {
    format!("Redis: {error}")
}

fn connect(socket: &Path) -> Result<Connection, String> {
    let client =
        Client::open(format!("unix://{}", socket.display())).map_err(|error| complaint(&error))?;
    client.get_connection().map_err(|error| complaint(&error))
}

fn query(connection: &mut Connection, steps: &Pipeline) -> Result<(), String> {
    steps.query(connection).map_err(|error| complaint(&error))
}

impl Medium for Redis {
    fn door(&self) -> Result<Door, String> {
        Ok(Door::Redis { socket: self.server.socket().to_path_buf(), bounded: self.bounded })
    }

    fn end(&mut self, consumers: usize) -> Result<(), String> {
        let last = item(LAST);
        let mut steps = pipe();
        for _ in 0..consumers {
            steps.cmd("RPUSH").arg("items").arg(last.as_slice()).ignore();
        }
        if consumers == 0 { Ok(()) } else { query(&mut self.connection, &steps) }
    }

    fn waiting(&mut self) -> Result<Option<u64>, String> {
        redis::cmd("LLEN")
            .arg("items")
            .query(&mut self.connection)
            .map(Some)
            .map_err(|error| complaint(&error))
    }
}

/// The producing side.
pub(crate) struct Producer {
    connection: Connection,
    bounded: bool,
}

impl Producer {
    pub(crate) fn connect(socket: &Path, bounded: bool) -> Result<Self, String> {
        Ok(Self { connection: connect(socket)?, bounded })
    }
}

impl Put for Producer {
    fn put(&mut self, items: &[Item]) -> Result<(), String> {
        let mut steps = pipe();
        if self.bounded {
            for item in items {
                steps.cmd("BLPOP").arg("room").arg(0).ignore();
                steps.cmd("RPUSH").arg("items").arg(item.as_slice()).ignore();
            }
        } else {
            let bodies: Vec<&[u8]> = items.iter().map(Item::as_slice).collect();
            steps.cmd("RPUSH").arg("items").arg(bodies).ignore();
        }
        query(&mut self.connection, &steps)
    }
}

/// The consuming side.
pub(crate) struct Consumer {
    connection: Connection,
    bounded: bool,
    /// What was worked on and is done, which is said together with the next step.
    done: Option<Vec<u8>>,
}

impl Consumer {
    pub(crate) fn connect(socket: &Path, bounded: bool) -> Result<Self, String> {
        Ok(Self { connection: connect(socket)?, bounded, done: None })
    }
}

impl Take for Consumer {
    fn take(
        &mut self,
        _most: usize,
        done: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<bool, String> {
        let mut steps = pipe();
        if let Some(last) = self.done.take() {
            steps.cmd("LREM").arg("work").arg(1).arg(last).ignore();
            if self.bounded {
                steps.cmd("RPUSH").arg("room").arg(1).ignore();
            }
        }
        steps.cmd("BLMOVE").arg("items").arg("work").arg("LEFT").arg("RIGHT").arg(0);
        let taken: Vec<Vec<u8>> =
            steps.query(&mut self.connection).map_err(|error| complaint(&error))?;
        let [taken] = <[Vec<u8>; 1]>::try_from(taken).map_err(|_| "Redis gave no item")?;
        if number(&taken)? == LAST {
            return Ok(false);
        }
        done(&taken)?;
        self.done = Some(taken);
        Ok(true)
    }
}

/// Its release, where it is installed.
pub(crate) fn release() -> Option<String> {
    let said = crate::server::said(PROGRAM, &["--version"])?;
    let release = said.split("v=").nth(1)?.split_whitespace().next()?;
    Some(release.to_owned())
}
