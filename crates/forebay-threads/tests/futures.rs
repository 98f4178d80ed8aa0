//! Streams and sinks, under the combinators of `futures`.
#![cfg(all(not(loom), feature = "futures"))]

use std::task::Poll;
use std::time::Duration;

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::watchdog::{PATIENCE, watch};
use forebay_threads::{
    Builder, Consumer, Discipline, Outcome, Overflow, Producer, Refusal, TakeError, bounded,
};
use futures::stream::FusedStream;
use futures::{FutureExt, SinkExt, StreamExt, TryStreamExt, future, select, stream};

fn on_every_discipline(capacity: usize, check: fn(Producer<u64>, Consumer<u64>)) {
    for discipline in Discipline::ALL {
        let (producer, consumer) =
            Builder::bounded(capacity).discipline(discipline).build().expect("capacity above 0");
        let ended = watch("combinators", PATIENCE, move || check(producer, consumer));
        assert_eq!(ended, Ok(()), "{discipline}");
    }
}

#[test]
fn a_stream_gives_all_items_and_ends_with_the_buffer() {
    on_every_discipline(5, |producer, consumer| {
        producer.put_many([1, 2, 3]).unwrap();
        let mut stream = consumer.stream();
        assert_eq!(block_on(stream.next()), Some(1));
        drop(producer);
        assert!(!stream.is_terminated());
        assert_eq!(block_on(stream.by_ref().collect::<Vec<_>>()), [2, 3]);
        assert!(stream.is_terminated());
        assert_eq!(block_on(stream.next()), None);
    });
}

#[test]
fn combinators_work_on_streams() {
    on_every_discipline(5, |producer, consumer| {
        let (left, right) = (consumer.clone().into_stream(), consumer.into_stream());
        producer.put_many([1, 2, 3, 4]).unwrap();
        drop(producer);
        let pairs = left.zip(right).map(|(a, b)| a + b);
        let sums = pairs.map(|sum| async move { sum }).buffer_unordered(2).chunks(8);
        let mut sums = block_on(sums.concat());
        sums.sort_unstable();
        assert_eq!(sums, [3, 7]);
    });
}

#[test]
fn a_stream_that_waits_is_woken_and_passes_its_wake_on_when_dropped() {
    on_every_discipline(5, |producer, consumer| {
        let (mut first, mut second) = (consumer.stream(), consumer.clone().into_stream());
        let mut next = Task::new(first.next());
        let mut behind = Task::new(second.next());
        assert!(next.poll().is_pending() && behind.poll().is_pending());
        producer.put(1).unwrap();
        assert!(next.is_woken() && !behind.is_woken());
        // The stream keeps its place in the line when a `next` is dropped.
        drop(next);
        assert!(!behind.is_woken());
        drop(first);
        assert!(behind.is_woken());
        assert_eq!(behind.poll(), Poll::Ready(Some(1)));
    });
}

#[test]
fn the_time_that_a_stream_waits_is_counted_until_it_has_an_item() {
    let (producer, consumer) = bounded(1);
    let mut stream = consumer.stream();
    let mut next = Task::new(stream.next());
    assert!(next.poll().is_pending());
    std::thread::sleep(Duration::from_millis(30));
    producer.put(1).unwrap();
    assert!(next.poll().is_ready());
    let waited = consumer.statistics().consumer_wait;
    // The clock for tasks goes in steps of up to 10 ms.
    assert!(waited >= Duration::from_millis(20), "{waited:?}");
    assert_eq!(consumer.statistics().consumer_wait, waited);
}

#[test]
fn leases_that_are_dropped_on_the_way_come_again() {
    on_every_discipline(5, |producer, consumer| {
        producer.put_many([1, 2, 3]).unwrap();
        drop(producer);
        let mut first = true;
        let odd = consumer.leases().filter_map(|lease| {
            let dropped = *lease == 2 && std::mem::take(&mut first);
            let kept = (!dropped).then(|| (lease.deliveries(), lease.ack().unwrap()));
            future::ready(kept)
        });
        assert_eq!(block_on(odd.collect::<Vec<_>>()), [(1, 1), (2, 2), (1, 3)]);
        assert_eq!(consumer.statistics().finished, 3);
    });
}

