//! NATS by itself: a stream with a bound that keeps what is not acked, and a durable pull consumer. Batches are published one behind the
//! other, and confirmed afterwards.

use std::future::IntoFuture;

use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, Context};
use futures_util::StreamExt;
use tokio::runtime::{Builder, Runtime};

use crate::carrier::{Carrier, ITEM, ROOM};
use crate::ours::tell;
use crate::server::{Server, fresh_name};

struct Bare {
    runtime: Runtime,
    puts: Context,
    consumer: PullConsumer,
    name: String,
}

pub(crate) fn carrier(server: &Server) -> Result<Box<dyn Carrier>, String> {
    let runtime =
        Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(tell)?;
    let name = fresh_name();
    let (puts, consumer) = runtime.block_on(async {
        let (puts, takes) = (connect(server).await?, connect(server).await?);
        let config = Config {
            name: name.clone(),
            subjects: vec![name.clone()],
            retention: RetentionPolicy::WorkQueue,
            storage: StorageType::File,
            max_messages: ROOM.try_into().unwrap_or(i64::MAX),
            discard: DiscardPolicy::New,
            ..Config::default()
        };
        let stream = takes.create_stream(config).await.map_err(tell)?;
        let durable = pull::Config {
            durable_name: Some("consumers".to_owned()),
            ack_policy: AckPolicy::Explicit,
            ..pull::Config::default()
        };
        Ok::<_, String>((puts, stream.create_consumer(durable).await.map_err(tell)?))
    })?;
    Ok(Box::new(Bare { runtime, puts, consumer, name }))
}

async fn connect(server: &Server) -> Result<Context, String> {
    let who = ConnectOptions::with_user_and_password(server.user.clone(), server.password.clone());
    Ok(jetstream::new(who.connect(format!("127.0.0.1:{}", server.port)).await.map_err(tell)?))
}

impl Carrier for Bare {
    fn put(&mut self, items: usize) -> Result<(), String> {
        self.runtime.block_on(async {
            let mut confirmations = Vec::with_capacity(items);
            for _ in 0..items {
                let sent = self.puts.publish(self.name.clone(), vec![b'x'; ITEM].into()).await;
                confirmations.push(sent.map_err(tell)?);
            }
            for confirmation in confirmations {
                confirmation.into_future().await.map_err(tell)?;
            }
            Ok(())
        })
    }

    fn finish(&mut self, most: usize) -> Result<usize, String> {
        self.runtime.block_on(async {
            let asked = self.consumer.fetch().max_messages(most).messages().await.map_err(tell)?;
            let messages: Vec<_> = asked.collect().await;
            let mut done = Vec::with_capacity(messages.len());
            for message in messages {
                let message = message.map_err(tell)?;
                // Confirmed, as an ack of ours is.
                done.push(async move { message.double_ack().await });
            }
            let results = futures_util::future::join_all(done).await;
            let finished = results.len();
            results.into_iter().collect::<Result<(), _>>().map_err(tell)?;
            Ok(finished)
        })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.puts.delete_stream(&self.name));
    }
}
