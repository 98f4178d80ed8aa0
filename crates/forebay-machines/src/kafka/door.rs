//! The first words with a server: what it is, whether the buffer is there, and how one is made.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use krafka::__private::protocol::ApiKey;
use krafka::KrafkaError;
use krafka::admin::{
    AlterShareGroupOffsetsOptions, ConfigOp, ConfigResource, ConfigValue, CreateTopicsOptions,
    DeleteTopicsOptions, DescribeConfigsOptions, IncrementalAlterConfigsOptions, NewTopic,
    TopicPartition,
};
use krafka::error::ErrorCode;
use tokio::time;

use super::fate::{self, old};
use super::lend::LOCK;
use super::link::Link;
use super::log::{self, Place};
use super::marks::{Mark, Marks};
use super::names::{self, Names};
use super::record::Founding;
use super::session::{Session, Start, Topics};
use super::share::VERSION;
use super::{beat, random};
use crate::address::Address;
use crate::buffer::{Connected, Survives};
use crate::connect_error::{ConnectError, Why};
use crate::runtime;
use crate::settings::Settings;
use crate::waiters::Waiters;

/// How often Kafka lends an item before it drops it: the most that a server allows unless its own setting is raised. An item
/// moves to another record before.
const COUNTS: &str = "10";
/// What that is called.
const COUNTED: &str = "share.delivery.count.limit";
/// What a server has where nothing is said.
const USUAL_COUNTS: i16 = 5;
/// The most items that one group may have out, as far as a server allows.
const LOCKS: &str = "4000";

/// Between two looks whether what was made is there.
const PAUSE: Duration = Duration::from_millis(10);
/// A buffer that is being made is waited for so long; then somebody died, and it is made here.
const MADE: Duration = Duration::from_secs(3);

/// Makes a buffer, or finds one of the same settings.
pub(crate) async fn create(address: &Address, settings: &Settings) -> Result<(), ConnectError> {
    if settings.capacity_bytes.is_some() {
        let what = "Kafka counts items, not what they weigh; leave out the capacity in bytes";
        return Err(address.error(Why::Settings(what.to_owned())));
    }
    let link = enter(address).await?;
    let door = Door { address, link: &link };
    if let Some(there) = door.found(false).await? {
        return door.compare(settings, &there);
    }
    door.make(settings).await
}

/// Connects to a buffer that is there.
pub(crate) async fn connect(
    address: &Address,
    waiters: &Arc<Waiters>,
) -> Result<Connected, ConnectError> {
    let link = enter(address).await?;
    let door = Door { address, link: &link };
    let missing = || address.error(Why::Missing);
    let there = door.found(false).await?.ok_or_else(missing)?;
    let Some(founding) = there.marks.founding.clone() else { return Err(missing()) };
    let names = Names::new(&address.name, &founding.identity);
    let (Some(items), Some(dead)) = (door.id(&names.items).await?, door.id(&names.dead).await?)
    else {
        // Somebody deletes it just now.
        return Err(missing());
    };
    let most_counts = door.most_counts(&names).await?;
    // What a server does for the first time may take it longer than a call may.
    door.ask(|| async {
        match link.standing(&names).await?.lag {
            Some(lag) => Ok(lag),
            None => Err(KrafkaError::timeout("what is unfinished is not known yet")),
        }
    })
    .await?;
    let topics = Topics { items, dead, meta: there.topic };
    let Found { marks, next, .. } = there;
    let settings = founding.settings.clone();
    let start = Start { names, settings: settings.clone(), topics, most_counts, marks, next };
    let session = Session::new(link, start, Arc::clone(waiters));
    runtime::spawn(beat::beat(Arc::downgrade(&session)));
    let engine = Box::new(super::KafkaEngine(session));
    let created = Some(founding.created());
    Ok(Connected { engine, settings, survives: Survives::Server, warnings: Vec::new(), created })
}

/// Connects to the server, and asks whether it can do what is asked of it.
async fn enter(address: &Address) -> Result<Link, ConnectError> {
    if !Names::are_possible(&address.name) {
        let what = "a buffer's name is at most 200 bytes long here, where all but letters, digits and `-` count as three";
        return Err(address.error(Why::Url(what.to_owned())));
    }
    let link = Link::open(address).await?;
    let fail = |error: KrafkaError| address.error(fate::why(&error, address));
    let connection = link.any().await.map_err(fail)?;
    let knows = |what, version| connection.negotiate_api_version(what, version, version).is_some();
    if !knows(ApiKey::ShareFetch, VERSION)
        || !knows(ApiKey::ShareAcknowledge, VERSION)
        || !knows(ApiKey::DescribeShareGroupOffsets, 1)
    {
        return Err(address.error(old(address)));
    }
    Ok(link)
}

