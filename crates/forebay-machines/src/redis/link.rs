//! The connections to a server, and how they are made again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, ErrorKind,
    IntoConnectionInfo, RedisConnectionInfo, RedisError, ServerErrorKind, TlsCertificates, Value,
};
use tokio::time;

use crate::address::Address;
use crate::connect_error::{ConnectError, Why};

/// A server that does not answer for so long is taken for gone, and asked again on another connection. The client's own
/// limit is half a second, which a busy server needs now and then.
const ANSWER: Duration = Duration::from_secs(5);

/// Between two tries to connect: at first, and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// The way to a server.
pub(super) struct Link {
    client: Client,
    connect_time: Duration,
    outage: Duration,
    /// The connection of this moment, and how many there were before.
    current: Mutex<(u64, Option<MultiplexedConnection>)>,
    /// Held by the one who makes it anew.
    making: tokio::sync::Mutex<()>,
}

impl Link {
    pub(super) fn new(address: &Address) -> Result<Self, ConnectError> {
        Ok(Self {
            client: client(address)?,
            connect_time: address.options.connect_time,
            outage: address.options.outage,
            current: Mutex::new((0, None)),
            making: tokio::sync::Mutex::new(()),
        })
    }

    fn config(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_time))
            .set_response_timeout(Some(ANSWER))
    }

    /// Connects for the first time: whoever wants a buffer is told at once what is wrong.
    pub(super) async fn open(&self) -> Result<MultiplexedConnection, RedisError> {
        let config = self.config();
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        // The time limit of the client does not cover all of it.
        let made = time::timeout(self.connect_time, connecting)
            .await
            .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))?;
        self.lock().1 = Some(made.clone());
        Ok(made)
    }

    /// A connection of its own, on which the server may speak first.
    pub(super) async fn open_to_listen(&self) -> Option<redis::aio::PubSub> {
        let connecting = self.client.get_async_pubsub();
        time::timeout(self.connect_time, connecting).await.ok()?.ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, Option<MultiplexedConnection>)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Option<(u64, MultiplexedConnection)> {
        let current = self.lock();
        current.1.clone().map(|connection| (current.0, connection))
    }

    /// This connection has failed; nobody uses it any more.
    fn lose(&self, number: u64) {
        let mut current = self.lock();
        if current.0 == number {
            *current = (number + 1, None);
        }
    }

    /// A connection, made anew if need be; `None` when there is none in time.
    async fn connection(&self, end: Instant) -> Option<(u64, MultiplexedConnection)> {
        if let Some(there) = self.current() {
            return Some(there);
        }
        let mut pause = PAUSES.0;
        time::timeout_at(end.into(), async {
            let _one_at_a_time = self.making.lock().await;
            loop {
                if let Some(there) = self.current() {
                    return there;
                }
                if self.open().await.is_err() {
                    time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        })
        .await
        .ok()
    }

    /// Asks, again and again until there is an answer, or no more time for one. What is asked must come to the same
    /// however often it arrives.
    pub(super) async fn ask(
        &self,
        command: &Cmd,
        instead: impl Fn() -> Cmd,
        until: Option<Instant>,
    ) -> Result<Value, Fault> {
        let mut end = Instant::now() + self.outage;
        if let Some(until) = until {
            // A deadline that has passed already leaves time for one answer, as a try does.
            end = end.min(until.max(Instant::now() + ANSWER.min(self.outage)));
        }
        let mut whole: Option<Cmd> = None;
        let mut may_be_done = false;
        let mut pause = PAUSES.0;
        loop {
            let Some((number, mut connection)) = self.connection(end).await else {
                return Err(if may_be_done { Fault::Unanswered } else { Fault::Unreachable });
            };
            let command = whole.as_ref().unwrap_or(command);
            let error = match command.query_async::<Value>(&mut connection).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            match fate(&error) {
                Fate::Whole => whole = Some(instead()),
                Fate::Lost if !may_be_done => {
                    may_be_done = true;
                    self.lose(number);
                }
                Fate::Lost | Fate::Later => {
                    self.lose(number);
                    time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
                Fate::Refused(fault) => return Err(fault),
            }
            if Instant::now() >= end {
                return Err(if may_be_done { Fault::Unanswered } else { Fault::Unreachable });
            }
        }
    }
}

/// What an error means for a request.
enum Fate {
    /// The server does not know the script: it has to be sent whole.
    Whole,
    /// The connection broke. What was asked may have been done.
    Lost,
    /// The server is not ready, and has done nothing.
    Later,
    /// It has done nothing, and will not.
    Refused(Fault),
}

fn fate(error: &RedisError) -> Fate {
    match (error.kind(), error.code()) {
        (_, Some("NOSCRIPT")) => Fate::Whole,
        (_, Some("OOM")) => Fate::Refused(Fault::OutOfMemory),
        (_, Some("NOPERM")) => Fate::Refused(Fault::Denied),
        (_, Some("WRONGTYPE")) => Fate::Refused(Fault::Damaged),
        (
            _,
            Some(
                "LOADING" | "TRYAGAIN" | "MASTERDOWN" | "CLUSTERDOWN" | "READONLY" | "BUSY"
                | "NOAUTH" | "NOREPLICAS" | "MISCONF",
            ),
        ) => Fate::Later,
        (ErrorKind::Server(_) | ErrorKind::Extension, _) => Fate::Refused(Fault::Refused),
        _ => Fate::Lost,
    }
}

fn client(address: &Address) -> Result<Client, ConnectError> {
    let (host, port) = (address.host.clone(), address.port);
    let place = if address.is_tls {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    let mut user = RedisConnectionInfo::default().set_db(i64::from(address.database));
    if let Some(name) = &address.user {
        user = user.set_username(name);
    }
    if let Some(password) = &address.password {
        user = user.set_password(password);
    }
    let fail = |error: &RedisError| address.error(why(error, address));
    let info = place.into_connection_info().map_err(|error| fail(&error))?.set_redis_settings(user);
    if !address.is_tls {
        return Client::open(info).map_err(|error| fail(&error));
    }
    // Where the program has chosen its cryptography, that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let read = |file: &std::path::Path| {
        std::fs::read(file)
            .map_err(|error| address.error(Why::Tls(format!("{}: {error}", file.display()))))
    };
    let client_tls = match &address.options.certificate {
        Some((certificate, key)) => {
            Some(ClientTlsConfig { client_cert: read(certificate)?, client_key: read(key)? })
        }
        None => None,
    };
    let root_cert = address.options.ca.as_deref().map(read).transpose()?;
    Client::build_with_tls(info, TlsCertificates { client_tls, root_cert })
        .map_err(|error| address.error(Why::Tls(error.to_string())))
}

/// Why there is no connection, in words.
pub(super) fn why(error: &RedisError, address: &Address) -> Why {
    match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) | (_, Some("WRONGPASS" | "NOAUTH")) => Why::Password,
        (ErrorKind::Server(ServerErrorKind::NoPerm), _) => {
            Why::Denied(error.detail().unwrap_or("a command or key").to_owned())
        }
        (_, Some("WRONGTYPE")) => Why::Foreign("one of its keys is of another type".to_owned()),
        _ => {
            let said = error.to_string();
            let is_about_tls = ["ertificate", "handshake", "TLS", "tls"];
            if address.is_tls && is_about_tls.iter().any(|word| said.contains(word)) {
                return Why::Tls(said);
            }
            let place = format!("{}:{}", address.host, address.port);
            if error.is_timeout() {
                let time = address.options.connect_time;
                return Why::Unreachable(format!("{place} did not answer within {time:?}"));
            }
            Why::Unreachable(format!("{place}: {said}"))
        }
    }
}
