//! What an error means: for a call, and for whoever connects.

use forebay_contract::Fault;
use krafka::KrafkaError;
use krafka::error::{ErrorCode, ProtocolErrorKind};

use crate::address::Address;
use crate::connect_error::Why;

/// What an error means for whatever was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It may go well if it is asked again.
    Lost,
    /// It was refused, and would be again.
    Refused(Fault),
}

pub(super) fn fate(error: &KrafkaError) -> Fate {
    match error {
        KrafkaError::Broker { code, .. } => match code {
            ErrorCode::TopicAuthorizationFailed
            | ErrorCode::GroupAuthorizationFailed
            | ErrorCode::ClusterAuthorizationFailed => Fate::Refused(Fault::Denied),
            // What is not there just now may come with the next leader; whether it is gone is asked for elsewhere.
            ErrorCode::UnknownServerError | ErrorCode::UnknownTopicId => Fate::Lost,
            code if code.is_retriable() => Fate::Lost,
            _ => Fate::Refused(Fault::Refused),
        },
        KrafkaError::DeliveryTimeout { possibly_written: true, .. } => {
            Fate::Refused(Fault::Unanswered)
        }
        KrafkaError::DeliveryTimeout { .. } => Fate::Refused(Fault::Unreachable),
        KrafkaError::Closed { .. } => Fate::Lost,
        error if error.is_retriable() => Fate::Lost,
        _ => Fate::Refused(Fault::Refused),
    }
}

/// Whether it may have come of a buffer that is not there any more.
pub(super) fn hints_at_gone(error: &KrafkaError) -> bool {
    matches!(
        error,
        KrafkaError::Broker {
            code: ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownTopicId
                | ErrorCode::UnknownServerError
                | ErrorCode::LeaderNotAvailable
                | ErrorCode::GroupIdNotFound,
            ..
        } | KrafkaError::Timeout { .. }
            | KrafkaError::Config { .. }
    )
}

/// Whether another server may keep the topic now.
pub(super) fn hints_at_moved(error: &KrafkaError) -> bool {
    matches!(
        error,
        KrafkaError::Broker {
            code: ErrorCode::NotLeaderForPartition
                | ErrorCode::FencedLeaderEpoch
                | ErrorCode::UnknownLeaderEpoch
                | ErrorCode::LeaderNotAvailable
                | ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownTopicId,
            ..
        }
    )
}

/// Whether it says that this is not there.
pub(super) fn says_missing(error: &KrafkaError) -> bool {
    matches!(
        error,
        KrafkaError::Broker {
            code: ErrorCode::UnknownTopicOrPartition | ErrorCode::UnknownTopicId,
            ..
        }
    )
}

/// Why there is no connection, in words.
pub(super) fn why(error: &KrafkaError, address: &Address) -> Why {
    let place = format!("{}:{}", address.host, address.port);
    let told = error.to_string();
    match error {
        KrafkaError::Auth { message, .. } => {
            let is_about_tls = ["ertificate", "TLS", "tls", "UnknownIssuer", "handshake"];
            if address.is_tls && is_about_tls.iter().any(|word| told.contains(word)) {
                Why::Tls(told)
            } else if message.contains("SASL") || message.contains("uthentication") {
                Why::Password
            } else {
                Why::Unreachable(format!("{place}: {told}"))
            }
        }
        KrafkaError::Broker { code, message } => match code {
            ErrorCode::TopicAuthorizationFailed
            | ErrorCode::GroupAuthorizationFailed
            | ErrorCode::ClusterAuthorizationFailed => Why::Denied(message.clone()),
            ErrorCode::SaslAuthenticationFailed => Why::Password,
            _ => Why::Unreachable(format!("{place}: {told}")),
        },
        KrafkaError::Protocol { kind: ProtocolErrorKind::UnknownApiVersion, .. } => old(address),
        KrafkaError::Config { message } if address.is_tls => Why::Tls(message.clone()),
        _ => Why::Unreachable(format!("{place}: {told}")),
    }
}

/// The server is too old.
pub(super) fn old(address: &Address) -> Why {
    Why::Version(format!(
        "the server at {}:{} has no share groups that tell their lag; it takes Kafka 4.3 or later, with share groups on",
        address.host, address.port
    ))
}
