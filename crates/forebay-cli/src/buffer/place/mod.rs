//! Where a buffer is: in a file of this machine, or on a server.
//!
//! A verb does not know which. It has a [`Place`], makes or opens the [`Buffer`] there, and uses its [producers](Producer)
//! and [consumers](Consumer), which are those of either distance with bytes for items. What only one of the two has or
//! tells is an option, or is refused by its name where it is asked for.

#![cfg_attr(
    not(feature = "machines"),
    allow(
        clippy::unnecessary_wraps,
        clippy::unnecessary_filter_map,
        reason = "without servers there are files only"
    )
)]

mod consumer;
mod engines;
mod opened;
mod producer;

use std::ffi::OsStr;
use std::fmt::{self, Display};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use forebay::Fault;
#[cfg(feature = "machines")]
use forebay::machines;
use forebay::processes::{self, Durability};

pub(crate) use consumer::{Consumer, Lease};
pub(crate) use engines::{servers, version};
pub(crate) use opened::{Buffer, Item, Letter};
pub(crate) use producer::Producer;

use super::stall;

/// The same for either.
macro_rules! either {
    ($kind:ident, $of:expr, $it:ident => $does:expr) => {
        match $of {
            $kind::File($it) => $does,
            #[cfg(feature = "machines")]
            $kind::Server($it) => $does,
        }
    };
}
use either;

/// Where a buffer is, or is to be.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In this file.
    File(PathBuf),
    /// On a server.
    #[cfg(feature = "machines")]
    Server(Url),
}

/// Where on which server.
#[cfg(feature = "machines")]
#[derive(Clone)]
pub(crate) struct Url {
    /// As it was given; there may be a password in it.
    given: String,
    /// As it is told.
    shown: String,
}

#[cfg(feature = "machines")]
impl Url {
    /// What the group of a topic is called, and all before it.
    fn group(&self) -> (&str, Option<&str>) {
        match self.shown.rsplit_once("group=") {
            Some((front, group)) if front.ends_with(['?', '&']) => {
                (&front[..front.len() - 1], Some(group))
            }
            _ => (&self.shown, None),
        }
    }

    /// A group of this topic.
    fn with_group(&self, group: &str) -> Self {
        let with = |url: &str| {
            let mark = if url.contains('?') { '&' } else { '?' };
            format!("{url}{mark}group={group}")
        };
        Self { given: with(&self.given), shown: with(&self.shown) }
    }
}

#[cfg(feature = "machines")]
impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Display for Place {
    /// As it was given; of a URL without what is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            #[cfg(feature = "machines")]
            Self::Server(url) => f.write_str(&url.shown),
        }
    }
}

/// What a buffer is made with, wherever it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) capacity: u64,
    pub(crate) capacity_bytes: Option<u64>,
    pub(crate) max_leased: Option<u64>,
    pub(crate) max_failures: Option<u32>,
    pub(crate) max_deliveries: Option<u32>,
    pub(crate) lease_time: Option<Duration>,
}

impl Settings {
    /// With so much room, and defaults for the rest.
    pub(crate) fn new(capacity: u64) -> Self {
        Self {
            capacity,
            capacity_bytes: None,
            max_leased: None,
            max_failures: None,
            max_deliveries: None,
            lease_time: None,
        }
    }
}

/// Gives those settings of a library that are set here.
macro_rules! apply {
    ($to:expr, $from:expr, $($name:ident)*) => {{
        let mut settings = $to;
        $(if let Some(value) = $from.$name {
            settings = settings.$name(value);
        })*
        settings
    }};
}

/// What only a file is made with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OfFile {
    pub(crate) durability: Option<Durability>,
    pub(crate) mode: Option<u32>,
    pub(crate) dead_room: Option<u64>,
    pub(crate) participants: Option<u32>,
}

/// Why a buffer could not be opened.
#[derive(Debug)]
pub(crate) struct Unopened {
    /// A line that names it.
    pub(crate) complaint: String,
    /// No server answers there, and one may later.
    pub(crate) is_away: bool,
}

