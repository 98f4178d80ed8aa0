//! A buffer on a server that nobody else uses, and a folder in which `forebay` is run.

use std::ffi::OsStr;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::engine::Engine;
use crate::process::{Ended, Folder, Going, start_with};
use crate::server::Server;

/// Both; the buffer is deleted with it.
pub(crate) struct Place {
    pub(crate) folder: Folder,
    pub(crate) engine: Engine,
    pub(crate) server: Server,
    pub(crate) name: String,
}

impl Place {
    /// On the server that tests have; `None` where there is none.
    pub(crate) fn new(engine: Engine) -> Option<Self> {
        Some(Self::on(engine, Server::or_skip(engine.server)?))
    }

    pub(crate) fn on(engine: Engine, server: Server) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("command-{}-{number}", process::id());
        Self { folder: Folder::new(), engine, server, name }
    }

    /// The same, with a buffer made there with these flags.
    pub(crate) fn with_buffer(engine: Engine, flags: &str) -> Option<Self> {
        let place = Self::new(engine)?;
        place.line(format!("create @ {flags}").trim()).exits(0);
        Some(place)
    }

    /// Of its buffer.
    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.server.text("url"), self.name)
    }

    /// As messages tell it.
    pub(crate) fn shown(&self) -> String {
        format!("{}://127.0.0.1:{}/{}", self.engine.scheme, self.server.port(), self.name)
    }

    /// Starts `forebay` with these arguments and input; `@` is the URL.
    pub(crate) fn start<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Going {
        let url = self.url();
        let arguments = arguments.iter().map(|argument| match argument.as_ref() {
            word if word == "@" => OsStr::new(&url),
            word => word,
        });
        start_with(self.folder.root(), arguments, input)
    }

    /// Runs it to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Ended {
        self.start(arguments, input).wait()
    }

    /// The same for a line without spaces in its words, without input.
    pub(crate) fn line(&self, line: &str) -> Ended {
        self.run(&line.split(' ').collect::<Vec<_>>(), b"")
    }

    pub(crate) fn start_line(&self, line: &str) -> Going {
        self.start(&line.split(' ').collect::<Vec<_>>(), b"")
    }

    /// What `stat --json` tells of the buffer.
    #[track_caller]
    pub(crate) fn stat(&self) -> Value {
        let stat = self.line("stat @ --json").exits(0);
        serde_json::from_slice(&stat.stdout).expect("JSON")
    }

    /// One figure of it.
    #[track_caller]
    pub(crate) fn figure(&self, key: &str) -> u64 {
        self.stat()[key].as_u64().unwrap_or_else(|| panic!("no {key}"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(buffer) = forebay::connect(&self.url()) {
            let _ = buffer.delete();
        }
    }
}
