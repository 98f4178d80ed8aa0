//! The way to a server, and how often it is tried.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use krafka::__private::metadata::ClusterMetadata;
use krafka::__private::network::BrokerConnection;
use krafka::__private::protocol::{
    ApiKey, MetadataRequest, MetadataResponse, VersionedDecode, VersionedEncode,
};
use krafka::admin::{
    AdminClient, DescribeShareGroupOffsetsOptions, SharePartitionOffset, TopicPartition,
};
use krafka::auth::{AuthConfig, TlsConfig};
use krafka::error::ErrorCode;
use krafka::producer::{Acks, Producer};
use krafka::{Kafka, KrafkaError, Record};
use tokio::time;

use super::fate::{Fate, fate};
use super::names::Names;
use crate::address::Address;
use crate::connect_error::{ConnectError, Why};
use crate::engine::Standing;

/// A deadline that has passed already leaves this much time for one answer, as a try does.
const ANSWER: Duration = Duration::from_secs(5);

/// Between two tries: at first, and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// The longest that the answer to one request is waited for: as long as Kafka leaves an item to whoever says nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// The version of the question for topics; every server with share groups knows it.
const METADATA: i16 = 12;

/// The way to a server.
pub(super) struct Link {
    address: Address,
    kafka: Kafka,
    pub(super) admin: AdminClient,
    producer: Producer,
    /// What was answered so far.
    // Relaxed: it is only looked at whether it has grown.
    answers: AtomicU64,
}

impl Link {
    /// Connects for the first time: whoever wants a buffer is told at once what is wrong.
    pub(super) async fn open(address: &Address) -> Result<Self, ConnectError> {
        let kafka = dial(address).await?;
        let producer = kafka
            .producer()
            .acks(Acks::All)
            .idempotent(true)
            // Each put is waited for, so there is nobody to wait for who would share a request.
            .linger(Duration::ZERO)
            // What is under way is not taken back, so it is not tried for longer than anybody waits.
            .delivery_timeout(patience(address).max(address.options.outage))
            .max_block(patience(address).max(address.options.outage))
            .retry_backoff(PAUSES.0)
            .metrics_push(false)
            .build()
            .await
            .map_err(|error| address.error(super::fate::why(&error, address)))?;
        let (admin, answers) = (kafka.admin(), AtomicU64::new(0));
        Ok(Self { address: address.clone(), admin, kafka, producer, answers })
    }

    /// Another connection to the same server, for what would keep others waiting.
    pub(super) async fn another(&self) -> Option<Kafka> {
        dial(&self.address).await.ok()
    }

    fn metadata(&self) -> &Arc<ClusterMetadata> {
        krafka::__private::kafka_metadata(&self.kafka)
    }

    /// The connection to the server that keeps this topic.
    pub(super) async fn leader(&self, topic: &str) -> krafka::Result<Arc<BrokerConnection>> {
        self.metadata().get_leader_connection(topic, 0).await
    }

    /// A connection to some server.
    pub(super) async fn any(&self) -> krafka::Result<Arc<BrokerConnection>> {
        let metadata = self.metadata();
        let broker = metadata.brokers().into_iter().next();
        let broker = broker.ok_or_else(|| KrafkaError::timeout("no server is known"))?;
        metadata.get_broker_connection(broker.id()).await
    }

    /// The id of a topic, asked for anew; `None` when there is none. It is asked in our own words: the client asks ten times
    /// a second and no more.
    pub(super) async fn topic_id(&self, topic: &str) -> krafka::Result<Option<[u8; 16]>> {
        match self.told_topic_id(topic).await {
            // A connection that was just closed is still handed out for a moment.
            Err(error) if fate(&error) == Fate::Lost => {
                time::sleep(PAUSES.0).await;
                self.told_topic_id(topic).await
            }
            told => told,
        }
    }

    async fn told_topic_id(&self, topic: &str) -> krafka::Result<Option<[u8; 16]>> {
        let connection = self.any().await?;
        let request = MetadataRequest::for_topics(vec![topic]);
        let answer = connection
            .send_request(ApiKey::Metadata, METADATA, |buffer| {
                request.encode_versioned(METADATA, buffer)
            })
            .await?;
        let answer = MetadataResponse::decode_versioned(METADATA, &mut answer.as_ref())?;
        let found = answer.topics.into_iter().find(|one| one.name.as_deref() == Some(topic));
        match found {
            Some(found) if found.error_code == ErrorCode::None => Ok(found.topic_id),
            Some(found) if found.error_code != ErrorCode::UnknownTopicOrPartition => {
                Err(KrafkaError::broker(found.error_code, "the topic is not to be had"))
            }
            _ => Ok(None),
        }
    }

    /// Asks again which servers keep these topics.
    pub(super) async fn refresh(&self, topics: &[&str]) {
        // What is not known now is asked for again.
        let _ = self.metadata().force_refresh(Some(topics)).await;
    }

    /// How far a group has come.
    pub(super) async fn standing(&self, names: &Names) -> krafka::Result<SharePartitionOffset> {
        let items = TopicPartition::new(names.items.clone(), 0);
        let options = DescribeShareGroupOffsetsOptions::default().partitions(vec![items.clone()]);
        let group = names.group.clone();
        let mut told = self.admin.describe_share_group_offsets(group, options).await?;
        self.heard();
        told.remove(&items).unwrap_or_else(|| Err(KrafkaError::timeout("nothing is told of it")))
    }

