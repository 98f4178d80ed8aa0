//! RabbitMQ by itself: a durable queue with a bound, persistent messages, confirms, a consumer to whom a batch is delivered ahead, and
//! acks in a transaction, because a plain ack is not answered. Batches are published one behind the other, and confirmed
//! afterwards.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer, Error};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::carrier::{Carrier, ITEM, ROOM};
use crate::ours::tell;
use crate::server::{Server, fresh_name};

/// Survives the server.
const PERSISTENT: u8 = 2;

/// An item that has not come by then does not come.
const MOMENT: Duration = Duration::from_secs(5);

struct Bare {
    runtime: Runtime,
    /// Both, as long as this.
    _connections: [Connection; 2],
    puts: Channel,
    takes: Channel,
    /// From the first item that is asked for.
    consumer: Option<Consumer>,
    name: String,
}

pub(crate) fn carrier(server: &Server) -> Result<Box<dyn Carrier>, String> {
    let runtime =
        Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(tell)?;
    let Server { user, password, port, .. } = server;
    let url = format!("amqp://{user}:{password}@127.0.0.1:{port}/%2f");
    let name = fresh_name();
    let opened = runtime.block_on(async {
        let connect = || Connection::connect(&url, ConnectionProperties::default());
        let connections = [connect().await?, connect().await?];
        let puts = connections[0].create_channel().await?;
        puts.confirm_select(ConfirmSelectOptions::default()).await?;
        let takes = connections[1].create_channel().await?;
        takes.tx_select().await?;
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let mut bound = FieldTable::default();
        let room = i64::try_from(ROOM).unwrap_or(i64::MAX);
        bound.insert("x-max-length".into(), AMQPValue::LongLongInt(room));
        bound.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        puts.queue_declare(name.as_str().into(), durable, bound).await?;
        Ok::<_, Error>((connections, puts, takes))
    });
    let (connections, puts, takes) = opened.map_err(tell)?;
    Ok(Box::new(Bare { runtime, _connections: connections, puts, takes, consumer: None, name }))
}

impl Carrier for Bare {
    fn put(&mut self, items: usize) -> Result<(), String> {
        let persistent = BasicProperties::default().with_delivery_mode(PERSISTENT);
        self.runtime.block_on(async {
            let mut confirmations = Vec::with_capacity(items);
            for _ in 0..items {
                let sent = self.puts.basic_publish(
                    "".into(),
                    self.name.as_str().into(),
                    BasicPublishOptions::default(),
                    &[b'x'; ITEM],
                    persistent.clone(),
                );
                confirmations.push(sent.await.map_err(tell)?);
            }
            for confirmation in confirmations {
                if confirmation.await.map_err(tell)?.is_nack() {
                    return Err("a put was not confirmed".to_owned());
                }
            }
            Ok(())
        })
    }

    fn finish(&mut self, most: usize) -> Result<usize, String> {
        let Self { runtime, takes, consumer, name, .. } = self;
        let finished = runtime.block_on(async {
            let consumer = match consumer {
                Some(there) => there,
                None => consumer.insert(consume(takes, name, most).await?),
            };
            let (mut last, mut got) = (None, 0);
            while got < most {
                let Ok(Some(delivery)) = timeout(MOMENT, consumer.next()).await else { break };
                last = Some(delivery?.delivery_tag);
                got += 1;
            }
            if let Some(last) = last {
                takes.basic_ack(last, BasicAckOptions { multiple: true }).await?;
                takes.tx_commit().await?;
            }
            Ok::<_, Error>(got)
        });
        finished.map_err(tell)
    }
}

/// A consumer that has so many at most in hand.
async fn consume(takes: &Channel, name: &str, most: usize) -> Result<Consumer, Error> {
    takes.basic_qos(most.try_into().unwrap_or(u16::MAX), BasicQosOptions::default()).await?;
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    takes.basic_consume(name.into(), "consumer".into(), options, none).await
}

impl Drop for Bare {
    fn drop(&mut self) {
        let name = self.name.as_str().into();
        let _ = self.runtime.block_on(self.puts.queue_delete(name, QueueDeleteOptions::default()));
    }
}
