//! One server: its folder, its ports and its password, which stay the same however often it is started.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

use super::engine::{self, Engine, PLAIN, TLS};
use super::process::{self, Signal};
use super::scratch::make_folder;
use super::{certificates, compose, install, ports, wire};

/// The user whom every server knows.
pub(super) const USER: &str = "forebay";

/// The file of what stays the same.
const SETTINGS: &str = "settings";

/// The folder of the records of its processes, and the server's own among them.
const RECORDS: &str = "processes";
const OWN_RECORD: &str = "server";

/// How long a server may take to end as it wishes to; then it is killed.
const FAREWELL: Duration = Duration::from_mins(1);

/// How many lines of a log are shown when something went wrong.
const LINES: usize = 25;

/// How a server is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As processes of this machine.
    Processes,
    /// By `docker compose`.
    Compose,
}

/// Whether a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Frozen,
    Gone,
}

/// A server.
pub(super) struct Server {
    pub(super) name: String,
    pub(super) engine: &'static dyn Engine,
    pub(super) way: Way,
    pub(super) password: String,
    folder: PathBuf,
    ports: Vec<(String, u16)>,
}

impl Server {
    pub(super) fn is_in(folder: &Path) -> bool {
        folder.join(SETTINGS).exists()
    }

    /// A new one in an empty folder.
    pub(super) fn make(
        name: &str,
        engine: &'static dyn Engine,
        way: Way,
        folder: &Path,
        taken: &[u16],
    ) -> Result<Self, String> {
        let free = ports::free(engine.ports().len(), taken)?;
        let ports = engine.ports().iter().map(|name| (*name).to_owned()).zip(free).collect();
        let folder = folder.to_path_buf();
        let server =
            Self { name: name.to_owned(), engine, way, password: password()?, folder, ports };
        make_folder(&server.path("data"))?;
        make_folder(&server.path(RECORDS))?;
        let mut settings = format!("way {way:?}\npassword {}\n", server.password);
        for (name, port) in &server.ports {
            let _ = writeln!(settings, "port {name} {port}");
        }
        // In one step: with half of its settings it would be none.
        server.write("settings.new", &settings)?;
        fs::rename(server.path("settings.new"), server.path(SETTINGS))
            .map_err(|error| format!("{}: {error}", server.path(SETTINGS).display()))?;
        Ok(server)
    }

    pub(super) fn read(name: &str, folder: &Path) -> Result<Self, String> {
        let path = folder.join(SETTINGS);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut server = Self {
            name: name.to_owned(),
            engine: engine::of(name)?,
            way: Way::Processes,
            password: String::new(),
            folder: folder.to_path_buf(),
            ports: Vec::new(),
        };
        for line in text.lines() {
            match *line.split(' ').collect::<Vec<_>>() {
                ["way", way] if way == format!("{:?}", Way::Compose) => server.way = Way::Compose,
                ["way", _] => {}
                ["password", password] => password.clone_into(&mut server.password),
                ["port", name, port] => {
                    let port = port.parse().map_err(|_| format!("{}: `{line}`", path.display()))?;
                    server.ports.push((name.to_owned(), port));
                }
                _ => return Err(format!("{}: `{line}`", path.display())),
            }
        }
        Ok(server)
    }

