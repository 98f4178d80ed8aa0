//! Why there is no connection to a buffer (C11).

use std::{error, fmt};

use forebay_contract::Fault;

/// Why a buffer could not be made or connected to. Nothing was changed then. No message has a password in it.
#[derive(Debug)]
pub struct ConnectError {
    at: String,
    why: Why,
}

/// What kind of failure it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum Why {
    /// No engine has this scheme.
    Scheme {
        /// What the URL begins with.
        scheme: String,
        /// What it may begin with.
        known: String,
    },
    /// This program was built without the engine.
    Absent(&'static str),
    /// The URL is not as one has to be.
    Url(String),
    /// No server answers there in time.
    Unreachable(String),
    /// The server does not take this user with this password.
    Password,
    /// There is no way to the server that is safe.
    Tls(String),
    /// The server is too old.
    Version(String),
    /// The server lacks what a buffer needs.
    Lacking(String),
    /// The server does not let this user do what a buffer needs.
    Denied(String),
    /// There is no such buffer.
    Missing,
    /// There is no such group of the topic; these are there.
    MissingGroup(Vec<String>),
    /// A topic of this name is there, with these groups, and so no buffer can be made.
    Topic(Vec<String>),
    /// A buffer of this name is there, and so no topic with groups.
    Plain,
    /// There is one, made with other settings.
    Differs(Vec<String>),
    /// There is something else of that name.
    Foreign(String),
    /// These settings make no buffer.
    Settings(String),
    /// The buffer cannot be used.
    Fault(Fault),
}

impl ConnectError {
    pub(crate) fn new(at: String, why: Why) -> Self {
        Self { at, why }
    }

    /// What kind of failure it was.
    pub fn why(&self) -> &Why {
        &self.why
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = &self.at;
        match &self.why {
            Why::Scheme { scheme, known } => {
                write!(f, "unknown scheme `{scheme}`; there are {known}")
            }
            Why::Absent(engine) => {
                write!(f, "this build has no {engine}; build it with the feature of that name")
            }
            Why::Url(what) => write!(f, "{at} is not the URL of a buffer: {what}"),
            Why::Unreachable(what) => write!(f, "{at}: no server answers there: {what}"),
            Why::Password => write!(f, "{at}: the server does not take this user and password"),
            Why::Tls(what) => write!(f, "{at}: no safe connection: {what}"),
            Why::Version(what) | Why::Lacking(what) => write!(f, "{at}: {what}"),
            Why::Denied(what) => write!(f, "{at}: the server does not let this user do it: {what}"),
            Why::Missing => write!(f, "there is no buffer {at}; create it first"),
            Why::MissingGroup(groups) => {
                write!(f, "there is no group {at}; its topic has {}", groups.join(", "))
            }
            Why::Topic(groups) => write!(
                f,
                "{at} is a topic with the groups {}, and no buffer; another group of it is made with ?group=NAME",
                groups.join(", ")
            ),
            Why::Plain => {
                write!(
                    f,
                    "no group {at}: what is called so is a buffer, which has no groups; take another name"
                )
            }
            Why::Differs(what) => {
                write!(f, "{at} is there with other settings: {}", what.join(", "))
            }
            Why::Foreign(what) => write!(f, "{at} is not a buffer: {what}; nothing was changed"),
            Why::Settings(what) => write!(f, "no buffer {at}: {what}"),
            Why::Fault(fault) => write!(f, "{at}: {fault}"),
        }
    }
}

impl error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.why {
            Why::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}