impl Unopened {
    fn of_file(error: &processes::OpenError) -> Self {
        Self { complaint: error.to_string(), is_away: false }
    }

    #[cfg(feature = "machines")]
    fn on_server(error: &machines::ConnectError) -> Self {
        let is_away = match error.why() {
            machines::Why::Unreachable(_) => true,
            machines::Why::Fault(fault) => is_away(*fault),
            _ => false,
        };
        Self { complaint: error.to_string(), is_away }
    }
}

/// Whether this is that the server is away.
pub(crate) fn is_away(fault: Fault) -> bool {
    matches!(fault, Fault::Unreachable | Fault::Unanswered)
}

impl Place {
    /// What a BUFFER at the command line means: a URL, or else a path. Nothing is asked or opened.
    pub(crate) fn of(given: &Path) -> Result<Self, String> {
        match engines::scheme(given) {
            None => Ok(Self::File(given.to_owned())),
            Some(scheme) => engines::check(scheme).and_then(|()| Self::on_server(given)),
        }
    }

    #[cfg(feature = "machines")]
    fn on_server(given: &Path) -> Result<Self, String> {
        let given = given.to_str().ok_or("a URL is text, and this one is not UTF-8")?.to_owned();
        let shown = machines::address(&given).map_err(|error| error.to_string())?;
        Ok(Self::Server(Url { given, shown }))
    }

