//! How a server is called, and what it means when it does not take the call.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use forebay_contract::Fault;
use lapin::protocol::AMQPErrorKind;
use lapin::tcp::{AMQPUriTcpExt, RustlsConnector, RustlsConnectorConfig};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Connection, ConnectionProperties, Error, ErrorKind};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time;

use super::names;
use crate::address::Address;
use crate::connect_error::{ConnectError, Why};

/// After twice so many seconds of silence either side takes the other for dead.
const HEARTBEAT: u16 = 10;

/// What is needed to connect, again and again.
pub(super) struct Dial {
    uri: AMQPUri,
    tls: Option<Arc<RustlsConnector>>,
    name: String,
    pub(super) connect_time: Duration,
}

impl Dial {
    pub(super) fn new(address: &Address) -> Result<Self, ConnectError> {
        let uri = AMQPUri {
            // TLS is put on by ourselves, so that one authority can be trusted and no other.
            scheme: AMQPScheme::AMQP,
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: address.user.clone().unwrap_or_else(|| "guest".to_owned()),
                    password: address.password.clone().unwrap_or_else(|| "guest".to_owned()),
                },
                host: address.host.clone(),
                port: address.port,
            },
            vhost: address.vhost.clone(),
            query: AMQPQueryString { heartbeat: Some(HEARTBEAT), ..AMQPQueryString::default() },
        };
        let tls = address.is_tls.then(|| connector(address)).transpose()?;
        let name = format!("forebay {}", address.name);
        Ok(Self { uri, tls, name, connect_time: address.options.connect_time })
    }

    /// A connection.
    pub(super) async fn connect(&self) -> Result<Connection, Error> {
        let properties =
            ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let tls = self.tls.clone();
        let dialled = Connection::connector(
            self.uri.clone(),
            lapin::runtime::default_runtime()?,
            async move |uri, runtime| {
                let plain = uri.connect_async(&runtime).await?;
                match &tls {
                    None => Ok(plain),
                    Some(tls) => Ok(plain.into_rustls(tls, &uri.authority.host).await?),
                }
            },
            properties,
        );
        dialled.await
    }
}

/// What is asked for, if it is answered in time. The client itself would wait for ever, also for the answer of a connection
/// that broke in the midst of its first words.
pub(super) async fn in_time<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    time::timeout(limit, asked)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}

fn connector(address: &Address) -> Result<Arc<RustlsConnector>, ConnectError> {
    let fail = |file: &Path, error: &dyn std::fmt::Display| {
        address.error(Why::Tls(format!("{}: {error}", file.display())))
    };
    let about = |error: std::io::Error| address.error(Why::Tls(error.to_string()));
    let options = &address.options;
    let trust = match &options.ca {
        None => RustlsConnectorConfig::new_with_native_certs().map_err(about)?,
        Some(ca) => RustlsConnectorConfig::default()
            .with_parsable_certificates(certificates(ca).map_err(|error| fail(ca, &error))?),
    };
    let connector = match &options.certificate {
        None => trust.connector_with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate).map_err(|error| fail(certificate, &error))?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| fail(key, &error))?;
            trust.connector_with_single_cert(chain, key)
        }
    };
    Ok(Arc::new(connector.map_err(about)?))
}

fn certificates(
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_file_iter(file)?.collect()
}

/// What an error means for whatever was asked.
pub(super) enum Fate {
    /// The connection or channel is no more, and it may be done on another one.
    Lost,
    /// It was refused, and would be again.
    Refused(Fault),
}

pub(super) fn fate(error: &Error) -> Fate {
    let ErrorKind::ProtocolError(said) = error.kind() else { return Fate::Lost };
    match (said.kind(), said.get_id()) {
        // Of a queue whose machine is away just now, it is said that it is not found, too. With the queue of an item's tries
        // goes the channel that asked for it, and whatever else was asked there.
        (_, 404) if said.get_message().as_str().contains("home node") => Fate::Lost,
        (_, 404) if names::is_said_of_tries(said.get_message().as_str()) => Fate::Lost,
        (_, 404) => Fate::Refused(Fault::Gone),
        (_, 403) => Fate::Refused(Fault::Denied),
        (AMQPErrorKind::Soft(_), 405 | 406) => Fate::Refused(Fault::Refused),
        _ => Fate::Lost,
    }
}

/// Why there is no connection, in words.
pub(super) fn why(error: &Error, address: &Address) -> Why {
    let place = format!("{}:{}", address.host, address.port);
    let told = match error.kind() {
        ErrorKind::ProtocolError(said) => {
            let text = said.get_message().as_str().to_owned();
            return match said.get_id() {
                403 if text.contains("Login") || text.contains("login") => Why::Password,
                403 | 530 => Why::Denied(text),
                _ => Why::Unreachable(format!("{place}: {text}")),
            };
        }
        ErrorKind::IOError(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            let time = address.options.connect_time;
            return Why::Unreachable(format!("{place} did not answer within {time:?}"));
        }
        ErrorKind::IOError(error) => error.to_string(),
        _ => error.to_string(),
    };
    let is_about_tls = ["ertificate", "handshake", "TLS", "tls", "UnknownIssuer"];
    if address.is_tls && is_about_tls.iter().any(|word| told.contains(word)) {
        return Why::Tls(told);
    }
    Why::Unreachable(format!("{place}: {told}"))
}
