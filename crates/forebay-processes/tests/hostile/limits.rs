//! More than there is room for, answers that come too late, and handles that are forgotten.

use std::mem;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use forebay_conformance::task::Task;
use forebay_conformance::watchdog::{PATIENCE, comes_true, watch};
use forebay_processes::{
    Buffer, Fault, Inspection, JoinError, LeaseError, Outcome, Patience, Raw, Refusal, Settings,
    TakeError,
};

use crate::call::Bytes;
use crate::child;

#[test]
fn one_handle_too_many_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("one.fb");
    Settings::new(5).participants(1).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    assert_eq!(buffer.producer::<Bytes, _>(Raw).map(drop), Err(Fault::Crowded));
    drop(consumer);
    let producer = buffer.producer(Raw).expect("there is room again");
    producer.put(vec![1]).expect("room");

    let path = folder.path().join("two.fb");
    Settings::new(5).participants(2).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    let producer = buffer.producer(Raw).expect("a producer");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    assert_eq!(buffer.producer::<Bytes, _>(Raw).map(drop), Err(Fault::Crowded));
    // A clone is another handle of the same one then.
    producer.clone().put(vec![1]).expect("room");
    assert_eq!(consumer.clone().take().expect("an item"), [1]);
    drop(producer);
    buffer.consumer::<Bytes, _>(Raw).expect("there is room again");
}

/// Each process with a handle, an opening, and a task that waits; and as many more as are told to have room.
#[test]
fn idle_handles_shut_nobody_out_who_only_looks() {
    for handles in [1, 2, 5] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.fb");
        Settings::new(5).participants(handles).create(&path).expect("a new buffer");
        let idle: Vec<_> =
            (0..handles).map(|_| child::begin("limits::child_idles", folder.path())).collect();
        let openings: Vec<_> = (0..16).map(|_| Buffer::open(&path)).collect();
        let all_open = openings.iter().all(Result::is_ok);
        assert!(all_open, "{handles}: {:?}", openings.into_iter().find_map(Result::err));
        let buffer = openings.into_iter().next().expect("one").expect("open");
        assert_eq!(buffer.statistics().consumers_waiting, handles as usize);
        assert_eq!(buffer.producer::<Bytes, _>(Raw).map(drop), Err(Fault::Crowded));
        assert_eq!(buffer.join_within(Patience::Try), Ok(()));
        assert_eq!(buffer.close(), Ok(()));
        for child in idle {
            child.end();
        }
        buffer.consumer::<Bytes, _>(Raw).expect("there is room again");
    }
}

#[test]
#[ignore = "is run by idle_handles_shut_nobody_out_who_only_looks"]
fn child_idles() {
    let Some(folder) = child::folder() else { return };
    let buffer = Buffer::open(folder.join("jobs.fb")).expect("the buffer");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    let mut task = Task::new(async { consumer.take_async().await });
    assert!(task.poll().is_pending());
    child::wait_for_the_end();
    assert!(comes_true(|| task.is_woken()));
    assert_eq!(task.settle(), Poll::Ready(Err(TakeError::Closed)));
}

/// As many as there is room for, and one more.
#[test]
fn one_opening_too_many_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    Settings::new(5).participants(1).create(&path).expect("a new buffer");
    let mut openings: Vec<_> =
        (0..2 + 16).map(|_| Buffer::open(&path).expect("the buffer")).collect();
    let error = Buffer::open(&path).expect_err("there is no room");
    assert!(error.to_string().contains("as many participants as it has room for"), "{error}");
    // They keep out no handle.
    openings[0].producer(Raw).expect("a producer").put(vec![1]).expect("room");
    openings.pop();
    Buffer::open(&path).expect("there is room again");
}

#[test]
fn more_wait_than_there_are_places_in_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    Settings::new(50).participants(2).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    let producer = buffer.producer(Raw).expect("a producer");
    let consumer = Arc::new(buffer.consumer::<Bytes, _>(Raw).expect("a consumer"));
    let waits: Vec<_> = (0..40)
        .map(|_| {
            let consumer = Arc::clone(&consumer);
            thread::spawn(move || consumer.take().map(|item| item[0]))
        })
        .collect();
    assert!(comes_true(|| buffer.statistics().consumers_waiting == 28));
    for number in 0..40 {
        producer.put(vec![number]).expect("room");
    }
    let mut taken: Vec<u8> = waits
        .into_iter()
        .map(|wait| {
            let end = watch("a waiter", PATIENCE, move || wait.join().expect("no panic"));
            end.expect("it ends").expect("an item")
        })
        .collect();
    taken.sort_unstable();
    assert_eq!(taken, (0..40).collect::<Vec<u8>>());
    assert!(buffer.verify().expect("it can be looked at").is_sound());
}

#[test]
fn an_item_that_never_fits_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    Settings::new(5).storage(10_000).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    let producer = buffer.producer(Raw).expect("a producer");
    let end = watch("a put", PATIENCE, move || {
        let item = vec![1_u8; 60_000];
        let at = item.as_ptr();
        let error = producer.put(item).expect_err("it never fits");
        assert_eq!((error.refusal, error.item.as_ptr()), (Refusal::TooHeavy, at));
        let many = producer.put_many([vec![1], vec![1; 60_000], vec![2]]).expect_err("as above");
        assert_eq!((many.refusal, many.rest.len()), (Refusal::TooHeavy, 2));
        assert_eq!(producer.put(vec![1; 10_000]), Ok(Outcome::Placed));
    });
    assert_eq!(end, Ok(()));
    let path = folder.path().join("weighed.fb");
    Settings::new(5).capacity_bytes(100).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    let producer = buffer.producer(Raw).expect("a producer");
    assert_eq!(producer.put(vec![1; 101]).unwrap_err().refusal, Refusal::TooHeavy);
    assert_eq!(producer.put(vec![1; 100]), Ok(Outcome::Placed));
}

