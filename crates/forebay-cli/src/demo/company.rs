//! Those who play in a scene as processes of their own: started, heard, and gone with it.
//!
//! Each is this program again, told by its environment what its part is. All write on one pipe, a line at a time, and only
//! while they have the page, which is a lock on a file: so what they tell comes in the order in which it happened,
//! whichever process it happened in.

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, PipeWriter, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

use super::cast::{Actor, Cast};
use super::narrator;

/// Whose part a process plays, where, and over which buffer on a server; that is no argument, since all may read those.
const PART: &str = "FOREBAY_DEMO_PART";
const FOLDER: &str = "FOREBAY_DEMO_FOLDER";
const URL: &str = "FOREBAY_DEMO_URL";

/// What a process of a scene is told.
pub(super) struct Engagement {
    pub(super) who: Actor,
    pub(super) folder: PathBuf,
    pub(super) url: Option<PathBuf>,
}

/// What this process is told, if it is one of a scene's.
pub(super) fn part_of_environment() -> Option<Engagement> {
    let who = env::var(PART).ok()?.parse().ok()?;
    let folder = env::var_os(FOLDER)?.into();
    Some(Engagement { who, folder, url: env::var_os(URL).map(PathBuf::from) })
}

/// The file whose lock is the page.
const PAGE: &str = "page";

/// What is heard of the company.
pub(super) enum News {
    /// One of them told something.
    Told(Told),
    /// One of them is no more.
    Ended(Actor, ExitStatus),
    /// All are there that will be, and none of them can tell anything more.
    Silence,
}

/// A line of one's part.
pub(super) struct Told {
    pub(super) who: Actor,
    pub(super) pid: u32,
    pub(super) what: String,
}

/// Processes of a scene.
pub(super) struct Company<'a> {
    cast: &'a Cast,
    folder: &'a Path,
    /// What those who are hired tell on; none once the company is complete.
    writer: Option<PipeWriter>,
    tell: Sender<News>,
    news: Receiver<News>,
}

impl<'a> Company<'a> {
    pub(super) fn gather(cast: &'a Cast, folder: &'a Path) -> io::Result<Self> {
        File::create(folder.join(PAGE))?;
        let (reader, writer) = io::pipe()?;
        let (tell, news) = channel();
        let hear = tell.clone();
        thread::spawn(move || {
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                let Some(told) = Told::read(&line) else { continue };
                if hear.send(News::Told(told)).is_err() {
                    return;
                }
            }
            let _ = hear.send(News::Silence);
        });
        Ok(Self { cast, folder, writer: Some(writer), tell, news })
    }

    /// Starts the process of somebody; its number.
    pub(super) fn hire(&self, who: Actor) -> io::Result<u32> {
        let writer = self.writer.as_ref().expect("the company is not complete").try_clone()?;
        let Cast { scene, items, producers, consumers, capacity, seed, kill, place } = self.cast;
        let mut command = Command::new(env::current_exe()?);
        command.args(["demo", scene]);
        command.env(PART, who.to_string()).env(FOLDER, self.folder);
        for (flag, number) in [
            ("--items", items.unwrap_or(u64::MAX)),
            ("--producers", *producers),
            ("--consumers", *consumers),
            ("--capacity", *capacity as u64),
            ("--seed", *seed),
        ] {
            command.arg(flag).arg(number.to_string());
        }
        if *kill {
            command.arg("--kill");
        }
        if let Some(place) = place {
            command.env(URL, place.given());
        }
        command.stdin(Stdio::null()).stdout(writer);
        // Ctrl-C is for the scene, which ends in order and takes its company along.
        command.process_group(0);
        let mut child = command.spawn()?;
        let (pid, tell) = (child.id(), self.tell.clone());
        thread::spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = tell.send(News::Ended(who, status));
            }
        });
        Ok(pid)
    }

    /// Nobody else will be hired.
    pub(super) fn complete(&mut self) {
        self.writer = None;
    }

    /// Waits for what is heard next.
    pub(super) fn hear(&self) -> News {
        self.news.recv().expect("the company has an end of its own")
    }

    /// The same, but not past this moment.
    pub(super) fn hear_until(&self, deadline: Instant) -> Option<News> {
        match self.news.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(news) => Some(news),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => unreachable!("it has its own sender"),
        }
    }
}

/// Kills a process with SIGKILL, which it cannot do anything about.
pub(super) fn kill(pid: u32) -> io::Result<()> {
    let pid = Pid::from_raw(pid.cast_signed()).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill_process(pid, Signal::KILL)?)
}

impl Told {
    fn read(line: &str) -> Option<Self> {
        let mut parts = line.splitn(3, ' ');
        let who = parts.next()?.parse().ok()?;
        let pid = parts.next()?.parse().ok()?;
        Some(Self { who, pid, what: parts.next()?.to_owned() })
    }
}

/// One's own part, in a process of its own.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) who: Actor,
    page: File,
}

impl Part {
    /// Takes the part. Whoever plays it goes when the scene does, whatever ends that.
    pub(super) fn take(who: Actor, folder: &Path) -> io::Result<Self> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // If it has gone already, nobody hears the first word, which ends it as well.
        Ok(Self { who, page: File::open(folder.join(PAGE))? })
    }

    /// Does something, and tells of it before anybody else does anything that is told.
    pub(super) fn page<T>(&self, act: impl FnOnce(&mut dyn FnMut(String)) -> T) -> T {
        let locked = self.page.lock();
        locked.unwrap_or_else(|error| narrator::give_up(&format!("cannot lock the page: {error}")));
        let mut tell = |what: String| {
            let line = format!("{} {} {what}\n", self.who, process::id());
            // In one piece, because it is short. Nobody to tell it to is the end.
            if io::stdout().write_all(line.as_bytes()).is_err() {
                process::exit(0);
            }
        };
        let done = act(&mut tell);
        let _ = self.page.unlock();
        done
    }

    /// Tells of something that is done.
    pub(super) fn tell(&self, what: String) {
        self.page(|tell| tell(what));
    }
}

/// Ends a scene whose processes cannot be started or directed.
pub(super) fn cannot(error: &io::Error) -> ! {
    narrator::give_up(&format!("the scene cannot go on: {error}"))
}

/// What becomes of a part that is over: an error is told, unless the scene has ended, and taken everything along.
pub(super) fn concluded(
    who: Actor,
    folder: &Path,
    played: Result<(), Box<dyn Error>>,
) -> Result<(), String> {
    match played {
        Err(error) if folder.exists() => Err(format!("{who}: {error}")),
        _ => Ok(()),
    }
}