#[test]
fn leases_wait_for_the_lease_limit() {
    for discipline in Discipline::ALL {
        let built = Builder::bounded(5).max_leased(1).discipline(discipline).build();
        let (producer, consumer) = built.unwrap();
        producer.put_many([1, 2]).unwrap();
        let mut leases = consumer.into_leases();
        let held = block_on(leases.next()).unwrap();
        let mut next = Task::new(leases.next());
        assert!(next.poll().is_pending());
        held.ack().unwrap();
        assert!(next.is_woken());
        assert!(matches!(next.poll(), Poll::Ready(Some(lease)) if *lease == 2));
    }
}

#[test]
fn a_stream_forwards_to_a_sink_which_closes_its_buffer() {
    on_every_discipline(2, |producer, consumer| {
        let (upstream, source) = bounded(3);
        let puts = async {
            for n in 0..200 {
                upstream.put_async(n).await.unwrap();
            }
            upstream.close();
        };
        let forward = source.stream().map(Ok).forward(producer.into_sink());
        let takes = consumer.stream().inspect(|_| assert!(consumer.statistics().waiting <= 2));
        let ((), forwarded, items) =
            block_on(future::join3(puts, forward, takes.collect::<Vec<_>>()));
        assert!(forwarded.is_ok());
        assert_eq!(items, (0..200).collect::<Vec<_>>());
        assert!(consumer.statistics().high_water <= 2);
    });
}

#[test]
fn a_sink_holds_back_who_is_faster() {
    on_every_discipline(2, |producer, consumer| {
        let mut sink = producer.sink();
        let mut sends = Task::new(async {
            for n in 1..=4 {
                sink.send(n).await.unwrap();
            }
        });
        assert!(sends.settle().is_pending());
        assert_eq!(consumer.statistics().waiting, 2);
        assert_eq!(consumer.try_take(), Ok(1));
        assert!(sends.is_woken());
        assert!(sends.settle().is_pending());
        assert_eq!(consumer.statistics().waiting, 2);
        assert_eq!(consumer.try_take(), Ok(2));
        assert_eq!(sends.settle(), Poll::Ready(()));
        drop(sends);
        assert_eq!(consumer.statistics().waiting, 2);
        assert_eq!(consumer.statistics().high_water, 2);
    });
}

#[test]
fn a_send_that_is_dropped_leaves_no_item_and_passes_its_wake_on() {
    on_every_discipline(1, |producer, consumer| {
        producer.put(0).unwrap();
        let (mut first, mut second) = (producer.sink(), producer.clone().into_sink());
        let mut send = Task::new(first.send(1));
        let mut behind = Task::new(second.send(2));
        assert!(send.poll().is_pending() && behind.poll().is_pending());
        assert_eq!(consumer.take(), Ok(0));
        assert!(send.is_woken());
        drop(send);
        drop(first);
        assert!(behind.is_woken());
        assert!(behind.poll().is_ready());
        assert_eq!(consumer.try_take(), Ok(2));
        assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    });
}

#[test]
fn a_refused_item_is_handed_back() {
    on_every_discipline(1, |producer, consumer| {
        let mut sink = producer.sink();
        block_on(sink.send(1)).unwrap();
        let mut waits = Task::new(sink.send(2));
        assert!(waits.poll().is_pending());
        consumer.close();
        let Poll::Ready(Err(refused)) = waits.poll() else { panic!("the buffer is closed") };
        assert_eq!((refused.item, refused.refusal), (2, Refusal::Closed));
        drop(waits);
        let mut feed = Task::new(sink.feed(3));
        assert!(matches!(feed.poll(), Poll::Ready(Err(refused)) if refused.item == 3));
        drop(feed);
        drop(consumer);
        let refused = block_on(sink.send(4)).unwrap_err();
        assert_eq!((refused.item, refused.refusal), (4, Refusal::Abandoned));
    });
}

#[test]
fn closing_a_sink_drops_what_it_holds() {
    on_every_discipline(1, |producer, consumer| {
        let mut own = producer.clone().into_sink();
        let mut borrowed = producer.sink();
        // Ready: a place is kept, until the sink is closed.
        let mut ready = Task::new(future::poll_fn(|cx| borrowed.poll_ready_unpin(cx)));
        assert!(ready.poll().is_ready());
        drop(ready);
        assert!(producer.try_put(1).is_err());
        block_on(borrowed.close()).unwrap();
        producer.try_put(1).unwrap();
        assert_eq!(block_on(borrowed.send(2)).unwrap_err().into_item(), 2);
        drop(borrowed);
        block_on(own.close()).unwrap();
        assert!(!consumer.statistics().closed, "there is one producer more");
        block_on(producer.into_sink().close()).unwrap();
        assert!(consumer.statistics().closed);
        assert_eq!(consumer.take(), Ok(1));
        assert_eq!(consumer.take(), Err(TakeError::Closed));
    });
}

