//! Where a buffer is: a URL, taken apart.

use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, fs};

use url::Url;

use crate::connect_error::{ConnectError, Why};

/// The schemes that there are, the feature that each needs, its port, and whether it is TLS.
const SCHEMES: [(&str, &str, u16, bool); 8] = [
    ("amqp", "amqp", 5672, false),
    ("amqps", "amqp", 5671, true),
    ("kafka", "kafka", 9092, false),
    ("kafkas", "kafka", 9093, true),
    ("nats", "nats", 4222, false),
    ("natss", "nats", 4222, true),
    ("redis", "redis", 6379, false),
    ("rediss", "redis", 6379, true),
];

/// The engines that this program was built with.
const BUILT: [(&str, bool); 4] = [
    ("amqp", cfg!(feature = "amqp")),
    ("kafka", cfg!(feature = "kafka")),
    ("nats", cfg!(feature = "nats")),
    ("redis", cfg!(feature = "redis")),
];

/// The engines whose topics have groups.
const GROUPED: [&str; 2] = ["nats", "redis"];

/// How the server is reached, beside what its URL says. What a URL says goes before.
///
/// In a URL, as in `rediss://user@host/jobs?password-file=secret&ca=ca.pem&cert=me.pem&key=me.key`: `password-file`, `ca`,
/// `cert` and `key` are files, `connect` and `outage` seconds. A password in a file is its first line; that is seen neither in
/// a list of processes nor in the environment of what a process starts.
/// `db` is the number of a database of Redis, `vhost` a virtual host of RabbitMQ. `group` is a group of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) certificate: Option<(PathBuf, PathBuf)>,
    pub(crate) connect_time: Duration,
    pub(crate) outage: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ca: None,
            certificate: None,
            connect_time: Duration::from_secs(5),
            outage: Duration::from_secs(30),
        }
    }
}

impl Options {
    /// What is used when nothing is said: the authorities that the system trusts, no certificate of one's own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts this authority, a file in PEM form, and no other.
    #[must_use]
    pub fn ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca = Some(file.into());
        self
    }

    /// Shows the server this certificate, whose key is in the second file; both in PEM form.
    #[must_use]
    pub fn certificate(mut self, file: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificate = Some((file.into(), key.into()));
        self
    }

    /// How long a server may take to accept a connection: 5 seconds unless told otherwise.
    #[must_use]
    pub fn connect_time(mut self, time: Duration) -> Self {
        self.connect_time = time;
        self
    }

    /// How long calls wait for a server that went away before they are refused as
    /// [`Unreachable`](forebay_contract::Fault::Unreachable): 30 seconds unless told otherwise, and never past a deadline of
    /// their own.
    #[must_use]
    pub fn outage(mut self, time: Duration) -> Self {
        self.outage = time;
        self
    }
}

/// The URL of a buffer as messages tell it: without what is secret, and with the port. Nobody is asked (C11).
pub fn address(url: &str) -> Result<String, ConnectError> {
    Ok(Address::parse(url, &Options::new())?.to_string())
}

