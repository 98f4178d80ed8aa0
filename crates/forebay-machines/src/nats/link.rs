//! The connection to a server, and how it is made again.
//!
//! The client would connect again by itself, and then send what was asked for in the meantime: a put that has failed might
//! be stored long after. So a client here connects once, and is replaced when its connection is lost.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::connection::State as Condition;
use async_nats::{
    Auth, AuthError, Client, ConnectError as NatsError, ConnectErrorKind, ConnectOptions, Event,
    HeaderMap, Message, Request, RequestErrorKind, ServerError,
};
use forebay_contract::Fault;
use tokio::time;

use crate::address::Address;
use crate::connect_error::{ConnectError, Why};

/// A server that does not answer for so long is taken for gone, and asked again on another connection.
pub(super) const ANSWER: Duration = Duration::from_secs(5);
/// How often it is asked whether it is still there.
const PING: Duration = Duration::from_secs(5);
/// Between two tries to connect: at first, and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// The way to a server.
pub(super) struct Link {
    address: Address,
    /// The connection of this moment, and how many there were before.
    current: Mutex<(u64, Option<Client>)>,
    /// Held by the one who makes it anew.
    making: tokio::sync::Mutex<()>,
    /// What the server said last that this user may not do.
    denied: Arc<Mutex<Option<String>>>,
}

/// A connection, by its number.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) number: u64,
    pub(super) client: Client,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The connection broke, or the server stands still. What was asked may have been done.
    Lost,
    /// Nobody there serves it: nothing was done.
    Unserved,
    /// It is more than the server takes at once. It was not sent.
    TooLarge,
}