#[test]
fn a_sink_does_on_full_what_its_producer_chose() {
    on_every_discipline(1, |producer, consumer| {
        let mut refuse = producer.clone().with_overflow(Overflow::Refuse).into_sink();
        block_on(refuse.send(1)).unwrap();
        let refused = block_on(refuse.send(2)).unwrap_err();
        assert_eq!((refused.item, refused.refusal), (2, Refusal::Full));
        let time = Duration::from_millis(5);
        let mut patient = producer.clone().with_overflow(Overflow::WaitFor(time)).into_sink();
        let refused = block_on(patient.send(3)).unwrap_err();
        assert_eq!((refused.item, refused.refusal), (3, Refusal::TimedOut));
        let mut drops = producer.clone().with_overflow(Overflow::DropOldest).into_sink();
        block_on(drops.send(4)).unwrap();
        let mut drops = producer.with_overflow(Overflow::DropThis).into_sink();
        block_on(drops.send(5)).unwrap();
        assert_eq!(consumer.take(), Ok(4));
        assert_eq!(consumer.statistics().dropped, 2);
        block_on(patient.send(6)).unwrap();
        assert_eq!(consumer.take(), Ok(6));
    });
}

#[test]
fn a_sink_for_a_weight_is_ready_when_there_is_room_for_it() {
    let ended = watch("weights", PATIENCE, || {
        let (producer, consumer) = Builder::bounded(9).weighing(10, |n: &u64| *n).build().unwrap();
        let mut sink = producer.sink_weight(6);
        block_on(sink.send(5)).unwrap();
        let mut waits = Task::new(sink.send(6));
        assert!(waits.poll().is_pending());
        assert_eq!(consumer.take(), Ok(5));
        assert!(waits.is_woken() && waits.poll().is_ready());
        drop(waits);
        assert_eq!(consumer.take(), Ok(6));
        let refused = block_on(sink.send(7)).unwrap_err();
        assert_eq!((refused.item, refused.refusal), (7, Refusal::TooHeavy));
        let refused = block_on(producer.sink_weight(11).send(1)).unwrap_err();
        assert_eq!((refused.item, refused.refusal), (1, Refusal::TooHeavy));
        assert_eq!(producer.put(10), Ok(Outcome::Placed), "no place is kept any more");
    });
    assert_eq!(ended, Ok(()));
}

#[test]
fn the_select_of_a_library_drops_calls_without_loss() {
    on_every_discipline(1, |producer, consumer| {
        let (to_other, other) = bounded::<u64>(1);
        let selects = async {
            let mut sum = 0;
            let (mut open, mut left) = (true, 100);
            while open || left > 0 {
                select! {
                    item = consumer.take_async().fuse() => match item {
                        Ok(n) => sum += n,
                        Err(_) => open = false,
                    },
                    item = other.lease_async().fuse() => {
                        if let Ok(lease) = item {
                            sum += lease.ack().unwrap();
                            left -= 1;
                        }
                    }
                }
            }
            sum
        };
        let puts = async {
            for n in 1..=100 {
                producer.put_async(n).await.unwrap();
                to_other.put_async(1000).await.unwrap();
            }
            producer.close();
        };
        let (sum, ()) = block_on(future::join(selects, puts));
        assert_eq!(sum, 5050 + 100_000);
    });
}

#[test]
fn what_can_fail_goes_through_a_buffer() {
    let (producer, consumer) = bounded(4);
    let tries = stream::iter([Ok(1), Ok(2), Err("three")]);
    let sent = tries.forward(producer.into_sink().sink_map_err(|_| "refused"));
    assert_eq!(block_on(sent), Err("three"));
    let items = consumer.into_stream().map(Ok::<u32, &str>).try_collect::<Vec<_>>();
    assert_eq!(block_on(items), Ok(vec![1, 2]));
}
