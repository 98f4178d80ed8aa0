//! The first words with a server: what it is, whether the buffer is there, and what its memory is worth.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use async_nats::jetstream::stream::Info;
use forebay_contract::Fault;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::link::{Connection, Link};
use super::names::Names;
use super::random;
use super::session::Session;
use super::store::stream;
use crate::address::Address;
use crate::buffer::{Connected, Survives};
use crate::connect_error::{ConnectError, Why};
use crate::settings::Settings;
use crate::waiters::Waiters;

/// The oldest version that has all that is used here.
const OLDEST: (i64, i64) = (2, 9);

/// A server at which it is asked for a buffer.
struct Door<'a> {
    address: &'a Address,
    link: Link,
}

/// Makes a buffer, or finds one of the same settings.
pub(crate) async fn create(address: &Address, settings: &Settings) -> Result<(), ConnectError> {
    let door = Door::enter(address).await?;
    door.check_kind().await?;
    let names = Names::new(address, &random());
    let mut about: Map<String, Value> = settings
        .fields()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    about.insert("forebay".to_owned(), "1".into());
    let about = Value::Object(about).to_string();
    let mut subjects = vec![names.items(), names.document()];
    subjects.extend(names.group());
    let name = names.stream();
    let made =
        door.ask(&format!("STREAM.CREATE.{name}"), &stream(&name, &subjects, &about)).await?;
    match made["error"]["err_code"].as_u64() {
        None => Ok(()),
        // There is one of this name.
        Some(10_058) => {
            let found = door.find().await?;
            let differences = settings.differences(&door.settings(&found)?);
            if differences.is_empty() {
                Ok(())
            } else {
                Err(address.error(Why::Differs(differences)))
            }
        }
        Some(10_065) => Err(address.error(Why::Foreign(
            "another stream has subjects that begin with `forebay.`".to_owned(),
        ))),
        Some(_) => Err(door.refused(&made)),
    }
}

/// The groups of a topic, in the order of their names.
pub(crate) async fn groups(address: &Address) -> Result<Vec<String>, ConnectError> {
    match Door::enter(address).await?.groups().await {
        // Who may not look for groups has none.
        Err(error) if matches!(error.why(), Why::Denied(_)) => Ok(Vec::new()),
        told => told,
    }
}

/// Connects to a buffer that is there.
pub(crate) async fn connect(
    address: &Address,
    waiters: &Arc<Waiters>,
) -> Result<Connected, ConnectError> {
    let door = Door::enter(address).await?;
    let found = door.find().await?;
    let settings = door.settings(&found)?;
    let subject = found["config"]["subjects"][0].as_str().unwrap_or_default();
    let Some(identity) = Names::identity_in(subject) else {
        return Err(door.foreign("its subjects are others"));
    };
    let names = Names::new(address, identity);
    let (survives, warnings) = worth(&found);
    let session = Session::new(door.link, names, settings.clone(), Arc::clone(waiters));
    session.begin().await.map_err(|fault| address.error(Why::Fault(fault)))?;
    let engine = Box::new(super::Nats(session));
    Ok(Connected { engine, settings, survives, warnings, created: created(&found) })
}

/// The groups of a topic, as a server tells them, page by page.
#[derive(Default)]
pub(super) struct Groups {
    pub(super) found: Vec<String>,
    seen: usize,
    is_over: bool,
}

impl Groups {
    /// What to ask for next.
    pub(super) fn next(&self, names: &Names) -> Option<Value> {
        let question = json!({ "subject": names.groups(), "offset": self.seen });
        (!self.is_over).then_some(question)
    }

    /// What was answered.
    pub(super) fn read(&mut self, names: &Names, told: &Value) {
        let streams = told["streams"].as_array().map(Vec::as_slice).unwrap_or_default();
        self.seen += streams.len();
        let all = told["total"].as_u64().and_then(|all| usize::try_from(all).ok()).unwrap_or(0);
        self.is_over = streams.is_empty() || self.seen >= all;
        let streams = streams.iter().filter_map(Value::as_str);
        self.found.extend(streams.filter_map(|stream| names.group_of(stream)));
        if self.is_over {
            self.found.sort_unstable();
        }
    }
}

/// When the stream was made.
fn created(found: &Value) -> Option<SystemTime> {
    let info = Info::deserialize(found).ok()?;
    Some(info.created.into())
}

impl<'a> Door<'a> {
    /// Connects, and looks whether this is a server that can be used.
    async fn enter(address: &'a Address) -> Result<Self, ConnectError> {
        let link = Link::new(address);
        let Connection { client, .. } = link.open().await?;
        let (major, minor) = OLDEST;
        if !client.is_server_compatible(major, minor, 0) {
            let version = client.server_info().version;
            let what = format!("this is version {version}; it takes {major}.{minor} or later");
            return Err(address.error(Why::Version(what)));
        }
        let door = Self { address, link };
        let told = door.ask("INFO", &json!({})).await?;
        if told["error"].is_null() { Ok(door) } else { Err(door.refused(&told)) }
    }