    #[cfg(not(feature = "machines"))]
    fn on_server(_: &Path) -> Result<Self, String> {
        Err("this forebay was built without servers".to_owned())
    }

    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            #[cfg(feature = "machines")]
            Self::Server(_) => None,
        }
    }

    /// As it was given, with what is secret in it.
    pub(crate) fn given(&self) -> &OsStr {
        match self {
            Self::File(path) => path.as_os_str(),
            #[cfg(feature = "machines")]
            Self::Server(url) => url.given.as_ref(),
        }
    }

    /// Whether a death is known at once, with its connection, and not from a silence: what the dead one held is back then.
    pub(crate) fn knows_deaths(&self) -> bool {
        match self {
            Self::File(_) => true,
            #[cfg(feature = "machines")]
            Self::Server(url) => {
                engines::scheme(Path::new(&url.shown)).is_some_and(engines::knows_deaths)
            }
        }
    }

    /// The joblog that a run keeps: beside a file; of a buffer on a server, where forebay is run.
    pub(crate) fn joblog(&self) -> PathBuf {
        match self {
            Self::File(path) => {
                let mut name = path.as_os_str().to_owned();
                name.push(".joblog");
                name.into()
            }
            #[cfg(feature = "machines")]
            Self::Server(url) => {
                let (shown, group) = url.group();
                let place = shown.split_once("://").map_or("", |(_, place)| place);
                let (server, name) = place.split_once('/').unwrap_or((place, ""));
                let (name, database) = name.split_once("?db=").unwrap_or((name, "0"));
                let database = if database == "0" { "" } else { &format!("-{database}") };
                // No name of a buffer has braces.
                let group = group.map(|group| format!("{{{group}}}")).unwrap_or_default();
                let server = server.replace([':', '[', ']'], "-");
                format!("{name}{group}@{server}{database}.joblog").into()
            }
        }
    }

    /// Makes the buffer. An error is a line that names it.
    pub(crate) fn create(&self, settings: &Settings, of_file: &OfFile) -> Result<(), String> {
        match self {
            Self::File(path) => {
                let made = processes::Settings::new(settings.capacity);
                let made = apply!(made, settings, capacity_bytes max_leased max_failures max_deliveries lease_time);
                let made = apply!(made, of_file, durability mode dead_room participants);
                made.create(path).map_err(|error| error.to_string())
            }
            #[cfg(feature = "machines")]
            Self::Server(url) => {
                self.refuse(of_file)?;
                let made = machines::Settings::new(settings.capacity);
                let made = apply!(made, settings, capacity_bytes max_leased max_failures max_deliveries lease_time);
                made.create(&url.given).map_err(|error| error.to_string())
            }
        }
    }

    /// Refuses what no server is told.
    #[cfg(feature = "machines")]
    fn refuse(&self, of_file: &OfFile) -> Result<(), String> {
        let given = [
            (
                "--durability",
                of_file.durability.is_some(),
                "what a put survives is said where the server is set up",
            ),
            ("--mode", of_file.mode.is_some(), "who may use it is said by the server's users"),
            (
                "--dead-room",
                of_file.dead_room.is_some(),
                "dead letters have as much room as the server has",
            ),
            ("--participants", of_file.participants.is_some(), "any number may use it"),
        ];
        match given.into_iter().find(|(_, is_given, _)| *is_given) {
            Some((flag, _, why)) => {
                Err(format!("{self} with {flag}: that is for files; {why}. Leave it out"))
            }
            None => Ok(()),
        }
    }

    /// Opens the buffer, and tells from here on who holds it up. An error is a line that names it.
    pub(crate) fn open(&self) -> Result<Buffer, String> {
        self.reach().map_err(|unopened| unopened.complaint)
    }

    /// The same, for whoever waits for a server that is away.
    pub(crate) fn reach(&self) -> Result<Buffer, Unopened> {
        match self {
            Self::File(path) => {
                stall::watch(path);
                let buffer = processes::Buffer::open(path);
                let buffer = buffer.map_err(|error| Unopened::of_file(&error))?;
                Ok(Buffer::of_file(self.clone(), buffer))
            }
            #[cfg(feature = "machines")]
            Self::Server(url) => {
                let buffer = machines::connect(&url.given);
                let buffer = buffer.map_err(|error| Unopened::on_server(&error))?;
                Ok(Buffer::on_server(self.clone(), buffer))
            }
        }
    }

    /// A group of this topic.
    #[cfg(feature = "machines")]
    pub(crate) fn with_group(&self, group: &str) -> Self {
        match self {
            Self::File(_) => self.clone(),
            Self::Server(url) => Self::Server(url.with_group(group)),
        }
    }

    /// Whether what is put at the one is at the other: both are one place, or one is a topic and the other a group of it. As
    /// far as that can be told without asking a server: it may have several names.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => {
                let file = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino()));
                one == other
                    || matches!((file(one), file(other)), (Ok(one), Ok(other)) if one == other)
            }
            #[cfg(feature = "machines")]
            (Self::Server(one), Self::Server(other)) => {
                let ((one, group), (other, another)) = (one.group(), other.group());
                one == other && (group == another || group.is_none() || another.is_none())
            }
            #[cfg(feature = "machines")]
            _ => false,
        }
    }

    /// The same; made if it is not there.
    pub(crate) fn open_or_create(&self, settings: &Settings) -> Result<Buffer, String> {
        if !self.is_there()? {
            self.create(settings, &OfFile::default())?;
        }
        self.open()
    }

    /// Whether there is one already. An error is a line that names it.
    pub(crate) fn is_there(&self) -> Result<bool, String> {
        match self {
            Self::File(path) => Ok(!fs::symlink_metadata(path)
                .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)),
            #[cfg(feature = "machines")]
            Self::Server(url) => match machines::connect(&url.given) {
                Ok(_) => Ok(true),
                Err(error) => match error.why() {
                    machines::Why::Missing | machines::Why::MissingGroup(_) => Ok(false),
                    _ => Err(error.to_string()),
                },
            },
        }
    }

    /// A fault of the buffer in a message, and what to do about it.
    pub(crate) fn in_words(&self, fault: Fault) -> String {
        let next = match fault {
            Fault::DeadRoom => format!(": see `forebay dead {self}`"),
            Fault::Poisoned | Fault::Damaged if self.file().is_some() => {
                format!(": `forebay verify {self} --repair`")
            }
            Fault::Topic => {
                let groups = self.open().and_then(|buffer| buffer.groups()).unwrap_or_default();
                let groups = groups.iter().map(|group| group.place().to_string());
                groups
                    .reduce(|all, one| all + " or " + &one)
                    .map_or(String::new(), |all| format!(": {all}"))
            }
            Fault::Crowded => {
                "; let some end first, or make one with more --participants".to_owned()
            }
            _ => String::new(),
        };
        format!("{self}: {fault}{next}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_does_not_begin_as_a_url_is_a_path() {
        for path in
            ["jobs.fb", "./redis://jobs", "a/b:c", "C:\\jobs", "redis:/jobs", "://x", "1a://x"]
        {
            let place = Place::of(Path::new(path)).expect(path);
            assert_eq!(place.file(), Some(Path::new(path)));
            assert_eq!(place.joblog(), PathBuf::from(format!("{path}.joblog")));
        }
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_what_is_secret() {
        let refusal = |url: &str| match Place::of(Path::new(url)) {
            Ok(place) => panic!("{place}"),
            Err(refusal) => refusal,
        };
        let unknown = refusal("gopher://me:hidden@host/jobs");
        assert!(unknown.contains("`gopher`") && !unknown.contains("hidden"), "{unknown}");
        let wrong = refusal("redis://me:hidden@host");
        assert!(!wrong.contains("hidden"), "{wrong}");
        if cfg!(feature = "redis") {
            assert!(wrong.contains("names no buffer"), "{wrong}");
        } else {
            assert!(wrong.contains("--features redis"), "{wrong}");
        }
    }

    #[cfg(feature = "redis")]
    #[test]
    fn a_buffer_on_a_server_has_its_name_and_its_joblog() {
        for (url, shown, joblog) in [
            ("redis://me:hidden@host/jobs", "redis://host:6379/jobs", "jobs@host-6379.joblog"),
            ("rediss://h:1/a?db=2", "rediss://h:1/a?db=2", "a@h-1-2.joblog"),
            ("redis://[::1]/a", "redis://[::1]:6379/a", "a@---1--6379.joblog"),
            ("redis://h/a?group=b", "redis://h:6379/a?group=b", "a{b}@h-6379.joblog"),
            ("redis://h/a?group=b&db=2", "redis://h:6379/a?db=2&group=b", "a{b}@h-6379-2.joblog"),
            ("redis://h/a%3Fgroup=b", "redis://h:6379/a%3Fgroup=b", "a%3Fgroup=b@h-6379.joblog"),
        ] {
            let place = Place::of(Path::new(url)).expect(url);
            assert_eq!((place.to_string().as_str(), place.file()), (shown, None));
            assert_eq!(place.joblog(), PathBuf::from(joblog));
            assert!(!format!("{place:?}").contains("hidden"));
            let of_file = OfFile { mode: Some(0o600), ..OfFile::default() };
            let refused = place.create(&Settings::new(1), &of_file).expect_err("refused");
            assert!(refused.contains("--mode: that is for files"), "{refused}");
        }
    }

    #[cfg(feature = "redis")]
    #[test]
    fn a_topic_and_its_groups_are_one_place_and_two_groups_are_not() {
        let place = |url: &str| Place::of(Path::new(url)).expect(url);
        let (topic, mail) =
            (place("redis://h/a?db=2"), place("redis://me:hidden@h/a?group=m&db=2"));
        assert!(topic.is(&mail) && mail.is(&topic) && mail.is(&mail));
        assert!(mail.is(&topic.with_group("m")) && !mail.is(&topic.with_group("l")));
        assert!(!place("redis://h/b").is(&mail) && !place("redis://h/a").is(&mail));
        assert_eq!(topic.with_group("m").to_string(), "redis://h:6379/a?db=2&group=m");
        assert!(place("redis://h/a%3Fgroup=m").joblog() != place("redis://h/a?group=m").joblog());
    }
}