/// The marks of a buffer that is there.
struct Found {
    topic: [u8; 16],
    marks: Marks,
    next: i64,
}

struct Door<'a> {
    address: &'a Address,
    link: &'a Link,
}

impl Door<'_> {
    fn fail(&self, error: &KrafkaError) -> ConnectError {
        self.address.error(fate::why(error, self.address))
    }

    /// Asks until it is answered, as long as a server may take.
    async fn ask<T, F: Future<Output = krafka::Result<T>>>(
        &self,
        question: impl Fn() -> F,
    ) -> Result<T, ConnectError> {
        let end = Instant::now() + self.address.options.connect_time.max(LOCK);
        loop {
            match question().await {
                Ok(answer) => return Ok(answer),
                Err(error) if fate::fate(&error) == fate::Fate::Lost && Instant::now() < end => {
                    time::sleep(PAUSE).await;
                }
                Err(error) => return Err(self.fail(&error)),
            }
        }
    }

    async fn id(&self, topic: &str) -> Result<Option<[u8; 16]>, ConnectError> {
        self.ask(|| self.link.topic_id(topic)).await
    }

    /// Looks for a buffer. `half` says whether its topic without anything in it is one that may be finished here.
    async fn found(&self, half: bool) -> Result<Option<Found>, ConnectError> {
        let meta = names::meta(&self.address.name);
        let end = Instant::now() + MADE;
        loop {
            let Some(topic) = self.id(&meta).await? else { return Ok(None) };
            let (mut marks, mut next) = (Marks::default(), 0);
            loop {
                let read = self.ask(|| async {
                    let connection = self.link.leader(&meta).await?;
                    let place = Place { topic, from: next, most: 1024 * 1024 };
                    let mut read = log::read(&connection, &[place], Duration::ZERO).await?;
                    Ok(read.swap_remove(0))
                });
                let read = read.await?;
                next = read.next;
                for (_, record) in &read.records {
                    marks.see(record);
                }
                if read.records.is_empty() || read.next >= read.end {
                    break;
                }
            }
            if let Some(text) = &marks.strange {
                return Err(self.address.error(match Founding::format(text) {
                    Some(format) if format != "1" => Why::Version(format!(
                        "the buffer has format {format}, and this program knows format 1"
                    )),
                    _ => Why::Foreign(format!("the topic {meta} is another's")),
                }));
            }
            if marks.founding.is_some() || half {
                return Ok(Some(Found { topic, marks, next }));
            }
            if next > 0 {
                let what = format!("the topic {meta} has records that are not ours");
                return Err(self.address.error(Why::Foreign(what)));
            }
            if Instant::now() >= end {
                // Whoever began to make it has died.
                return Ok(None);
            }
            time::sleep(PAUSE).await;
        }
    }

    fn compare(&self, settings: &Settings, there: &Found) -> Result<(), ConnectError> {
        let founding = there.marks.founding.as_ref();
        let differences = founding.map(|founding| settings.differences(&founding.settings));
        match differences {
            Some(differences) if !differences.is_empty() => {
                Err(self.address.error(Why::Differs(differences)))
            }
            _ => Ok(()),
        }
    }

    /// Makes the parts of a buffer, the first mark last: without it nobody finds the rest. Who writes the first of several is
    /// the one who made it.
    async fn make(&self, settings: &Settings) -> Result<(), ConnectError> {
        let identity = random();
        let names = Names::new(&self.address.name, &identity);
        let kept =
            [("retention.ms", "-1"), ("retention.bytes", "-1"), ("cleanup.policy", "delete")];
        // What is told again and again is cleared away soon.
        let compact = [("cleanup.policy", "compact"), ("segment.ms", "600000")];
        let dead = [("cleanup.policy", "compact")];
        self.topics(&[
            (&names.meta, &compact[..]),
            (&names.items, &kept[..]),
            (&names.dead, &dead[..]),
        ])
        .await?;
        self.group(&names).await?;
        let founding = Founding::new(identity.clone(), settings.clone());
        let mark = Mark::Founded(Box::new(founding));
        self.ask(|| async { self.link.write(vec![mark.record(&names.meta)]).await.1 }).await?;
        let there = self.found(true).await?;
        let there = there.ok_or_else(|| self.address.error(Why::Missing))?;
        let is_ours =
            there.marks.founding.as_ref().is_some_and(|founding| founding.identity == identity);
        if !is_ours {
            // Another was quicker.
            let topics = [&names.items, &names.dead];
            let _ = self.link.admin.delete_topics(topics, DeleteTopicsOptions::default()).await;
            return self.compare(settings, &there);
        }
        Ok(())
    }

    /// Makes topics, with as many replicas as the server makes by itself.
    async fn topics(&self, wanted: &[(&str, &[(&str, &str)])]) -> Result<(), ConnectError> {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let topic = |(name, configs): &(&str, &[(&str, &str)])| {
            let mut topic = NewTopic::new(*name, 1, -1)?;
            topic.configs = configs.iter().map(own).collect::<HashMap<_, _>>();
            Ok(topic)
        };
        let topics: Result<Vec<NewTopic>, _> = wanted.iter().map(topic).collect();
        let topics = topics.map_err(|error: KrafkaError| self.fail(&error))?;
        let came = self
            .ask(|| self.link.admin.create_topics(topics.clone(), CreateTopicsOptions::default()))
            .await?;
        for came in came.into_values() {
            match came {
                Ok(()) | Err(KrafkaError::Broker { code: ErrorCode::TopicAlreadyExists, .. }) => {}
                Err(error) => return Err(self.fail(&error)),
            }
        }
        for (name, _) in wanted {
            while self.id(name).await?.is_none() {
                time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    /// Tells the group how it lends, and that it begins with the first item.
    async fn group(&self, names: &Names) -> Result<(), ConnectError> {
        let lock = LOCK.as_millis().to_string();
        let needed = [
            ("share.auto.offset.reset", "earliest"),
            ("share.record.lock.duration.ms", lock.as_str()),
        ];
        let wished = [(COUNTED, COUNTS), ("share.partition.max.record.locks", LOCKS)];
        let mut set = [needed, wished].concat();
        if self.configure(names, &set).await?.is_err() {
            self.configure(names, &needed).await?.map_err(|error| self.fail(&error))?;
            set = needed.into();
            // A server may not let us, or not know how: then it is as it is there.
            for one in wished {
                set.extend(self.configure(names, &[one]).await?.is_ok().then_some(one));
            }
        }
        self.await_told(names, &set).await?;
        let items = TopicPartition::new(names.items.clone(), 0);
        let begin = || async {
            let options = AlterShareGroupOffsetsOptions::default();
            let group = names.group.clone();
            let asked =
                self.link.admin.alter_share_group_offsets(group, [(items.clone(), 0)], options);
            asked.await?.into_values().collect::<Result<Vec<()>, _>>()
        };
        self.ask(begin).await.map(drop)
    }

    /// Sets all of these of the group, or none and says why.
    async fn configure(
        &self,
        names: &Names,
        settings: &[(&str, &str)],
    ) -> Result<krafka::Result<()>, ConnectError> {
        let changes: Vec<ConfigOp> =
            settings.iter().map(|(name, value)| ConfigOp::set(*name, *value)).collect();
        let group = ConfigResource::group(names.group.clone());
        let came = self
            .ask(|| {
                let changes = [(group.clone(), changes.clone())];
                let options = IncrementalAlterConfigsOptions::default();
                self.link.admin.incremental_alter_configs(changes, options)
            })
            .await?;
        Ok(came.into_values().collect())
    }

    /// A server says that these are set before it goes by them: waits until it does.
    async fn await_told(
        &self,
        names: &Names,
        settings: &[(&str, &str)],
    ) -> Result<(), ConnectError> {
        let end = Instant::now() + MADE;
        loop {
            let told = self.told(names).await?;
            let is_so = |(name, value): &(&str, &str)| {
                told.get(*name).is_some_and(|told| told.as_str() == *value)
            };
            if settings.iter().all(is_so) || Instant::now() >= end {
                return Ok(());
            }
            time::sleep(PAUSE).await;
        }
    }

    /// How often Kafka lends an item of this group before it drops it.
    async fn most_counts(&self, names: &Names) -> Result<i16, ConnectError> {
        let told = self.told(names).await?;
        let limit = told.get(COUNTED).and_then(|limit| limit.parse().ok());
        Ok(limit.unwrap_or(USUAL_COUNTS))
    }

    /// The settings by which a server lends to this group.
    async fn told(&self, names: &Names) -> Result<HashMap<String, String>, ConnectError> {
        let group = ConfigResource::group(names.group.clone());
        let told = self
            .ask(|| {
                let options = DescribeConfigsOptions::default();
                self.link.admin.describe_configs([group.clone()], options)
            })
            .await?;
        let entries = told.into_values().filter_map(Result::ok).flatten();
        Ok(entries
            .filter_map(|entry| match entry.config_value() {
                ConfigValue::Value(value) => Some((entry.name.clone(), value.clone())),
                _ => None,
            })
            .collect())
    }
}
