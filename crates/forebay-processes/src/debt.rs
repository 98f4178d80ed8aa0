//! What a participant owes the buffer when its own time is over: a place in line to leave, a place or an item to give back.
//!
//! It needs a turn, and whoever has the lock may have been stopped with it. A call of which one knows how long it may take
//! cannot wait for that; and what it leaves behind would be kept from everybody for as long as its participant lives. So a
//! thread waits in its stead, until there is a turn.

use std::sync::Arc;
use std::thread;

use forebay_contract::Fault;

use crate::lock::Limit;
use crate::party::{IN_FLIGHT, Party};
use crate::turn::Turn;

impl Party {
    /// Does this in a turn: now, or, if none is to be had within moments, as soon as one is. A buffer that cannot be used any
    /// more is owed nothing.
    pub(crate) fn owe(
        self: &Arc<Self>,
        pay: impl Fn(&mut Turn<'_>) -> Result<(), Fault> + Send + Sync + 'static,
    ) {
        match self.care(Limit::For(IN_FLIGHT)) {
            Ok(mut turn) => drop(pay(&mut turn)),
            Err(Fault::Stalled { .. }) => self.owe_for_long(Arc::new(pay)),
            Err(_) => {}
        }
    }

    #[cold]
    fn owe_for_long(
        self: &Arc<Self>,
        pay: Arc<impl Fn(&mut Turn<'_>) -> Result<(), Fault> + Send + Sync + 'static>,
    ) {
        let party = Arc::clone(self);
        let wait = move || {
            if let Ok(mut turn) = party.care(Limit::Forever) {
                let _ = pay(&mut turn);
            }
        };
        let wait = Arc::new(wait);
        let waits = Arc::clone(&wait);
        if thread::Builder::new().name("forebay-debt".to_owned()).spawn(move || waits()).is_err() {
            wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_conformance::watchdog::{PATIENCE, comes_true, watch};

    use super::*;
    use crate::turn::scene::{Failure, go_on, put, scene, stop};
    use crate::{Bytes, Patience, Raw, Settings, TakeError};
    use forebay_contract::{Codec, CodecError};

    const SHORT: Duration = Duration::from_millis(30);

    /// A consumer's items are read between its two turns: then somebody is stopped with the lock.
    #[derive(Clone)]
    struct Stops(Arc<Party>);

    impl Codec<Bytes> for Stops {
        fn encode<'a>(&self, item: &'a Bytes, _: &'a mut Vec<u8>) -> Result<&'a [u8], CodecError> {
            Ok(item)
        }

        fn decode(&self, bytes: Bytes) -> Result<Bytes, CodecError> {
            stop(&self.0).expect("a turn");
            if bytes.len() == 1 { Ok(bytes) } else { Err(CodecError("it is long".to_owned())) }
        }
    }

    #[test]
    fn a_take_without_a_turn_to_end_it_gives_its_item_back() -> Result<(), Failure> {
        for (len, many) in [(1, false), (1, true), (2, false)] {
            let (_folder, buffer) = scene(&Settings::new(4))?;
            put(&buffer, len)?;
            let other = Arc::clone(&buffer.consumer::<Bytes, _>(Raw)?.party);
            let consumer = buffer.consumer::<Bytes, _>(Stops(Arc::clone(&other)))?;
            // It does not leave, which would give back what it holds.
            let _stays = Arc::clone(&consumer.party);
            let end = watch("a take", PATIENCE, move || {
                let patience = Patience::lasting(SHORT);
                if many {
                    consumer.take_many_within(3, patience).map(drop)
                } else {
                    consumer.take_within(patience).map(drop)
                }
            });
            let is_stalled = matches!(end, Ok(Err(TakeError::Unable(Fault::Stalled { .. }))));
            assert!(is_stalled, "{end:?}");
            assert_eq!(buffer.statistics().waiting, 0);
            go_on(&other)?;
            let expected = if len == 1 { (1, 0, 0) } else { (0, 1, 0) };
            let has_come_back = comes_true(|| {
                let told = buffer.statistics();
                (told.waiting, told.dead, told.finished) == expected
            });
            assert!(has_come_back, "{len} {many}");
            assert!(buffer.verify()?.is_sound());
        }
        Ok(())
    }

    /// A producer's bytes are written between its two turns.
    #[cfg(feature = "crash-points")]
    #[test]
    fn a_put_without_a_turn_to_end_it_gives_its_place_back() -> Result<(), Failure> {
        use std::task::Poll;

        use forebay_conformance::task::Task;

        use crate::{Overflow, Refusal, crash};

        for is_async in [false, true] {
            let (_folder, buffer) = scene(&Settings::new(1))?;
            let producer = buffer.producer::<Bytes, _>(Raw)?;
            let _stays = Arc::clone(&producer.party);
            let other = Arc::clone(&buffer.consumer::<Bytes, _>(Raw)?.party);
            let stops = Arc::clone(&other);
            let end = watch("a put", PATIENCE, move || {
                let mut is_stopped = false;
                crash::watch(move |moment| {
                    let control = stops.buffer.control().expect("the page of control");
                    let is_between = control.lock().get() == 0 && control.reserved().get() > 0;
                    if moment == crash::Moment::Store && is_between && !is_stopped {
                        is_stopped = true;
                        let stops = Arc::clone(&stops);
                        // Its stores are not this thread's.
                        let stopped = thread::spawn(move || stop(&stops)).join();
                        stopped.expect("no panic").expect("a turn");
                    }
                });
                let item: Bytes = vec![7; 5000].as_slice().into();
                let end = if is_async {
                    let producer = producer.with_overflow(Overflow::WaitFor(SHORT));
                    Task::new(async move { producer.put_async(item).await }).settle()
                } else {
                    Poll::Ready(producer.put_timeout(item, SHORT))
                };
                crash::unwatch();
                end.map_err(|error| error.refusal)
            });
            let is_stalled =
                matches!(&end, Ok(Poll::Ready(Err(Refusal::Unable(Fault::Stalled { .. })))));
            assert!(is_stalled, "{end:?}");
            assert_eq!(buffer.statistics().reserved, 1);
            go_on(&other)?;
            assert!(comes_true(|| buffer.statistics().reserved == 0));
            put(&buffer, 1)?;
            assert!(buffer.verify()?.is_sound());
        }
        Ok(())
    }
}
