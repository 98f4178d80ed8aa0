//! A table in SQLite, with a write-ahead log, as its users make a queue of it.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, params};

use crate::item::Item;
use crate::leg::{Put, Take};
use crate::medium::{Door, Medium};
use crate::race::Course;

/// How long somebody waits before it looks again whether there is room, or an item: SQLite calls nobody.
const LOOK: Duration = Duration::from_millis(1);

/// How long SQLite waits for its own lock before it says that it is busy.
const BUSY: Duration = Duration::from_secs(30);

/// The file, and a connection to it.
pub(crate) struct Sqlite {
    file: PathBuf,
    full: bool,
    capacity: u64,
    table: Table,
}

impl Sqlite {
    /// A new one. `full`: each commit is synced.
    pub(crate) fn new(file: PathBuf, full: bool, course: &Course) -> Result<Self, String> {
        let capacity = course.capacity as u64;
        let table = Table::open(&file, full, capacity)?;
        table.connection.execute_batch(
            "CREATE TABLE items (id INTEGER PRIMARY KEY, leased INTEGER NOT NULL DEFAULT 0, body BLOB);
             CREATE INDEX waiting ON items (leased) WHERE leased = 0;
             CREATE TABLE closed (at INTEGER);",
        )
        .map_err(|error| complaint(&error))?;
        Ok(Self { file, full, capacity, table })
    }
}

impl Medium for Sqlite {
    fn door(&self) -> Result<Door, String> {
        Ok(Door::Sqlite { file: self.file.clone(), full: self.full, capacity: self.capacity })
    }

    fn end(&mut self, _consumers: usize) -> Result<(), String> {
        let closed = self.table.connection.execute("INSERT INTO closed VALUES (1)", []);
        closed.map(drop).map_err(|error| complaint(&error))
    }

    fn waiting(&mut self) -> Result<Option<u64>, String> {
        self.table.count("SELECT count(*) FROM items WHERE leased = 0").map(Some)
    }
}

/// A connection.
pub(crate) struct Table {
    connection: Connection,
    capacity: u64,
}

fn complaint(error: &rusqlite::Error) -> String {
    format!("SQLite: {error}")
}

impl Table {
    pub(crate) fn open(file: &Path, full: bool, capacity: u64) -> Result<Self, String> {
        let connection = Connection::open(file).map_err(|error| complaint(&error))?;
        connection.busy_timeout(BUSY).map_err(|error| complaint(&error))?;
        let set = |name, value| {
            connection.pragma_update(None, name, value).map_err(|error| complaint(&error))
        };
        set("journal_mode", "WAL")?;
        set("synchronous", if full { "FULL" } else { "NORMAL" })?;
        Ok(Self { connection, capacity })
    }

    fn count(&self, query: &str) -> Result<u64, String> {
        let mut query = self.connection.prepare_cached(query).map_err(|error| complaint(&error))?;
        let count: i64 =
            query.query_row([], |row| row.get(0)).map_err(|error| complaint(&error))?;
        Ok(count.cast_unsigned())
    }

    /// Runs it as one transaction, which takes the lock before it reads.
    fn at_once<R>(
        &self,
        several: bool,
        work: impl FnOnce() -> Result<R, String>,
    ) -> Result<R, String> {
        let say = |what: &str| {
            let mut statement =
                self.connection.prepare_cached(what).map_err(|error| complaint(&error))?;
            statement.execute([]).map_err(|error| complaint(&error))
        };
        if several {
            say("BEGIN IMMEDIATE")?;
        }
        let outcome = work()?;
        if several {
            say("COMMIT")?;
        }
        Ok(outcome)
    }
}

impl Put for Table {
    fn put(&mut self, items: &[Item]) -> Result<(), String> {
        let mut placed = 0;
        while placed < items.len() {
            placed += self.at_once(items.len() > 1, || {
                let mut insert = self
                    .connection
                    .prepare_cached(
                        "INSERT INTO items (body) SELECT ?1 WHERE
                         (SELECT count(*) FROM items WHERE leased = 0) < ?2",
                    )
                    .map_err(|error| complaint(&error))?;
                for (placed, item) in items[placed..].iter().enumerate() {
                    if insert
                        .execute(params![item, self.capacity.cast_signed()])
                        .map_err(|error| complaint(&error))?
                        == 0
                    {
                        return Ok(placed);
                    }
                }
                Ok(items.len() - placed)
            })?;
            if placed < items.len() {
                thread::sleep(LOOK);
            }
        }
        Ok(())
    }
}

impl Take for Table {
    fn take(
        &mut self,
        most: usize,
        done: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<bool, String> {
        loop {
            let taken = self.lease(most)?;
            if taken.is_empty() {
                let closed = self.count("SELECT count(*) FROM closed")? > 0;
                // Asked after that: an item may have come between the two looks.
                let waiting = self.count("SELECT count(*) FROM items WHERE leased = 0")? > 0;
                if closed && !waiting {
                    return Ok(false);
                }
                thread::sleep(LOOK);
                continue;
            }
            for (_, body) in &taken {
                done(body)?;
            }
            return self.at_once(taken.len() > 1, || {
                let mut delete = self
                    .connection
                    .prepare_cached("DELETE FROM items WHERE id = ?1")
                    .map_err(|error| complaint(&error))?;
                for (id, _) in &taken {
                    delete.execute([id]).map_err(|error| complaint(&error))?;
                }
                Ok(true)
            });
        }
    }
}

impl Table {
    fn lease(&self, most: usize) -> Result<Vec<(i64, Vec<u8>)>, String> {
        let mut update = self
            .connection
            .prepare_cached(
                "UPDATE items SET leased = 1 WHERE id IN
                 (SELECT id FROM items WHERE leased = 0 ORDER BY id LIMIT ?1) RETURNING id, body",
            )
            .map_err(|error| complaint(&error))?;
        let rows = update
            .query_map([most.cast_signed() as i64], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|error| complaint(&error))?;
        rows.collect::<Result<_, _>>().map_err(|error| complaint(&error))
    }
}
