//! What the parts of a buffer are called on the server.
//!
//! Only `meta` has a name that is known before; all others have the buffer's identity in it. So whoever has connected to a
//! buffer that is deleted finds nothing, even when another one of the same name is made.

use lapin::types::ShortString;

/// The names of one buffer.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// The exchange through which items are put.
    pub(super) put: ShortString,
    /// The queue of the items.
    pub(super) items: ShortString,
    /// The queue of the passes.
    pub(super) passes: ShortString,
    /// The queue of the mark that is there while the buffer is open.
    pub(super) open: ShortString,
    /// The queue of the dead letters.
    pub(super) dead: ShortString,
    /// The exchange of the wakes.
    pub(super) wake: ShortString,
    /// The queue of settings and counts.
    pub(super) meta: ShortString,
    tries: String,
}

impl Names {
    /// The longest name of a buffer, in bytes: AMQP takes 255 in all.
    pub(super) const LONGEST: usize = 160;

    pub(super) fn new(buffer: &str, identity: &str) -> Self {
        let own = |part: &str| ShortString::from(format!("forebay.{buffer}.{identity}.{part}"));
        Self {
            put: own("put"),
            items: own("items"),
            passes: own("passes"),
            open: own("open"),
            dead: own("dead"),
            wake: own("wake"),
            meta: meta(buffer),
            tries: format!("forebay.{buffer}.{identity}.tries."),
        }
    }

    /// The queue of the tries of one item.
    pub(super) fn tries(&self, item: &str) -> ShortString {
        format!("{}{item}", self.tries).into()
    }
}

/// Whether a server says this of the queue of one item's tries. That one may go at any time, and the buffer is still there.
pub(super) fn is_said_of_tries(said: &str) -> bool {
    let queue = said.split_once('\'').and_then(|(_, rest)| rest.rsplit_once("' in vhost"));
    let mut parts = queue.map_or("", |(queue, _)| queue).rsplit('.');
    // No other part of a buffer has a hyphen, and an item's id does.
    parts.next().is_some_and(|item| item.contains('-')) && parts.next() == Some("tries")
}

/// The queue of settings and counts, which says what the others are called.
pub(super) fn meta(buffer: &str) -> ShortString {
    format!("forebay.{buffer}.meta").into()
}

/// What its maker holds while it makes, and whoever deletes while it deletes.
pub(super) fn lock(buffer: &str) -> ShortString {
    format!("forebay.{buffer}.lock").into()
}

#[test]
fn a_queue_of_tries_is_no_other() {
    let names = Names::new("a-b.tries", "0123");
    let said = |queue: &ShortString| format!("NOT_FOUND - no queue '{queue}' in vhost 'x-y'");
    assert!(is_said_of_tries(&said(&names.tries("89ab-7"))));
    for queue in [&names.items, &names.passes, &names.open, &names.dead, &names.meta] {
        assert!(!is_said_of_tries(&said(queue)), "{queue}");
    }
    assert!(!is_said_of_tries("NOT_FOUND"));
}