impl Link {
    pub(super) fn new(address: &Address) -> Self {
        Self {
            address: address.clone(),
            current: Mutex::new((0, None)),
            making: tokio::sync::Mutex::new(()),
            denied: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (u64, Option<Client>)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server said last that this user may not do.
    pub(super) fn denied(&self) -> Option<String> {
        self.denied.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connects for the first time: whoever wants a buffer is told at once what is wrong.
    pub(super) async fn open(&self) -> Result<Connection, ConnectError> {
        let options = &self.address.options;
        let certificate = options.certificate.as_ref();
        let files = certificate.map(|(certificate, key)| [certificate, key]);
        for file in options.ca.iter().chain(files.into_iter().flatten()) {
            self.look_at(file)?;
        }
        self.connect().await.map_err(|error| self.address.error(self.why(&error)))
    }

    fn look_at(&self, file: &Path) -> Result<(), ConnectError> {
        let fail = |error| self.address.error(Why::Tls(format!("{}: {error}", file.display())));
        std::fs::File::open(file).map(drop).map_err(fail)
    }

    async fn connect(&self) -> Result<Connection, NatsError> {
        let Address { host, port, is_tls, options, .. } = &self.address;
        let scheme = if *is_tls { "tls" } else { "nats" };
        let place = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let limit = options.connect_time;
        let connecting = self.options().connect(format!("{scheme}://{place}:{port}"));
        let client = time::timeout(limit, connecting)
            .await
            .unwrap_or_else(|_| Err(NatsError::new(ConnectErrorKind::TimedOut)))?;
        let mut current = self.lock();
        current.1 = Some(client.clone());
        Ok(Connection { number: current.0, client })
    }

    fn options(&self) -> ConnectOptions {
        let Address { user, password, is_tls, options, .. } = &self.address;
        if *is_tls {
            // Where the program has chosen its cryptography, that one is used.
            let _ = async_nats::rustls::crypto::ring::default_provider().install_default();
        }
        let mut auth = Auth::new();
        if password.is_some() {
            (auth.username, auth.password) = (user.clone(), password.clone());
        } else {
            // One word alone is a token.
            auth.token.clone_from(user);
        }
        let is_used = Arc::new(AtomicBool::new(false));
        let denied = Arc::clone(&self.denied);
        let mut made = ConnectOptions::with_auth_callback(move |_| {
            // Whoever connects once needs this once.
            let again = is_used.swap(true, Ordering::Relaxed);
            let auth = if again { Err(AuthError::new("once")) } else { Ok(auth.clone()) };
            async move { auth }
        })
        .max_reconnects(1)
        .connection_timeout(options.connect_time)
        .request_timeout(Some(ANSWER))
        .ping_interval(PING)
        .require_tls(*is_tls)
        .ignore_discovered_servers()
        .name("forebay")
        .event_callback(move |event| {
            if let Event::ServerError(ServerError::Other(said)) = event
                && said.to_lowercase().contains("permissions violation")
            {
                *denied.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
            }
            std::future::ready(())
        });
        if let Some(ca) = &options.ca {
            made = made.add_root_certificates(ca.clone());
        }
        if let Some((certificate, key)) = &options.certificate {
            made = made.add_client_certificate(certificate.clone(), key.clone());
        }
        made
    }

    /// Why there is no connection, in words.
    fn why(&self, error: &NatsError) -> Why {
        let said = error.to_string();
        let is_about_tls = ["ertificate", "handshake", "TLS", "tls"];
        match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                return Why::Password;
            }
            ConnectErrorKind::Tls => return Why::Tls(said),
            _ if is_about_tls.iter().any(|word| said.contains(word)) => return Why::Tls(said),
            _ => {}
        }
        let place = format!("{}:{}", self.address.host, self.address.port);
        if error.kind() == ConnectErrorKind::TimedOut {
            let time = self.address.options.connect_time;
            return Why::Unreachable(format!("{place} did not answer within {time:?}"));
        }
        Why::Unreachable(format!("{place}: {said}"))
    }

    /// The most bytes that the server takes at once.
    pub(super) fn most(&self) -> usize {
        self.lock().1.as_ref().map_or(usize::MAX, Client::max_payload)
    }

    /// The connection of this moment, if it is one.
    pub(super) fn current(&self) -> Option<Connection> {
        let current = self.lock();
        let client = current.1.clone()?;
        let is_there = client.connection_state() == Condition::Connected;
        is_there.then_some(Connection { number: current.0, client })
    }

    /// This connection has failed; nobody uses it any more.
    pub(super) fn lose(&self, number: u64) {
        let mut current = self.lock();
        if current.0 == number {
            *current = (number + 1, None);
        }
    }

    /// A connection, made anew if need be.
    pub(super) async fn connection(&self, end: Instant) -> Result<Connection, Fault> {
        if let Some(there) = self.current() {
            return Ok(there);
        }
        let mut pause = PAUSES.0;
        let made = time::timeout_at(end.into(), async {
            let _one_at_a_time = self.making.lock().await;
            loop {
                if let Some(there) = self.current() {
                    return there;
                }
                let number = self.lock().0;
                self.lose(number);
                if self.connect().await.is_err() {
                    time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        });
        made.await.map_err(|_| Fault::Unreachable)
    }

    /// Until when a call waits for a server that went away.
    pub(super) fn end(&self, until: Option<Instant>) -> Instant {
        let outage = self.address.options.outage;
        let end = Instant::now() + outage;
        // A deadline that has passed already leaves time for one answer, as a try does.
        until.map_or(end, |until| end.min(until.max(Instant::now() + ANSWER.min(outage))))
    }

    /// Asks, again and again until there is an answer, or no more time for one: what is asked must come to the same however
    /// often it arrives. `None` when nobody serves it.
    pub(super) async fn ask(
        &self,
        subject: &str,
        payload: Vec<u8>,
        end: Instant,
    ) -> Result<Option<Message>, Fault> {
        let payload = bytes::Bytes::from(payload);
        loop {
            let connection = self.connection(end).await?;
            match send(&connection, subject.to_owned(), HeaderMap::new(), payload.clone()).await {
                Ok(message) => return Ok(Some(message)),
                Err(Trouble::Unserved) => return Ok(None),
                Err(Trouble::TooLarge) => return Err(Fault::Refused),
                Err(Trouble::Lost) => self.fail(&connection)?,
            }
            if Instant::now() >= end {
                return Err(Fault::Unreachable);
            }
        }
    }

    /// Gives a connection up that has not answered. An error when it did not because this user may not ask.
    pub(super) fn fail(&self, connection: &Connection) -> Result<(), Fault> {
        self.lose(connection.number);
        if self.denied().is_some() { Err(Fault::Denied) } else { Ok(()) }
    }
}

/// Sends a request, and waits for its answer.
pub(super) async fn send(
    connection: &Connection,
    subject: String,
    headers: HeaderMap,
    payload: bytes::Bytes,
) -> Result<Message, Trouble> {
    let mut request = Request::new().payload(payload);
    if !headers.is_empty() {
        request = request.headers(headers);
    }
    connection.client.send_request(subject, request).await.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => Trouble::Unserved,
        RequestErrorKind::MaxPayloadExceeded => Trouble::TooLarge,
        _ => Trouble::Lost,
    })
}
