//! What a buffer can be told, and what it refuses (C11).
#![cfg(not(loom))]

use std::time::Duration;

use forebay_threads::{BuildError, Builder, Discipline, bounded};

#[test]
fn refusals_name_what_was_wrong_and_what_to_do() {
    let refusal = |builder: Builder<u8>| builder.build().unwrap_err();
    assert_eq!(refusal(Builder::bounded(0)), BuildError::CapacityZero);
    assert_eq!(refusal(Builder::bounded(1).max_leased(0)), BuildError::MaxLeasedZero);
    assert_eq!(refusal(Builder::bounded(1).max_failures(0)), BuildError::LimitZero);
    assert_eq!(refusal(Builder::bounded(1).max_deliveries(0)), BuildError::LimitZero);
    for discipline in [Discipline::Ring, Discipline::Semaphores, Discipline::Monitor] {
        let refused = refusal(Builder::unbounded().discipline(discipline));
        assert_eq!(refused, BuildError::Unbounded(discipline));
        assert!(refused.to_string().contains(&discipline.to_string()));
    }
    assert_eq!(BuildError::CapacityZero.to_string(), "capacity 0: a buffer holds at least 1 item");
}

#[test]
fn a_capacity_without_memory_is_refused() {
    for capacity in [usize::MAX, usize::MAX / 2, 1 << 40] {
        let refused = Builder::<u64>::bounded(capacity).build().unwrap_err();
        assert_eq!(refused, BuildError::NoMemory { capacity });
        assert!(refused.to_string().contains("linked"));
    }
    let (producer, _consumer) =
        Builder::bounded(usize::MAX).discipline(Discipline::Linked).build().unwrap();
    producer.put(1).unwrap();
}

#[test]
fn a_lease_time_past_the_clock_is_for_ever() {
    let (producer, consumer) = Builder::bounded(1).lease_time(Duration::MAX).build().unwrap();
    producer.put(1).unwrap();
    let mut lease = consumer.lease().unwrap();
    lease.extend(Duration::MAX).unwrap();
    assert_eq!(lease.ack(), Ok(1));
}

#[test]
#[should_panic(expected = "capacity 0: a buffer holds at least 1 item")]
fn bounded_of_nothing_panics_with_the_reason() {
    let _ = bounded::<u8>(0);
}

#[test]
fn the_name_is_told() {
    let (producer, consumer) = Builder::<u8>::bounded(3).name("orders").build().unwrap();
    assert_eq!(producer.statistics().name.as_deref(), Some("orders"));
    assert!(format!("{producer:?}").contains("orders"));
    assert!(format!("{consumer:?}").contains("orders"));
}

#[test]
fn the_lease_limit_is_the_capacity_and_at_least_64() {
    for (capacity, limit) in [(1, 64), (100, 100)] {
        let (producer, consumer) = bounded(capacity);
        let mut leases = Vec::new();
        for n in 0..limit {
            producer.put(n).unwrap();
            leases.push(consumer.lease().unwrap());
        }
        producer.put(limit).unwrap();
        assert!(consumer.try_lease().is_err());
        assert!(consumer.try_take().is_ok(), "a take needs no lease");
    }
}

#[test]
fn a_buffer_with_a_lease_time_ends_its_thread() {
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let before = threads();
    for _ in 0..20 {
        let (producer, consumer) =
            Builder::bounded(1).lease_time(Duration::from_mins(1)).build().unwrap();
        producer.put(1).unwrap();
        consumer.lease().unwrap().ack().unwrap();
    }
    // Guards against a hang only: the threads have nothing left to wait for.
    for _ in 0..1_000 {
        if threads() <= before + 3 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} threads are left of {before}", threads());
}
