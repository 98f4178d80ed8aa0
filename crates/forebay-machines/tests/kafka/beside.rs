//! Another program at the same server, which knows nothing of buffers.

use krafka::admin::{
    AdminClient, ConfigOp, ConfigResource, CreateTopicsOptions, DeleteTopicsOptions,
    IncrementalAlterConfigsOptions, ListOffsetsOptions, ListTopicsOptions, NewTopic, OffsetSpec,
    TopicPartition,
};
use krafka::auth::AuthConfig;
use krafka::{Kafka, Record};
use tokio::runtime::{Builder, Runtime};

use crate::Failure;
use crate::servers::Server;

pub(crate) struct Beside {
    runtime: Runtime,
    kafka: Kafka,
    admin: AdminClient,
}

impl Beside {
    pub(crate) fn new(server: &Server) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let login = AuthConfig::sasl_plain(server.text("user"), server.text("password"));
        let builder = Kafka::builder(format!("127.0.0.1:{}", server.port())).security(login);
        let kafka = runtime.block_on(builder.connect())?;
        let admin = kafka.admin();
        Ok(Self { runtime, kafka, admin })
    }

    /// The whole name of a part of a buffer, as its topics are called.
    pub(crate) fn part(&self, url: &str, part: &str) -> Result<String, Failure> {
        let name = url.rsplit('/').next().ok_or("a name")?;
        let topics = self.runtime.block_on(self.admin.list_topics(ListTopicsOptions::default()))?;
        let is_it = |topic: &String| {
            topic.starts_with(&format!("forebay.{name}.")) && topic.ends_with(&format!(".{part}"))
        };
        Ok(topics.into_iter().find(is_it).ok_or("no such part")?)
    }

    pub(crate) fn create(&self, topic: &str) -> Result<(), Failure> {
        let topic = NewTopic::new(topic, 1, -1)?;
        let made = self.admin.create_topics([topic], CreateTopicsOptions::default());
        Ok(self.runtime.block_on(made)?.into_values().collect::<Result<_, _>>()?)
    }

    pub(crate) fn delete(&self, topic: &str) -> Result<(), Failure> {
        let gone = self.admin.delete_topics([topic], DeleteTopicsOptions::default());
        Ok(self.runtime.block_on(gone)?.into_values().collect::<Result<_, _>>()?)
    }

    pub(crate) fn publish(&self, topic: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let producer = self.kafka.producer().build().await?;
            let record = Record::new(topic, bytes.to_vec()).partition(0);
            producer.send(record).await.map(drop)
        })?;
        Ok(())
    }

    /// Tells a group something: what is set for the buffer whose items are in this topic.
    pub(crate) fn configure(&self, items: &str, name: &str, value: &str) -> Result<(), Failure> {
        let group = ConfigResource::group(items.trim_end_matches(".items"));
        let change = [(group, vec![ConfigOp::set(name, value)])];
        let options = IncrementalAlterConfigsOptions::default();
        let told = self.runtime.block_on(self.admin.incremental_alter_configs(change, options))?;
        Ok(told.into_values().collect::<Result<_, _>>()?)
    }

    /// Where a topic begins, and where it ends.
    pub(crate) fn reach(&self, topic: &str) -> Result<(i64, i64), Failure> {
        let of = |spec| {
            let place = TopicPartition::new(topic, 0);
            let asked = self.admin.list_offsets([(place, spec)], ListOffsetsOptions::default());
            let told = self.runtime.block_on(asked)?.into_values().next().ok_or("no offset")?;
            Ok::<i64, Failure>(told?.offset)
        };
        Ok((of(OffsetSpec::Earliest)?, of(OffsetSpec::Latest)?))
    }
}
