//! `--weak`: anyone who waits may be served, and newcomers overtake.

use std::collections::BTreeSet;

use toyvm::machine::Service;
use toyvm::run::End;
use toyvm::scheduler::Policy;

use crate::play_with;

/// Two wait for a lock that a third releases; a newcomer comes for it too.
const THREE: &str = r#"
vm = ToyVM()
vm.create_lock("m")
asks = [("PUSH","m"),("LOCK_ACQUIRE",),("PRINT","has it"),("PUSH","m"),("LOCK_RELEASE",)]
vm.create_thread([("PUSH","m"),("LOCK_ACQUIRE",),("SLEEP",5),("PUSH","m"),("LOCK_RELEASE",)], "holder")
vm.create_thread([("SLEEP",1)] + asks, "a")
vm.create_thread([("SLEEP",2)] + asks, "b")
vm.create_thread([("SLEEP",5)] + asks, "c")
"#;

fn orders(service: Service) -> BTreeSet<String> {
    (0..200)
        .map(|seed| {
            let played = play_with(THREE, Policy::Random, seed, service);
            assert_eq!(played.outcome.end, End::Finished, "seed {seed}");
            played.lines.iter().map(|line| &line[1..2]).collect()
        })
        .collect()
}

#[test]
fn in_order_is_in_order_and_weak_is_any_order() {
    assert_eq!(orders(Service::InOrder), BTreeSet::from(["abc".to_owned()]));
    let all = ["abc", "acb", "bac", "bca", "cab", "cba"].map(String::from);
    assert_eq!(orders(Service::Weak), BTreeSet::from(all));
}

#[test]
fn everything_is_taken_once_whoever_takes_it() {
    let program = r#"
vm = ToyVM()
vm.create_bounded_queue(2, "q")
vm.create_semaphore(1, "s")
m = vm.create_lock("m")
vm.create_condition(m, "c")
sends = [("PUSH","q"),("PUSH",1),("QUEUE_SEND",),("PUSH","q"),("PUSH",2),("QUEUE_SEND",),("PUSH","q"),("PUSH",3),("QUEUE_SEND",)]
takes = [("PUSH","q"),("QUEUE_RECEIVE",),("PUSH","q"),("QUEUE_RECEIVE_FOR",100),("PUSH","s"),("SEMAPHORE_ACQUIRE",),
         ("PUSH","q"),("QUEUE_RECEIVE",),("PUSH","s"),("SEMAPHORE_RELEASE",),
         ("PUSH","m"),("LOCK_ACQUIRE",),("PUSH","c"),("WAIT_FOR",50),("POP",),("PUSH","c"),("NOTIFY",),("PUSH","m"),("LOCK_RELEASE",)]
vm.create_thread(sends, "s1")
vm.create_thread(sends, "s2")
vm.create_thread(sends, "s3")
vm.create_thread(takes, "t1")
vm.create_thread(takes, "t2")
vm.create_thread(takes, "t3")
"#;
    for seed in 0..500 {
        let played = play_with(program, Policy::Random, seed, Service::Weak);
        assert_eq!(played.outcome.end, End::Finished, "seed {seed}");
        assert!(played.outcome.failed.is_empty(), "seed {seed}: {:?}", played.faults());
        assert!(played.machine.state().queues()[0].messages.is_empty(), "seed {seed}");
    }
}
