//! The first words with a server: what it is, whether the buffer is there, and how one is made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use futures_util::future;
use lapin::options::{
    BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Confirmation, Error, ErrorKind, ExchangeKind};
use tokio::time;

use super::dial::in_time;
use super::link::{Link, Puts, Takes};
use super::meta::{self, HeldRecord};
use super::names::{self, Names};
use super::record::Record;
use super::session::{Session, ready};
use super::{beat, dial, message, random};
use crate::address::Address;
use crate::buffer::{Connected, Survives};
use crate::connect_error::{ConnectError, Why};
use crate::runtime;
use crate::settings::Settings;
use crate::waiters::Waiters;

/// The most items that may be out on lease: for each there is a message. Untold, it is no more than the second.
const MOST_LEASED: u64 = 65_536;
const USUAL_LEASED: u64 = 4_096;

/// Between two looks whether another is done with what it does.
const PAUSE: Duration = Duration::from_millis(20);
/// A record that is held longer than this is not changed, but left behind.
const HELD: Duration = Duration::from_secs(2);

/// What is found in the place of a buffer.
enum Found {
    Nothing,
    Record(Box<Record>),
}

/// Makes a buffer, or finds one of the same settings.
pub(crate) async fn create(address: &Address, settings: &Settings) -> Result<(), ConnectError> {
    let settings = possible(settings).map_err(|what| address.error(Why::Settings(what)))?;
    let (link, takes, puts) = enter(address).await?;
    let limit = address.options.connect_time + address.options.outage;
    let made = answered(address, &takes, limit, make(address, &settings, &takes, &puts)).await;
    // What is locked is free again with it.
    link.hang_up();
    made
}

/// What is asked while there is no session yet, as long as its connection lives and there is time.
async fn answered<T>(
    address: &Address,
    takes: &Takes,
    limit: Duration,
    asked: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    let asked = Box::pin(asked);
    let answered = in_time(limit, takes.life.answered(async { Ok(asked.await) })).await;
    answered.unwrap_or_else(|error| Err(address.error(dial::why(&error, address))))
}

/// The settings that are kept: what is not told stands there, and what cannot be kept is refused.
fn possible(settings: &Settings) -> Result<Settings, String> {
    if settings.capacity_bytes.is_some() {
        let what = "RabbitMQ bounds the bytes of messages, not what a codec says that an item weighs, \
                    and tells neither; leave out the capacity in bytes";
        return Err(what.to_owned());
    }
    if settings.max_leased.is_some_and(|limit| limit > MOST_LEASED) {
        return Err(format!("at most {MOST_LEASED} items may be out on lease with RabbitMQ"));
    }
    if settings.capacity > u64::from(u32::MAX) {
        return Err(format!("the capacity is at most {} with RabbitMQ", u32::MAX));
    }
    let limit = settings.max_leased.unwrap_or(settings.lease_limit().min(USUAL_LEASED));
    Ok(settings.clone().max_leased(limit))
}

/// Connects to a buffer that is there.
pub(crate) async fn connect(
    address: &Address,
    waiters: &Arc<Waiters>,
) -> Result<Connected, ConnectError> {
    let (link, takes, _) = enter(address).await?;
    let limit = address.options.connect_time + HELD;
    let record = match answered(address, &takes, limit, find(address, &takes)).await {
        Ok(Found::Record(record)) => *record,
        Ok(Found::Nothing) => {
            link.hang_up();
            return Err(address.error(Why::Missing));
        }
        Err(error) => {
            link.hang_up();
            return Err(error);
        }
    };
    let names = Names::new(&address.name, &record.identity);
    let created = Some(record.created());
    let Record { identity, settings, .. } = record;
    let session = Session::new(link, names, identity, settings.clone(), Arc::clone(waiters));
    runtime::spawn(beat::beat(Arc::downgrade(&session)));
    let engine = Box::new(super::Amqp(session));
    Ok(Connected { engine, settings, survives: Survives::Server, warnings: Vec::new(), created })
}

