//! A child of fork has its parent's handles, and may not use them; what it does with them harms nobody.

use std::task::Poll;

use ::fork::Fork;
use forebay_conformance::task::Task;
use forebay_conformance::watchdog::{PATIENCE, comes_true, watch};
use forebay_processes::{Buffer, Fault, Patience, Raw, Settings, Statistics, TakeError};
use rustix::process::{Pid, WaitOptions, waitpid};

use crate::call::{Bytes, CALLS, Opened, look};
use crate::child;

#[test]
fn a_child_of_fork_is_refused_and_harms_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    child::pass("fork::child_forks", folder.path(), &[]);
}

#[test]
#[ignore = "is run by a_child_of_fork_is_refused_and_harms_nothing"]
fn child_forks() {
    let Some(folder) = child::folder() else { return };
    for (number, (name, call)) in CALLS.iter().enumerate() {
        let path = folder.join(format!("{number}.fb"));
        Settings::new(64).storage(200 << 10).create(&path).expect("a new buffer");
        let buffer = Buffer::open(&path).expect("the buffer");
        let mut opened = Opened::new(&buffer);
        // A task that waits, with its place in line and its bell.
        let empty = folder.join(format!("{number}-empty.fb"));
        Settings::new(1).create(&empty).expect("a new buffer");
        let empty = Buffer::open(&empty).expect("the buffer");
        let consumer = empty.consumer::<Bytes, _>(Raw).expect("a consumer");
        let asking = consumer.clone();
        let mut task = Task::new(async move { asking.take_async().await });
        assert!(task.poll().is_pending());
        let before = buffer.statistics();
        match ::fork::fork().expect("a child") {
            Fork::Child => {
                let came = call(&mut opened);
                look(&opened);
                let asked = consumer.try_take();
                let is_polled = match task.poll() {
                    Poll::Ready(end) => end == Err(TakeError::Unable(Fault::Forked)),
                    Poll::Pending => true,
                };
                drop((task, consumer, opened, buffer, empty));
                let is_refused = came == Err(Fault::Forked)
                    && asked == Err(TakeError::Unable(Fault::Forked))
                    && is_polled;
                if !is_refused {
                    eprintln!("{name}: {came:?}, {asked:?}");
                }
                std::process::exit(i32::from(!is_refused));
            }
            Fork::Parent(child) => {
                let ended = watch("the child", PATIENCE, move || {
                    waitpid(Pid::from_raw(child), WaitOptions::empty())
                });
                let (_, status) = ended.expect("it ends").expect("a child").expect("its end");
                assert_eq!(status.exit_status(), Some(0), "{name}: {status:?}");
            }
        }
        assert_eq!(count(&buffer.statistics()), count(&before), "{name}");
        assert!(buffer.verify().expect("it is ours").is_sound());
        for lease in opened.leases {
            lease.ack().expect("it is held still");
        }
        opened.permit.expect("a permit").put(vec![1]).expect("its place is there still");
        let producer = empty.producer(Raw).expect("a producer");
        producer.put(vec![5]).expect("room");
        assert!(comes_true(|| task.is_woken()), "{name}: the bell rings still");
        assert!(matches!(task.poll(), Poll::Ready(Ok(item)) if item == [5]));
        assert_eq!(empty.join_within(Patience::Try), Ok(()));
    }
}

fn count(statistics: &Statistics) -> [u64; 5] {
    let s = statistics;
    [s.waiting, s.leased, s.reserved, s.dead, s.produced]
}
