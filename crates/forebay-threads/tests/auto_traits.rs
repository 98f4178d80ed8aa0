//! Where handles, futures and errors may go: as far as their items, and no further.
//!
//! Calls that must not compile are in `compile_fail/`.
#![cfg(not(loom))]

use std::cell::Cell;
use std::error::Error;
use std::marker::PhantomData;

use forebay_threads::{
    Builder, Consume, Consumer, Lease, Leased, Permit, Permitted, Produce, Producer, PutError,
    PutManyError, bounded,
};

const fn send<T: Send>() {}
const fn sync<T: Sync>() {}
const fn send_value<T: Send>(_: &T) {}
const fn unpin<T: Unpin>() {}
const fn error<T: Error>() {}
const fn alive_as_long_as_it_likes<T: 'static>() {}

/// An item that may be sent and not shared: whoever has it has it alone.
type Sendable = Cell<u8>;

const _: () = {
    send::<Producer<Sendable>>();
    sync::<Producer<Sendable>>();
    send::<Consumer<Sendable>>();
    sync::<Consumer<Sendable>>();
    send::<Lease<Sendable>>();
    send::<Permit<Sendable>>();
    sync::<Permit<Sendable>>();
    sync::<Lease<u8>>();
    unpin::<Producer<std::marker::PhantomPinned>>();
    unpin::<Consumer<std::marker::PhantomPinned>>();
    alive_as_long_as_it_likes::<Lease<u8>>();
    alive_as_long_as_it_likes::<Permit<u8>>();
};

#[test]
fn every_future_may_be_sent_if_its_item_may() {
    let (producer, consumer) = bounded::<Sendable>(1);
    send_value(&producer.put_async(Cell::new(1)));
    send_value(&producer.put_many_async(vec![Cell::new(1)]));
    send_value(&producer.reserve_async());
    send_value(&producer.reserve_weight_async(1));
    send_value(&producer.join_async());
    send_value(&consumer.take_async());
    send_value(&consumer.take_many_async(1));
    send_value(&consumer.lease_async());
    send_value(&consumer.join_async());
}

#[test]
fn errors_are_errors_whatever_the_item() {
    struct Opaque;
    error::<PutError<Opaque>>();
    error::<PutManyError<Opaque>>();
    let (producer, _consumer) = bounded(1);
    assert!(producer.put(Opaque).is_ok());
    let refused = producer.try_put(Opaque).unwrap_err();
    assert!(format!("{refused:?} {refused}").contains("Full"));
}

/// Items need not outlive the program: a borrowed one may go through a buffer in its scope.
#[test]
fn items_may_be_borrowed() {
    let text = "one two three".to_owned();
    let (producer, consumer) = bounded::<&str>(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for word in text.split(' ') {
                producer.put(word).unwrap();
            }
            producer.close();
        });
        let mut words = Vec::new();
        while let Ok(lease) = consumer.lease() {
            words.push(lease.ack().unwrap());
        }
        assert_eq!(words, ["one", "two", "three"]);
    });
}

/// An item that may not be sent may still be kept in a buffer of one thread.
#[test]
fn items_that_stay_on_their_thread_may_wait_there() {
    let (producer, consumer) = bounded(1);
    let item = std::rc::Rc::new(5);
    producer.put(std::rc::Rc::clone(&item)).unwrap();
    assert_eq!(consumer.take(), Ok(item));
}

#[test]
fn the_traits_are_kept_by_the_handles() {
    fn through<T: Send + 'static>(
        item: T,
        producer: &impl Produce<T>,
        consumer: &impl Consume<T>,
    ) -> Option<T> {
        producer.reserve().ok()?.put(item).ok()?;
        consumer.lease().ok()?.ack().ok()
    }
    let (producer, consumer) = Builder::bounded(1).build().unwrap();
    assert_eq!(through(7, &producer, &consumer), Some(7));
}

/// Tells whether a value may be sent, and whether it may be shared: as methods of its own where it may,
/// else those of [`Stays`].
struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    fn of(_: &T) -> Self {
        Self(PhantomData)
    }
}

trait Stays {
    fn may_be_sent(&self) -> bool {
        false
    }

    fn may_be_shared(&self) -> bool {
        false
    }
}

impl<T> Stays for Probe<T> {}

impl<T: Send> Probe<T> {
    #[expect(clippy::unused_self, reason = "in place of the trait's")]
    fn may_be_sent(&self) -> bool {
        true
    }
}

impl<T: Sync> Probe<T> {
    #[expect(clippy::unused_self, reason = "in place of the trait's")]
    fn may_be_shared(&self) -> bool {
        true
    }
}

macro_rules! places {
    ($value:expr) => {{
        let value = $value;
        (Probe::of(&value).may_be_sent(), Probe::of(&value).may_be_shared())
    }};
}

#[test]
fn nothing_goes_further_than_its_items() {
    use std::rc::Rc;
    let (producer, consumer) = bounded::<Rc<u8>>(3);
    producer.put_many([Rc::new(1), Rc::new(2)]).unwrap();
    let nowhere = (false, false);
    assert_eq!(places!(producer.clone()), nowhere);
    assert_eq!(places!(consumer.clone()), nowhere);
    assert_eq!(places!(producer.reserve().unwrap()), nowhere);
    assert_eq!(places!(consumer.lease().unwrap()), nowhere);
    assert_eq!(places!(producer.put_async(Rc::new(3))), nowhere);
    assert_eq!(places!(producer.put_many_async(vec![])), nowhere);
    assert_eq!(places!(producer.reserve_async()), nowhere);
    assert_eq!(places!(producer.join_async()), nowhere);
    assert_eq!(places!(consumer.take_async()), nowhere);
    assert_eq!(places!(consumer.lease_async()), nowhere);
    assert_eq!(places!(Builder::<Rc<u8>>::bounded(1).build().unwrap()), nowhere);
}

#[test]
fn a_lease_is_shared_only_as_its_item_is() {
    let (producer, consumer) = bounded::<Cell<u8>>(1);
    producer.put(Cell::new(1)).unwrap();
    assert_eq!(places!(consumer.lease().unwrap()), (true, false));
    assert_eq!(
        places!(consumer.clone()),
        (true, true),
        "the handle gives nothing out by reference"
    );
    let (producer, consumer) = bounded::<u8>(1);
    producer.put(1).unwrap();
    assert_eq!(places!(consumer.lease().unwrap()), (true, true));
}