/// Connects to the server.
async fn enter(address: &Address) -> Result<(Link, Arc<Takes>, Arc<Puts>), ConnectError> {
    if address.name.len() > Names::LONGEST {
        let what = format!("a buffer's name is at most {} bytes long here", Names::LONGEST);
        return Err(address.error(Why::Url(what)));
    }
    let link = Link::new(address)?;
    link.open().await.map_err(|error| address.error(dial::why(&error, address)))?;
    let sides = link.takes.current().zip(link.puts.current());
    let Some(((_, takes), (_, puts))) = sides else {
        return Err(address.error(Why::Unreachable("it hung up at once".to_owned())));
    };
    Ok((link, takes, puts))
}

/// Looks for a buffer.
async fn find(address: &Address, takes: &Arc<Takes>) -> Result<Found, ConnectError> {
    let fail = |error: Error| address.error(dial::why(&error, address));
    let meta = names::meta(&address.name);
    let patience = Instant::now() + HELD;
    loop {
        // A channel that asks for what is not there is closed, so it is one of its own.
        let channel = takes.connection.create_channel().await.map_err(fail)?;
        match ready(&channel, meta.clone()).await {
            Ok(_) => {}
            Err(error) if says(&error, 404) => return Ok(Found::Nothing),
            Err(error) if says(&error, 405) => {
                return Err(foreign(address, format!("the queue {meta} is another's alone")));
            }
            Err(error) => return Err(fail(error)),
        }
        let _ = channel.close(200, "done".into()).await;
        match meta::held(takes, &meta).await {
            Ok(Some(Ok(held))) => {
                let record = held.record.clone();
                HeldRecord::put_back(held).await;
                return Ok(Found::Record(Box::new(record)));
            }
            Ok(Some(Err(text))) => return Err(strange(address, &meta, &text)),
            Ok(None) if Instant::now() >= patience => {
                return Err(foreign(
                    address,
                    format!(
                        "the queue {meta} is empty: somebody holds its message and stands still, or died when \
                         the buffer was made; then delete that queue"
                    ),
                ));
            }
            Ok(None) => time::sleep(PAUSE).await,
            Err(error) if says(&error, 404) => return Ok(Found::Nothing),
            Err(error) => return Err(fail(error)),
        }
    }
}

fn foreign(address: &Address, what: String) -> ConnectError {
    address.error(Why::Foreign(what))
}

fn strange(address: &Address, meta: &ShortString, text: &str) -> ConnectError {
    match Record::format(text) {
        Some(format) if format != "1" => address.error(Why::Version(format!(
            "the buffer has format {format}, and this program knows format 1"
        ))),
        _ => foreign(address, format!("the queue {meta} is another's")),
    }
}

/// Whether this is what the server said.
fn says(error: &Error, code: u16) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(said) if said.get_id() == code)
}

async fn make(
    address: &Address,
    settings: &Settings,
    takes: &Arc<Takes>,
    puts: &Arc<Puts>,
) -> Result<(), ConnectError> {
    lock(address, takes).await?;
    if let Found::Record(there) = find(address, takes).await? {
        let differences = settings.differences(&there.settings);
        return if differences.is_empty() {
            Ok(())
        } else {
            Err(address.error(Why::Differs(differences)))
        };
    }
    probe(address, takes, puts).await?;
    let identity = random();
    let own = Names::new(&address.name, &identity);
    let made = declare(&own, settings, takes, puts, Record::new(identity, settings.clone()));
    made.await.map_err(|error| match error.kind() {
        ErrorKind::ProtocolError(said) => match said.get_id() {
            403 => address.error(Why::Denied(said.get_message().as_str().to_owned())),
            _ => address.error(Why::Foreign(said.get_message().as_str().to_owned())),
        },
        _ => address.error(dial::why(&error, address)),
    })
}