    /// Something in its folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path("log")
    }

    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.path(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// The folder that it shares with the other servers.
    pub(super) fn shared(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// Where the certificate of the authority, its own, and its key lie.
    pub(super) fn certificates(&self) -> (String, String, String) {
        let path = |name| certificates::folder(self.shared()).join(name).display().to_string();
        (path(certificates::CA), path(certificates::SERVER), path(certificates::SERVER_KEY))
    }

    /// The port of this name; those who ask for TLS where both have one port get that.
    pub(super) fn port(&self, name: &str) -> u16 {
        let of = |name: &str| self.ports.iter().find(|(own, _)| own == name).map(|(_, port)| *port);
        of(name).or_else(|| of(PLAIN)).expect("every server has a port for clients")
    }

    pub(super) fn all_ports(&self) -> impl Iterator<Item = u16> {
        self.ports.iter().map(|(_, port)| *port)
    }

    /// A command with this program, in its folder.
    pub(super) fn command(&self, program: &str) -> Result<Command, String> {
        let path = install::find(program)
            .ok_or_else(|| format!("{}: `{program}` is not here any more", self.name))?;
        let mut command = Command::new(path);
        command.current_dir(&self.folder);
        Ok(command)
    }

    fn record(&self, name: &str) -> PathBuf {
        self.path(RECORDS).join(name)
    }

    /// Its process, if it has one and lives.
    pub(super) fn process(&self) -> Option<process::Process> {
        process::of(&self.record(OWN_RECORD))
    }

    pub(super) fn state(&self) -> State {
        if self.way == Way::Compose {
            return compose::state(self);
        }
        match self.process() {
            Some(process) if process.frozen => State::Frozen,
            Some(_) => State::Running,
            None => State::Gone,
        }
    }

    /// Starts what of it does not run; it may take a while until it answers.
    pub(super) fn start(&self, demand_certificate: bool) -> Result<(), String> {
        self.engine.configure(self, demand_certificate)?;
        if self.way == Way::Compose {
            return compose::start(self);
        }
        for (name, command) in self.engine.processes(self)? {
            let record = self.record(name);
            if process::of(&record).is_none() {
                process::start(&command, &self.folder, &record, &self.log())?;
            }
        }
        Ok(())
    }

    /// Ends it as it wishes to be ended, or, if it does not end, at once.
    pub(super) fn stop(&self) -> Result<(), String> {
        if self.way == Way::Compose {
            return compose::stop(self);
        }
        if let Some(process) = self.process() {
            process.signal(Signal::Term)?;
            process.signal_group(Signal::Cont)?;
            if !process::gone_within(&self.record(OWN_RECORD), FAREWELL) {
                eprintln!("{}: does not end; killed", self.name);
                self.kill()?;
            }
        }
        Ok(())
    }

    /// Ends it at once.
    pub(super) fn kill(&self) -> Result<(), String> {
        if self.way == Way::Compose { compose::kill(self) } else { end(&self.record(OWN_RECORD)) }
    }

    pub(super) fn freeze(&self) -> Result<(), String> {
        if self.way == Way::Compose {
            return compose::freeze(self);
        }
        let process = self.process().ok_or_else(|| format!("{} does not run", self.name))?;
        process.signal_group(Signal::Stop)?;
        // Who froze it may rely on it.
        while self.state() == State::Running {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    pub(super) fn thaw(&self) -> Result<(), String> {
        if self.way == Way::Compose {
            return compose::thaw(self);
        }
        let process = self.process().ok_or_else(|| format!("{} does not run", self.name))?;
        process.signal_group(Signal::Cont)
    }

    /// What has to be done before its folder goes.
    pub(super) fn leave(&self) -> Result<(), String> {
        if self.way == Way::Compose { compose::remove(self) } else { Ok(()) }
    }

    /// Ends all processes of a server whose folder was `before`, and has been moved `now`.
    pub(super) fn end_all(before: &Path, now: &Path) -> Result<(), String> {
        for record in fs::read_dir(now.join(RECORDS)).into_iter().flatten().flatten() {
            end(&record.path())?;
        }
        process::end_all_of(before)
    }

    /// Its version, if it answers clients.
    pub(super) fn ask(&self) -> io::Result<String> {
        let version = self.engine.ask(self)?;
        wire::Wire::connect(self.port(TLS))?;
        Ok(version)
    }

    pub(super) fn note_version(&self, version: &str) -> Result<(), String> {
        self.write("version", version)
    }

    /// Its version, if it has answered once.
    pub(super) fn version(&self) -> Option<String> {
        fs::read_to_string(self.path("version")).ok()
    }

    /// Its URL, plain or in TLS.
    pub(super) fn url(&self, tls: bool) -> String {
        let [plain_scheme, tls_scheme] = self.engine.schemes();
        let (scheme, host, port) = if tls {
            (tls_scheme, "localhost", self.port(TLS))
        } else {
            (plain_scheme, "127.0.0.1", self.port(PLAIN))
        };
        format!("{scheme}://{USER}:{}@{host}:{port}", self.password)
    }

    /// The last lines that it printed.
    pub(super) fn end_of_log(&self) -> String {
        let said = fs::read(self.log()).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

/// Kills the process of a record, and waits until it is gone.
fn end(record: &Path) -> Result<(), String> {
    if let Some(process) = process::of(record) {
        process.signal_group(Signal::Kill)?;
        if !process::gone_within(record, process::DYING) {
            return Err(format!("process {} was killed and does not end", process.pid));
        }
    }
    Ok(())
}

/// A word that nobody guesses.
fn password() -> Result<String, String> {
    let mut bytes = [0; 12];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| format!("/dev/urandom: {error}"))?;
    Ok(bytes.iter().fold(String::new(), |mut word, byte| {
        let _ = write!(word, "{byte:02x}");
        word
    }))
}

#[cfg(test)]
impl Server {
    /// One that is never started.
    pub(super) fn for_test(name: &str) -> Self {
        let engine = engine::of(name).unwrap();
        let ports = engine.ports().iter().map(|name| (*name).to_owned()).zip(20_000..).collect();
        Self {
            name: name.to_owned(),
            engine,
            way: Way::Processes,
            password: "secret".to_owned(),
            folder: PathBuf::from("/scratch").join(name),
            ports,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::scratch::Folder;

    #[test]
    fn a_server_is_read_as_it_was_made() {
        let folder = Folder::for_test();
        let engine = engine::of("redis").unwrap();
        let made = Server::make("redis-2", engine, Way::Compose, folder.path(), &[]).unwrap();
        let read = Server::read("redis-2", folder.path()).unwrap();
        assert_eq!(read.way, Way::Compose);
        assert_eq!((&read.ports, &read.password), (&made.ports, &made.password));
        assert_ne!(read.port(PLAIN), read.port(TLS));
        assert_eq!(
            read.url(true),
            format!("rediss://forebay:{}@localhost:{}", made.password, made.port(TLS))
        );
    }
}