/// A buffer's place, without what is secret, as messages tell it.
#[derive(Clone)]
pub(crate) struct Address {
    /// The feature, which is the engine's name.
    pub(crate) engine: &'static str,
    pub(crate) scheme: String,
    pub(crate) is_tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    /// The buffer's name, or that of the topic.
    pub(crate) name: String,
    /// The group of the topic.
    pub(crate) group: Option<String>,
    /// The number of the database, where the engine has several.
    pub(crate) database: u32,
    /// The virtual host, where the engine has several.
    pub(crate) vhost: String,
    pub(crate) options: Options,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port, .. } = self;
        // What would look like the beginning of the query is written as it is in a URL.
        let name = self.name.replace('%', "%25").replace('?', "%3F");
        // As in a URL, where an address with colons stands in brackets.
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}/{name}")?;
        } else {
            write!(f, "{scheme}://{host}:{port}/{name}")?;
        }
        let database = (self.database > 0).then(|| format!("db={}", self.database));
        let group = self.group.as_ref().map(|group| format!("group={group}"));
        let query = database.into_iter().chain(group).collect::<Vec<_>>().join("&");
        if query.is_empty() { Ok(()) } else { write!(f, "?{query}") }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Address {
    /// Takes a URL apart. Nobody was asked yet, so an error changed nothing (C11).
    pub(crate) fn parse(text: &str, options: &Options) -> Result<Self, ConnectError> {
        let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
        // The rest may have a password in it.
        let at = if scheme.is_empty() { "it".to_owned() } else { format!("{scheme}://…") };
        let fail = |why| ConnectError::new(at.clone(), why);
        let wrong = |what: &str| fail(Why::Url(what.to_owned()));
        if scheme.is_empty() {
            return Err(wrong("a URL is like redis://user:password@host/name-of-the-buffer"));
        }
        let Some((_, engine, usual_port, is_tls)) =
            SCHEMES.into_iter().find(|(name, ..)| *name == scheme)
        else {
            let known = SCHEMES.map(|(name, ..)| name).join(", ");
            return Err(fail(Why::Scheme { scheme: scheme.to_owned(), known }));
        };
        if !BUILT.contains(&(engine, true)) {
            return Err(fail(Why::Absent(engine)));
        }
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        let host = match url.host_str() {
            Some(host) if !host.is_empty() => host.trim_matches(['[', ']']).to_owned(),
            _ => return Err(wrong("it names no host")),
        };
        let name = decode(url.path().strip_prefix('/').unwrap_or_default())
            .ok_or_else(|| wrong("its path is no text"))?;
        if name.is_empty() {
            return Err(wrong("it names no buffer; one that is called `jobs` is at …/jobs"));
        }
        if name.contains(['{', '}', '/']) || name.chars().any(char::is_control) {
            return Err(wrong("a buffer's name has no `{`, `}`, `/` and no control characters"));
        }
        let secret = |part: &str, what| decode(part).ok_or_else(|| wrong(what));
        let user = match url.username() {
            "" => None,
            user => Some(secret(user, "its user is no text")?),
        };
        let password =
            url.password().map(|word| secret(word, "its password is no text")).transpose()?;
        let mut address = Self {
            engine,
            scheme: scheme.to_owned(),
            is_tls,
            host,
            port: url.port().unwrap_or(usual_port),
            user,
            password,
            name,
            group: None,
            database: 0,
            vhost: "/".to_owned(),
            options: options.clone(),
        };
        address.read_query(&url)?;
        if address.group.is_some() && !GROUPED.contains(&engine) {
            let grouped = GROUPED.join(", ");
            return Err(wrong(&format!(
                "{engine} has no topics here, but {grouped}; leave out `group`"
            )));
        }
        Ok(address)
    }

    fn read_query(&mut self, url: &Url) -> Result<(), ConnectError> {
        let wrong = |own: &Self, what: String| own.error(Why::Url(what));
        let (mut certificate, mut key, mut secret) = (None, None, None);
        for (name, value) in url.query_pairs() {
            let seconds = || {
                value
                    .parse()
                    .ok()
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                    .ok_or_else(|| wrong(self, format!("`{name}={value}` is no number of seconds")))
            };
            match &*name {
                "password-file" => secret = Some(PathBuf::from(&*value)),
                "ca" => self.options.ca = Some((&*value).into()),
                "cert" => certificate = Some(PathBuf::from(&*value)),
                "key" => key = Some(PathBuf::from(&*value)),
                "connect" => self.options.connect_time = seconds()?,
                "outage" => self.options.outage = seconds()?,
                "db" => {
                    self.database = value
                        .parse()
                        .map_err(|_| wrong(self, format!("`db={value}` is no number")))?;
                }
                "vhost" => self.vhost = value.into_owned(),
                "group" if is_name_of_group(&value) => self.group = Some(value.into_owned()),
                // What is asked for by those who know Kafka, and has another name here.
                "order" if matches!(self.scheme.as_str(), "kafka" | "kafkas") => {
                    let what = "there is no `order`: a buffer on Kafka is one partition and keeps the order of puts; for \
                                strict order within each of several keys, make a buffer for each, with `max_leased` 1";
                    return Err(wrong(self, what.to_owned()));
                }
                "group" => {
                    let what = "a group's name has letters, digits, `-`, `_` and `.`, up to 60";
                    return Err(wrong(self, what.to_owned()));
                }
                other => {
                    let known = "password-file, ca, cert, key, connect, outage, db, vhost, group";
                    return Err(wrong(self, format!("it does not know `{other}`, but {known}")));
                }
            }
        }
        match (certificate, key) {
            (Some(certificate), Some(key)) => self.options.certificate = Some((certificate, key)),
            (None, None) => {}
            _ => return Err(wrong(self, "`cert` and `key` come together".to_owned())),
        }
        if !self.is_tls && (self.options.ca.is_some() || self.options.certificate.is_some()) {
            let what = format!("certificates are for TLS, which is {}s://…", self.scheme);
            return Err(wrong(self, what));
        }
        match secret {
            Some(_) if self.password.is_some() => {
                Err(wrong(self, "it has a password, and a `password-file`; give one".to_owned()))
            }
            Some(file) => {
                let text = fs::read_to_string(&file)
                    .map_err(|error| wrong(self, format!("{}: {error}", file.display())))?;
                self.password = Some(text.lines().next().unwrap_or_default().to_owned());
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn error(&self, why: Why) -> ConnectError {
        ConnectError::new(self.to_string(), why)
    }

    /// What no other buffer or group is called: names of buffers have no slash.
    #[cfg(feature = "nats")]
    pub(crate) fn own_name(&self) -> String {
        match &self.group {
            None => self.name.clone(),
            Some(group) => format!("{}/{group}", self.name),
        }
    }

    /// The same place with this group, or with none.
    pub(crate) fn with_group(&self, group: Option<&str>) -> Self {
        Self { group: group.map(str::to_owned), ..self.clone() }
    }
}

/// Whether a group can be called so: in every engine, and in a file's name.
fn is_name_of_group(name: &str) -> bool {
    (1..=60).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// What stands for `%41` and the like; `None` when it is no text then.
fn decode(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'%').then(|| after.get(..2)).flatten();
        let byte = code
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        match Address::parse(text, &Options::new()) {
            Ok(address) => panic!("{address}"),
            Err(error) => error.to_string(),
        }
    }

    #[cfg(feature = "kafka")]
    #[test]
    fn what_kafka_users_ask_for_is_told_what_to_use_instead() {
        let order = refusal("kafka://me:hidden@host/jobs?order=partition");
        assert!(
            order.contains("there is no `order`") && order.contains("`max_leased` 1"),
            "{order}"
        );
        let group = refusal("kafkas://me:hidden@host/jobs?group=night");
        assert!(group.contains("leave out `group`"), "{group}");
        assert!(!order.contains("hidden") && !group.contains("hidden"), "{order} {group}");
        // Elsewhere it is a key like any that nobody knows.
        let elsewhere = refusal("redis://host/jobs?order=partition");
        assert!(elsewhere.contains("it does not know `order`"), "{elsewhere}");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_named_and_nothing_secret() {
        assert!(refusal("jobs").contains("a URL is like redis://"));
        let unknown = refusal("gopher://me:hidden@host/jobs");
        assert!(
            unknown.contains("unknown scheme `gopher`; there are amqp, amqps, kafka,"),
            "{unknown}"
        );
        if cfg!(feature = "kafka") {
            let said = refusal("kafka://host/jobs?group=a");
            assert!(said.contains("kafka has no topics here, but nats, redis"), "{said}");
        }
        if cfg!(not(feature = "amqp")) {
            assert!(refusal("amqp://me:hidden@host/jobs").contains("this build has no amqp"));
        }
        for wrong in [
            "gopher://me:hidden@host/jobs",
            "redis://me:hidden@host",
            "redis://me:hidden@host/",
            "redis://me:hidden@host/a{b",
            "redis://me:hidden@host:99999/jobs",
            "redis://me:hidden@host/jobs?answer=42",
            "redis://me:hidden@host/jobs?group=",
            "redis://me:hidden@host/jobs?group=a%20b",
            "redis://me:hidden@host/jobs?ca=x",
            "rediss://me:hidden@host/jobs?cert=x",
            "redis://me:hidden@host/jobs?password-file=/dev/null",
            "redis://me@host/jobs?password-file=/no/such/file",
        ] {
            let said = refusal(wrong);
            assert!(!said.contains("hidden"), "{said}");
        }
    }

    #[cfg(feature = "redis")]
    #[test]
    fn a_url_is_taken_apart() -> Result<(), ConnectError> {
        let text = "rediss://me:p%40ss@[::1]/my%20jobs?ca=a.pem&db=3&outage=1.5";
        let address = Address::parse(text, &Options::new().connect_time(Duration::ZERO))?;
        assert_eq!(address.to_string(), "rediss://[::1]:6379/my jobs?db=3");
        assert_eq!(
            (address.user.as_deref(), address.password.as_deref()),
            (Some("me"), Some("p@ss"))
        );
        assert_eq!((address.database, address.is_tls), (3, true));
        assert_eq!(address.options.outage, Duration::from_millis(1500));
        assert_eq!(address.options.connect_time, Duration::ZERO);
        let group = Address::parse("redis://h/jobs?group=mail&db=3", &Options::new())?;
        assert_eq!(group.to_string(), "redis://h:6379/jobs?db=3&group=mail");
        assert_eq!(group.with_group(None).to_string(), "redis://h:6379/jobs?db=3");
        assert_eq!(address.with_group(Some("a")).group.as_deref(), Some("a"));
        let odd = Address::parse("redis://h/100%25%3Fgroup=a", &Options::new())?;
        assert_eq!(
            (&*odd.name, odd.to_string().as_str()),
            ("100%?group=a", "redis://h:6379/100%25%3Fgroup=a")
        );
        Ok(())
    }

    #[cfg(feature = "redis")]
    #[test]
    fn a_password_may_be_the_first_line_of_a_file() -> Result<(), Box<dyn std::error::Error>> {
        let file = std::env::temp_dir().join(format!("forebay-password-{}", std::process::id()));
        fs::write(&file, "hid:d@n\nand more\n")?;
        let text = format!("redis://me@host/jobs?password-file={}", file.display());
        let address = Address::parse(&text, &Options::new())?;
        assert_eq!(address.password.as_deref(), Some("hid:d@n"));
        assert_eq!(super::address(&text)?, "redis://host:6379/jobs");
        fs::remove_file(&file)?;
        Ok(())
    }
}
