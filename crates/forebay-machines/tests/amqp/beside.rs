//! A connection beside those of the buffer, to see and do what another program may.

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::runtime::{Builder, Runtime};

use crate::Failure;
use crate::servers::Server;

pub(crate) struct Beside {
    runtime: Runtime,
    connection: Connection,
    channel: Channel,
}

impl Beside {
    pub(crate) fn new(server: &Server) -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (connection, channel) = runtime.block_on(async {
            let url = format!("{}/%2f", server.text("url"));
            let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok::<_, lapin::Error>((connection, channel))
        })?;
        Ok(Self { runtime, connection, channel })
    }

    /// The part of a buffer of this name: it has the buffer's identity in it, which its record tells.
    pub(crate) fn part(&self, url: &str, part: &str) -> Result<String, Failure> {
        let name = url.rsplit('/').next().ok_or("a name")?;
        let meta = format!("forebay.{name}.meta");
        let record = self.runtime.block_on(async {
            let channel = self.connection.create_channel().await?;
            let record = loop {
                // Somebody may hold it just now.
                let options = BasicGetOptions::default();
                if let Some(message) = channel.basic_get(meta.as_str().into(), options).await? {
                    break message;
                }
            };
            // It goes back with its channel.
            channel.close(200, "done".into()).await?;
            Ok::<_, lapin::Error>(String::from_utf8_lossy(&record.data).into_owned())
        })?;
        let identity = record.lines().find_map(|line| line.strip_prefix("identity "));
        Ok(format!("forebay.{name}.{}.{part}", identity.ok_or("no identity")?))
    }

    /// Puts something into a queue.
    pub(crate) fn publish(&self, queue: &str, body: &[u8]) -> Result<(), Failure> {
        let (options, none) = (BasicPublishOptions::default(), BasicProperties::default());
        self.runtime.block_on(async {
            let sent = self.channel.basic_publish("".into(), queue.into(), options, body, none);
            sent.await?.await
        })?;
        Ok(())
    }

    /// How many messages are ready.
    pub(crate) fn ready(&self, queue: &str) -> Result<u32, Failure> {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let asked = self.channel.queue_declare(queue.into(), passive, FieldTable::default());
        Ok(self.runtime.block_on(asked)?.message_count())
    }

    pub(crate) fn declare(&self, queue: &str) -> Result<(), Failure> {
        let options = QueueDeclareOptions::default();
        let asked = self.channel.queue_declare(queue.into(), options, FieldTable::default());
        self.runtime.block_on(asked)?;
        Ok(())
    }

    pub(crate) fn delete(&self, queue: &str) -> Result<(), Failure> {
        let options = QueueDeleteOptions::default();
        self.runtime.block_on(self.channel.queue_delete(queue.into(), options))?;
        Ok(())
    }
}