/// Makes buffers of this name alone: a queue that only this connection may have, for as long as it lives.
async fn lock(address: &Address, takes: &Takes) -> Result<(), ConnectError> {
    let end = Instant::now() + address.options.connect_time;
    loop {
        let fail = |error: Error| address.error(dial::why(&error, address));
        let channel = takes.connection.create_channel().await.map_err(fail)?;
        let alone = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let lock = names::lock(&address.name);
        match channel.queue_declare(lock, alone, FieldTable::default()).await {
            Ok(_) => return Ok(()),
            Err(error) if says(&error, 405) && Instant::now() < end => {
                time::sleep(PAUSE).await;
            }
            Err(error) if says(&error, 405) => {
                return Err(address.error(Why::Fault(Fault::Refused)));
            }
            Err(error) if says(&error, 403) => {
                return Err(address.error(Why::Denied(error.to_string())));
            }
            Err(error) => return Err(fail(error)),
        }
    }
}

/// Tries whether this server refuses what is beyond a bound: an old one takes it, and loses another for it.
async fn probe(address: &Address, takes: &Takes, puts: &Puts) -> Result<(), ConnectError> {
    let tried = async {
        let channel = takes.connection.create_channel().await?;
        let alone = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), alone, bounded(0)).await?.name().clone();
        let options = BasicPublishOptions::default();
        let sent =
            puts.channel.basic_publish("".into(), queue, options, &[], message::properties());
        let said = sent.await?.await?;
        channel.close(200, "done".into()).await?;
        Ok::<bool, Error>(matches!(said, Confirmation::Nack(_)))
    };
    match tried.await {
        Ok(true) => Ok(()),
        Ok(false) => {
            let what =
                "the server does not refuse what is beyond a bound; it takes RabbitMQ 3.8 or later";
            Err(address.error(Why::Version(what.to_owned())))
        }
        Err(error) if says(&error, 403) => Err(address.error(Why::Denied(error.to_string()))),
        Err(error) => Err(address.error(dial::why(&error, address))),
    }
}

/// A queue that refuses what is beyond so many.
fn bounded(capacity: u64) -> FieldTable {
    let mut arguments = FieldTable::default();
    let capacity = i64::try_from(capacity).unwrap_or(i64::MAX);
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("classic".into()));
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(capacity));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    arguments
}

/// Makes the parts of a buffer, the record last: without it nobody finds the rest.
async fn declare(
    own: &Names,
    settings: &Settings,
    takes: &Takes,
    puts: &Puts,
    record: Record,
) -> Result<(), Error> {
    let channel = takes.connection.create_channel().await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let plain = || {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("classic".into()));
        arguments
    };
    channel.queue_declare(own.items.clone(), durable, bounded(settings.capacity)).await?;
    for queue in [&own.passes, &own.open, &own.dead] {
        channel.queue_declare(queue.clone(), durable, plain()).await?;
    }
    let kept = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let none = FieldTable::default;
    channel.exchange_declare(own.put.clone(), ExchangeKind::Direct, kept, none()).await?;
    channel.exchange_declare(own.wake.clone(), ExchangeKind::Fanout, kept, none()).await?;
    let (items, put) = (own.items.clone(), own.put.clone());
    channel.queue_bind(items, put, "".into(), QueueBindOptions::default(), none()).await?;
    let passes = (0..settings.lease_limit()).map(|_| store(&puts.channel, &own.passes, b""));
    future::try_join_all(passes).await?;
    store(&puts.channel, &own.open, b"").await?;
    channel.queue_declare(own.meta.clone(), durable, plain()).await?;
    store(&puts.channel, &own.meta, record.encode().as_bytes()).await?;
    channel.close(200, "done".into()).await
}

async fn store(channel: &Channel, queue: &ShortString, body: &[u8]) -> Result<(), Error> {
    let (options, properties) = (BasicPublishOptions::default(), message::properties());
    channel.basic_publish("".into(), queue.clone(), options, body, properties).await?.await?;
    Ok(())
}
