//! Kafka by itself: a topic with one partition, an idempotent producer, and a share group whose consumer polls what it may
//! have, acks each and commits. Batches are sent one behind the other, and confirmed afterwards.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use krafka::admin::{
    AdminClient, ConfigOp, ConfigResource, CreateTopicsOptions, DeleteTopicsOptions,
    IncrementalAlterConfigsOptions, NewTopic,
};
use krafka::auth::AuthConfig;
use krafka::producer::{Acks, Producer};
use krafka::share_consumer::{AcknowledgementMode, AcquireMode, ShareConsumer};
use krafka::{Kafka, KrafkaError, Record};
use tokio::runtime::{Builder, Runtime};

use crate::carrier::{Carrier, ITEM};
use crate::ours::tell;
use crate::server::{Server, fresh_name};

/// An item that has not come by then does not come. It takes some seconds to join.
const MOMENT: Duration = Duration::from_secs(20);

type Consumer = ShareConsumer;

struct Bare {
    runtime: Runtime,
    kafka: Kafka,
    admin: AdminClient,
    producer: Producer,
    /// From the first item that is asked for.
    consumer: Option<Consumer>,
    name: String,
}

pub(crate) fn carrier(server: &Server) -> Result<Box<dyn Carrier>, String> {
    let runtime =
        Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(tell)?;
    let name = fresh_name();
    let opened = runtime.block_on(async {
        let kafka = Kafka::builder(format!("127.0.0.1:{}", server.port))
            .security(AuthConfig::sasl_plain(server.user.clone(), server.password.clone()))
            .connect()
            .await?;
        let admin = kafka.admin();
        let topic = NewTopic::new(&name, 1, -1)?;
        all(admin.create_topics([topic], CreateTopicsOptions::default()).await?)?;
        let earliest = vec![ConfigOp::set("share.auto.offset.reset", "earliest")];
        let change = [(ConfigResource::group(name.clone()), earliest)];
        let changing =
            admin.incremental_alter_configs(change, IncrementalAlterConfigsOptions::default());
        all(changing.await?)?;
        let producer = kafka.producer().acks(Acks::All).linger(Duration::ZERO).build().await?;
        Ok::<_, KrafkaError>((kafka, admin, producer))
    });
    let (kafka, admin, producer) = opened.map_err(tell)?;
    Ok(Box::new(Bare { runtime, kafka, admin, producer, consumer: None, name }))
}

fn all<K>(results: HashMap<K, krafka::Result<()>>) -> krafka::Result<()> {
    results.into_values().collect()
}

impl Carrier for Bare {
    fn put(&mut self, items: usize) -> Result<(), String> {
        let sent = self.runtime.block_on(async {
            let mut confirmations = Vec::with_capacity(items);
            for _ in 0..items {
                let record = Record::new(self.name.clone(), vec![b'x'; ITEM]);
                confirmations.push(self.producer.enqueue(record).await?);
            }
            try_join_all(confirmations).await
        });
        sent.map(drop).map_err(tell)
    }

    fn finish(&mut self, most: usize) -> Result<usize, String> {
        let Self { runtime, kafka, consumer, name, .. } = self;
        let finished = runtime.block_on(async {
            let consumer = match consumer {
                Some(there) => there,
                None => consumer.insert(join(kafka, name, most).await?),
            };
            let records = consumer.poll(MOMENT).await?;
            for record in &records {
                consumer.ack(record)?;
            }
            for outcome in consumer.commit().await?.into_values() {
                outcome?;
            }
            Ok::<_, KrafkaError>(records.len())
        });
        finished.map_err(tell)
    }
}

/// A consumer that has so many at most in hand.
async fn join(kafka: &Kafka, name: &str, most: usize) -> krafka::Result<Consumer> {
    let consumer = kafka
        .share_consumer(name)
        .acknowledgement_mode(AcknowledgementMode::Explicit)
        .acquire_mode(AcquireMode::RecordLimit)
        .max_poll_records(i32::try_from(most).unwrap_or(i32::MAX))
        .build()
        .await?;
    consumer.subscribe([name]).await?;
    Ok(consumer)
}

impl Drop for Bare {
    fn drop(&mut self) {
        let Self { runtime, admin, consumer, name, .. } = self;
        runtime.block_on(async {
            if let Some(consumer) = consumer {
                let _ = consumer.close().await;
            }
            let _ = admin.delete_topics([name.clone()], DeleteTopicsOptions::default()).await;
        });
    }
}