    async fn ask(&self, verb: &str, what: &Value) -> Result<Value, ConnectError> {
        let end = Instant::now() + self.address.options.connect_time;
        let subject = format!("$JS.API.{verb}");
        let why = match self.link.ask(&subject, what.to_string().into(), end).await {
            Ok(Some(message)) => match serde_json::from_slice(&message.payload) {
                Ok(told) => return Ok(told),
                Err(error) => Why::Foreign(format!("its answer makes no sense: {error}")),
            },
            Ok(None) => Why::Lacking(
                "the server has no JetStream; `jetstream {}` in its configuration turns it on"
                    .to_owned(),
            ),
            Err(Fault::Denied) => Why::Denied(self.link.denied().unwrap_or_default()),
            Err(fault) => Why::Fault(fault),
        };
        Err(self.address.error(why))
    }

    /// That a name is a buffer or a topic. Who makes the other at the same moment is not seen.
    async fn check_kind(&self) -> Result<(), ConnectError> {
        if self.address.group.is_none() {
            let groups = groups(self.address).await?;
            return match &*groups {
                [] => Ok(()),
                _ => Err(self.address.error(Why::Topic(groups))),
            };
        }
        let name = Names::new(&self.address.with_group(None), "").stream();
        let found = self.ask(&format!("STREAM.INFO.{name}"), &json!({})).await?;
        match found["error"]["err_code"].as_u64() {
            None => Err(self.address.error(Why::Plain)),
            Some(10_059) => Ok(()),
            Some(_) => Err(self.refused(&found)),
        }
    }

    /// The groups of the topic, in the order of their names.
    async fn groups(&self) -> Result<Vec<String>, ConnectError> {
        let names = Names::new(self.address, "");
        let mut groups = Groups::default();
        while let Some(question) = groups.next(&names) {
            let told = self.ask("STREAM.NAMES", &question).await?;
            if !told["error"].is_null() {
                return Err(self.refused(&told));
            }
            groups.read(&names, &told);
        }
        Ok(groups.found)
    }

    /// The stream of this name.
    async fn find(&self) -> Result<Value, ConnectError> {
        let name = Names::new(self.address, "").stream();
        let found = self.ask(&format!("STREAM.INFO.{name}"), &json!({})).await?;
        match found["error"]["err_code"].as_u64() {
            None => Ok(found),
            Some(10_059) => Err(self.address.error(Why::Missing)),
            Some(_) => Err(self.refused(&found)),
        }
    }

    fn refused(&self, told: &Value) -> ConnectError {
        let said = told["error"]["description"].as_str().unwrap_or("an error without words");
        let why = match told["error"]["err_code"].as_u64() {
            Some(10_039 | 10_076) => Why::Lacking(said.to_owned()),
            _ => Why::Denied(said.to_owned()),
        };
        self.address.error(why)
    }

    fn foreign(&self, what: &str) -> ConnectError {
        let name = Names::new(self.address, "").stream();
        self.address.error(Why::Foreign(format!("the stream {name} is another's: {what}")))
    }

    /// What is written on a stream, if it is a buffer.
    fn settings(&self, found: &Value) -> Result<Settings, ConnectError> {
        let text = found["config"]["description"].as_str().unwrap_or_default();
        let about: Value = serde_json::from_str(text).unwrap_or_default();
        match about["forebay"].as_str() {
            Some("1") => {}
            Some(other) => {
                return Err(self.address.error(Why::Version(format!(
                    "the buffer has format {other}, and this program knows format 1"
                ))));
            }
            None => return Err(self.foreign("it has not been made as a buffer")),
        }
        Settings::read(|name| about[name].as_str().map(str::to_owned))
            .ok_or_else(|| self.foreign("its settings make no sense"))
    }
}

/// What a put that returned Ok survives, and what to be warned of.
fn worth(found: &Value) -> (Survives, Vec<String>) {
    let config = &found["config"];
    let mut warnings = Vec::new();
    let survives = if config["storage"] == "memory" {
        warnings.push(
            "the stream was made anew in the server's memory, and is lost when that ends; storage \
             `file` keeps it"
                .to_owned(),
        );
        Survives::Clients
    } else {
        Survives::Server
    };
    if !found["cluster"].is_null() && config["num_replicas"] == 1 {
        warnings.push(
            "the servers are several, and the items are on one of them; `nats stream edit --replicas=3` \
             keeps them on three"
                .to_owned(),
        );
    }
    for limit in ["max_age", "max_msgs", "max_bytes"] {
        if config[limit].as_i64().is_some_and(|most| most > 0) {
            warnings.push(format!(
                "somebody has set the stream's `{limit}`: the server drops or refuses what is beyond, \
                 and this buffer does not know of it"
            ));
        }
    }
    (survives, warnings)
}