#[test]
fn an_answer_that_comes_too_late_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    let time = Duration::from_millis(50);
    Settings::new(5).lease_time(time).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    buffer.producer(Raw).expect("a producer").put(vec![1]).expect("room");
    let (slow, quick) = (buffer.consumer::<Bytes, _>(Raw), buffer.consumer::<Bytes, _>(Raw));
    let (slow, quick) = (slow.expect("a consumer"), quick.expect("a consumer"));
    let mut late = vec![slow.lease().expect("an item")];
    // It is leased again and again, and each time expires.
    for _ in 0..5 {
        late.push(quick.lease().expect("it came back"));
    }
    let now = late.pop().expect("the last lease");
    for (answers, mut lease) in late.into_iter().enumerate() {
        assert_eq!(lease.extend(Duration::from_secs(100)), Err(LeaseError::Expired));
        let end = match answers % 4 {
            0 => lease.ack().map(drop),
            1 => lease.nack(),
            2 => lease.fail("late"),
            _ => lease.reject("late"),
        };
        assert_eq!(end, Err(LeaseError::Expired));
    }
    // The last may have expired as well, but nobody has it since.
    drop(now);
    let last = quick.lease().expect("the item is there still");
    assert_eq!((last.deliveries(), last.failures()), (7, 0));
    assert!(buffer.dead_letters().expect("none").is_empty());
}

#[test]
fn what_is_forgotten_is_held_until_its_process_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.fb");
    Settings::new(5).create(&path).expect("a new buffer");
    let buffer = Buffer::open(&path).expect("the buffer");
    let producer = buffer.producer(Raw).expect("a producer");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    for number in 0..4 {
        producer.put(vec![number]).expect("room");
    }
    child::pass("limits::child_forgets", folder.path(), &[]);
    // Whoever opens the buffer finds out what it left.
    drop(Buffer::open(&path).expect("the buffer"));
    let first = consumer.lease().expect("it came back");
    assert_eq!((first[0], first.deliveries()), (0, 2));
    drop(first);
    for number in [0, 1, 2, 3, 100, 100] {
        assert_eq!(consumer.take().expect("an item"), [number]);
    }
    for number in 0..5 {
        assert_eq!(producer.put_timeout(vec![number], PATIENCE), Ok(Outcome::Placed));
    }
    assert_eq!(producer.try_put(vec![9]).unwrap_err().refusal, Refusal::Full);
    let statistics = buffer.statistics();
    assert_eq!((statistics.leased, statistics.reserved), (0, 0), "{statistics:?}");
    assert_eq!((statistics.producers_waiting, statistics.consumers_waiting), (0, 0));
    assert!(buffer.verify().expect("it can be looked at").is_sound());
}

#[test]
#[ignore = "is run by what_is_forgotten_is_held_until_its_process_ends"]
fn child_forgets() {
    let Some(folder) = child::folder() else { return };
    let buffer = Buffer::open(folder.join("jobs.fb")).expect("the buffer");
    let producer = buffer.producer::<Bytes, _>(Raw).expect("a producer");
    let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
    let (one, two) = (consumer.lease().expect("an item"), consumer.lease().expect("an item"));
    mem::forget((one, two));
    mem::forget(producer.reserve().expect("room"));
    // Two wait, and one place is set aside: there is room for two more.
    let mut waiting: Vec<Task<'_, bool>> = Vec::new();
    let mut is_waiting = Vec::new();
    for _ in 0..5 {
        let producer = producer.clone();
        let mut task = Task::new(async move { producer.put_async(vec![100]).await.is_ok() });
        is_waiting.push(task.poll().is_pending());
        waiting.push(task);
    }
    assert_eq!(is_waiting, [false, false, true, true, true]);
    let joining = buffer.clone();
    assert_eq!(joining.join_within(Patience::Try), Err(JoinError::TimedOut));
    mem::forget(waiting);
    mem::forget((buffer, producer, consumer));
}

#[test]
fn the_longest_item_is_put_and_one_byte_more_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [
        Settings::new(1).storage(1 << 12),
        Settings::new(3).storage(1 << 16).dead_room(2),
        Settings::new(3).capacity_bytes(1000),
        Settings::new(3).capacity_bytes(10),
    ];
    for (number, settings) in settings.into_iter().enumerate() {
        let path = folder.path().join(format!("{number}.fb"));
        settings.create(&path).expect("a new buffer");
        let buffer = Buffer::open(&path).expect("the buffer");
        let longest = buffer.longest_item();
        assert_eq!(Inspection::open(&path).expect("the buffer").longest_item(), longest);
        let producer = buffer.producer::<Bytes, _>(Raw).expect("room");
        let refused = producer.try_put(vec![7; longest as usize + 1]);
        assert_eq!(refused.map_err(|error| error.refusal), Err(Refusal::TooHeavy));
        producer.try_put(vec![7; longest as usize]).expect("it is put");
        let consumer = buffer.consumer::<Bytes, _>(Raw).expect("room");
        assert_eq!(consumer.try_take().expect("it is there").len() as u64, longest);
    }
}