    /// The server has answered.
    pub(super) fn heard(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes records, in their order, and waits until all replicas have them: where those from the front
    /// are, as far as that is told, and why no more.
    pub(super) async fn write(&self, records: Vec<Record>) -> (Vec<i64>, Result<(), KrafkaError>) {
        let mut sent = Vec::new();
        let mut failed = Ok(());
        for record in records {
            match self.producer.enqueue(record).await {
                Ok(handle) => sent.push(handle),
                Err(error) => {
                    failed = Err(error);
                    break;
                }
            }
        }
        let mut written = Vec::with_capacity(sent.len());
        for handle in sent {
            match handle.await {
                Ok(told) => {
                    self.heard();
                    written.push(told.offset);
                }
                Err(error) => return (written, Err(error)),
            }
        }
        (written, failed)
    }

    /// Time for something, as long as `until`, if not for as long as an outage may last.
    pub(super) fn attempt(&self, until: Option<Instant>) -> Attempt {
        let (now, outage) = (Instant::now(), self.address.options.outage);
        let mut end = now + outage;
        if let Some(until) = until {
            end = end.min(until.max(now + ANSWER.min(outage)));
        }
        let answers = self.answers.load(Ordering::Relaxed);
        Attempt { end, pause: PAUSES.0, has_deadline: false, answers }
    }

    /// Time for a call.
    pub(super) fn attempt_of(&self, standing: Standing) -> Attempt {
        Attempt { has_deadline: standing.until.is_some(), ..self.attempt(standing.until) }
    }

    /// Its time went by while others of this process were served. Where that was its caller's deadline it is not now, as there
    /// is a server; otherwise it may be that there is none.
    pub(super) fn late<T>(&self, attempt: &Attempt, not_now: T) -> Result<T, Fault> {
        let are_served = self.answers.load(Ordering::Relaxed) != attempt.answers;
        if attempt.has_deadline && are_served { Ok(not_now) } else { Err(Fault::Unreachable) }
    }
}

/// How long the answer to one request is waited for. The client wants it no shorter than a connection may take.
fn patience(address: &Address) -> Duration {
    let options = &address.options;
    let least = options.connect_time.max(Duration::from_secs(1));
    options.outage.min(PATIENCE).max(least)
}

/// Connects to a server.
async fn dial(address: &Address) -> Result<Kafka, ConnectError> {
    let options = &address.options;
    // An address with colons stands in brackets.
    let host = if address.host.contains(':') {
        format!("[{}]", address.host)
    } else {
        address.host.clone()
    };
    // The client knows no shorter ones.
    let connect_time = options.connect_time.max(Duration::from_millis(1));
    let mut builder = Kafka::builder(format!("{host}:{}", address.port))
        .client_id("forebay")
        .connect_timeout(connect_time)
        .request_timeout(patience(address))
        .connections_max_idle(None);
    if let Some(security) = security(address)? {
        builder = builder.security(security);
    }
    match time::timeout(connect_time, builder.connect()).await {
        Ok(Ok(kafka)) => Ok(kafka),
        Ok(Err(error)) => Err(address.error(super::fate::why(&error, address))),
        Err(_) => Err(address.error(Why::Unreachable(format!(
            "{}:{} did not answer within {connect_time:?}",
            address.host, address.port
        )))),
    }
}

fn security(address: &Address) -> Result<Option<AuthConfig>, ConnectError> {
    let tls = if address.is_tls { Some(tls(address)?) } else { None };
    let login = address.user.as_ref().map(|user| {
        AuthConfig::sasl_plain(user.clone(), address.password.clone().unwrap_or_default())
    });
    Ok(match (login, tls) {
        (Some(login), Some(tls)) => Some(login.with_tls(tls)),
        (Some(login), None) => Some(login),
        (None, Some(tls)) => Some(AuthConfig::ssl(tls)),
        (None, None) => None,
    })
}

fn tls(address: &Address) -> Result<TlsConfig, ConnectError> {
    let options = &address.options;
    let path = |file: &Path| {
        file.to_str().map(str::to_owned).ok_or_else(|| {
            address.error(Why::Tls(format!("{}: its name is no text", file.display())))
        })
    };
    let tls = TlsConfig::new();
    let tls = match &options.ca {
        Some(ca) => tls.with_ca_cert(path(ca)?),
        None => tls.with_native_roots(),
    };
    Ok(match &options.certificate {
        Some((certificate, key)) => tls.with_client_cert(path(certificate)?, path(key)?),
        None => tls,
    })
}

/// Something that is tried again while connections break, until its time is over.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) end: Instant,
    pause: Duration,
    /// Whether it is its caller who says until when.
    pub(super) has_deadline: bool,
    /// What the server had answered when it began.
    answers: u64,
}

impl Attempt {
    /// Waits for an answer, as long as there is time.
    pub(super) async fn wait<T>(
        &self,
        answer: impl Future<Output = krafka::Result<T>>,
    ) -> Result<krafka::Result<T>, Fault> {
        time::timeout_at(self.end.into(), answer).await.map_err(|_| Fault::Unreachable)
    }

    /// It failed: why it is not tried again, if it is not.
    pub(super) async fn again(&mut self, error: &KrafkaError) -> Result<(), Fault> {
        match fate(error) {
            Fate::Refused(fault) => Err(fault),
            Fate::Lost if Instant::now() >= self.end => Err(Fault::Unreachable),
            Fate::Lost => {
                time::sleep(self.pause).await;
                self.pause = (self.pause * 2).min(PAUSES.1);
                Ok(())
            }
        }
    }
}
