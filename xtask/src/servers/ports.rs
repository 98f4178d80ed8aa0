//! Free ports.
//!
//! They lie below those that the system gives to whoever connects: a client that tries again and again to reach
//! a server which is down would else be given the server's own port one day, and be connected to itself, and
//! the server could not come back.

use std::net::{Ipv4Addr, TcpListener};
use std::{fs, process};

/// The lowest that is given, above the ports of well-known servers.
const LOWEST: u16 = 11_000;

/// Where the system's own begin, if it does not say.
const EPHEMERAL: u16 = 32_768;

/// So many ports that nobody listens at, none of them among `taken`.
pub(super) fn free(count: usize, taken: &[u16]) -> Result<Vec<u16>, String> {
    let range = LOWEST..ephemeral().max(LOWEST + 1);
    let span = u32::from(range.end - range.start);
    // Whoever else looks for ports at the same time begins elsewhere.
    let begin = process::id().wrapping_mul(97) % span;
    let mut held = Vec::new();
    for step in 0..span {
        if held.len() == count {
            break;
        }
        let port = range.start + ((begin + step) % span) as u16;
        if taken.contains(&port) {
            continue;
        }
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push((port, listener));
        }
    }
    if held.len() < count {
        return Err(format!("no {count} free ports from {} to {}", range.start, range.end));
    }
    Ok(held.into_iter().map(|(port, _)| port).collect())
}

/// The first port that the system gives to clients.
fn ephemeral() -> u16 {
    let said = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    said.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(EPHEMERAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_distinct_and_not_the_systems_own() {
        let first = free(3, &[]).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, first[0])).unwrap();
        let second = free(3, &[first[1]]).unwrap();
        assert!(!second.contains(&listener.local_addr().unwrap().port()));
        assert!(!second.contains(&first[1]));
        let mut all = second.clone();
        all.dedup();
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|port| *port >= LOWEST && *port < ephemeral()));
    }
}
