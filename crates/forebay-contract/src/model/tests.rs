use super::*;
use crate::{Batch, Death, LeaseError, Outcome, Overflow, Refusal};

fn filled(capacity: usize, items: u64) -> Model<u64> {
    let mut model = Model::new(capacity);
    for item in 0..items {
        model.put(item, Overflow::Wait).unwrap();
    }
    model
}

fn assert_accounted(model: &Model<u64>) {
    let s = model.statistics();
    assert_eq!(s.produced, s.finished + s.waiting + s.leased + s.dead + s.dropped);
}

#[test]
fn capacity_is_exact_and_a_refused_put_hands_its_item_back() {
    let mut model = filled(3, 3);
    let refused = model.put(3, Overflow::Wait).unwrap_err();
    assert_eq!((refused.item, refused.refusal), (3, Refusal::Full));
    assert_eq!(model.take(0), Ok(0));
    model.put(3, Overflow::Wait).unwrap();
    assert_eq!(model.statistics().produced, 4);
    assert_accounted(&model);
}

#[test]
#[should_panic(expected = "capacity is at least 1")]
fn capacity_zero_is_no_buffer() {
    let _ = Model::<u64>::new(0);
}

#[test]
fn a_nack_asks_for_no_room_and_keeps_its_position() {
    let mut model = filled(2, 2).with_max_leased(2);
    let first = model.lease(0).unwrap();
    let second = model.lease(0).unwrap();
    model.put(2, Overflow::Wait).unwrap();
    model.put(3, Overflow::Wait).unwrap();
    assert_eq!(model.lease(0), Err(TakeError::LeaseLimit));
    model.nack(second).unwrap();
    model.nack(first).unwrap();
    assert_eq!(model.statistics().waiting, 4);
    assert_eq!(model.statistics().high_water, 4);
    assert_eq!(model.put_refusal(&9), Some(Refusal::Full));
    assert_eq!((0..4).map(|_| model.take(0).unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_accounted(&model);
}

#[test]
fn the_default_lease_limit_is_the_capacity_and_at_least_64() {
    assert_eq!(Model::<u64>::default_max_leased(2), 64);
    assert_eq!(Model::<u64>::default_max_leased(100), 100);
}

#[test]
fn an_ended_lease_answers_nothing() {
    let mut model = filled(1, 1);
    let stale = model.lease(0).unwrap();
    model.expire(stale).unwrap();
    assert_eq!(model.ack(stale), Err(LeaseError::Expired));
    let fresh = model.lease(1).unwrap();
    assert_eq!((fresh.position(), fresh.delivery()), (0, 2));
    assert_eq!(model.nack(stale), Err(LeaseError::Expired));
    assert_eq!(model.fail(stale, "late"), Err(LeaseError::Expired));
    assert_eq!(model.reject(stale, "late"), Err(LeaseError::Expired));
    assert_eq!(model.item(stale), None);
    assert_eq!(model.item(fresh), Some(&0));
    assert_eq!(model.ack(fresh), Ok(0));
    assert_accounted(&model);
}

#[test]
fn failures_and_deliveries_are_counted_apart() {
    let mut model = filled(1, 1).with_max_failures(2).with_max_deliveries(4);
    let token = model.lease(0).unwrap();
    model.nack(token).unwrap();
    let token = model.lease(0).unwrap();
    model.fail(token, "once").unwrap();
    let token = model.lease(0).unwrap();
    assert_eq!((token.delivery(), model.failures(token)), (3, Some(1)));
    model.fail(token, "twice").unwrap();
    let letter = model.take_dead().unwrap();
    assert_eq!(letter.death, Death::Failures("twice".to_owned()));
    assert_eq!((letter.deliveries, letter.failures), (3, 2));
    assert_eq!(model.statistics().dropped, 1);
    assert_accounted(&model);
}

#[test]
fn the_delivery_limit_buries_what_was_never_acked() {
    let mut model = filled(1, 1).with_max_deliveries(2);
    let token = model.lease(0).unwrap();
    model.expire(token).unwrap();
    let token = model.lease(0).unwrap();
    model.nack(token).unwrap();
    assert_eq!(model.statistics().dead, 1);
    assert!(model.is_joined());
    assert_eq!(model.take_dead().unwrap().death, Death::Deliveries);
    assert_eq!(model.take_dead(), None);
    assert_accounted(&model);
}

#[test]
fn a_rejected_item_keeps_its_reason() {
    let mut model = filled(1, 1);
    let token = model.lease(0).unwrap();
    model.reject(token, "malformed").unwrap();
    assert_eq!(model.take_dead().unwrap().death, Death::Rejected("malformed".to_owned()));
}

#[test]
fn closed_comes_when_no_other_consumer_holds_a_lease() {
    let mut model = filled(2, 2);
    let token = model.lease(7).unwrap();
    model.close();
    assert_eq!(model.put(9, Overflow::Wait).unwrap_err().refusal, Refusal::Closed);
    assert_eq!(model.take(8), Ok(1));
    assert_eq!(model.take(8), Err(TakeError::Empty));
    assert_eq!(model.take(7), Err(TakeError::Closed));
    model.nack(token).unwrap();
    assert_eq!(model.take(8), Ok(0));
    assert_eq!(model.lease(8), Err(TakeError::Closed));
    assert!(model.is_closed());
    assert_accounted(&model);
}

#[test]
fn join_counts_leases_as_unfinished() {
    let mut model = filled(1, 1);
    assert!(!model.is_joined());
    let token = model.lease(0).unwrap();
    assert!(!model.is_joined());
    model.ack(token).unwrap();
    assert!(model.is_joined());
}

#[test]
fn an_abandoned_buffer_drops_what_waits_and_what_comes_back() {
    let mut model = filled(3, 3);
    let token = model.lease(0).unwrap();
    model.abandon();
    assert_eq!(model.put(3, Overflow::Wait).unwrap_err().refusal, Refusal::Abandoned);
    assert_eq!(model.statistics().dropped, 2);
    assert!(!model.is_joined());
    model.nack(token).unwrap();
    assert!(model.is_joined());
    assert_eq!(model.statistics().dropped, 3);
    assert_accounted(&model);
}

#[test]
fn unfinished_items_are_told_by_position() {
    let mut model = filled(3, 3);
    model.lease(0).unwrap();
    let all: Vec<(u64, bool)> = model.unfinished().map(|(item, leased)| (*item, leased)).collect();
    assert_eq!(all, [(0, true), (1, false), (2, false)]);
}

/// A model whose items weigh what they are.
fn weighing(capacity: usize, weight_capacity: u64) -> Model<u64> {
    Model::new(capacity).with_weight_capacity(weight_capacity, |item| *item)
}

fn depth(model: &Model<u64>) -> Vec<u64> {
    model.unfinished().filter(|(_, leased)| !leased).map(|(item, _)| *item).collect()
}

#[test]
fn each_policy_says_what_it_did() {
    for waits in [Overflow::Wait, Overflow::WaitFor(std::time::Duration::MAX), Overflow::Refuse] {
        let mut model = filled(2, 2);
        let refused = model.put(9, waits).unwrap_err();
        assert_eq!((refused.item, refused.refusal), (9, Refusal::Full));
        assert_eq!(model.statistics().dropped, 0);
    }
    let mut model = filled(2, 2);
    assert_eq!(model.put(2, Overflow::DropThis), Ok(Outcome::DroppedThis));
    assert_eq!((model.statistics().produced, model.statistics().dropped), (3, 1));
    assert_accounted(&model);
    assert_eq!(model.put(3, Overflow::DropOldest), Ok(Outcome::DroppedOldest(1)));
    assert_eq!(depth(&model), [1, 3]);
    assert_accounted(&model);
    model.take(0).unwrap();
    assert_eq!(model.put(4, Overflow::DropOldest), Ok(Outcome::Placed));
    model.close();
    for drops in [Overflow::DropOldest, Overflow::DropThis] {
        assert_eq!(model.put(5, drops).unwrap_err().refusal, Refusal::Closed);
    }
    assert_accounted(&model);
}

#[test]
fn drop_oldest_drops_as_many_as_it_takes_of_those_that_wait() {
    let mut model = filled(2, 2);
    let leases = [model.lease(0).unwrap(), model.lease(0).unwrap()];
    model.put(2, Overflow::Wait).unwrap();
    model.put(3, Overflow::Wait).unwrap();
    assert_eq!(model.put(4, Overflow::DropOldest), Ok(Outcome::DroppedOldest(1)));
    assert_eq!(model.statistics().leased, 2);
    for lease in leases {
        model.nack(lease).unwrap();
    }
    assert_eq!(depth(&model), [0, 1, 3, 4]);
    assert_eq!(model.put(5, Overflow::DropOldest), Ok(Outcome::DroppedOldest(3)));
    assert_eq!(depth(&model), [4, 5]);
    assert_accounted(&model);
}

#[test]
fn weight_is_exact() {
    let mut model = weighing(4, 10);
    model.put(6, Overflow::Wait).unwrap();
    assert_eq!(model.put_refusal(&5), Some(Refusal::Full));
    assert_eq!(model.put_refusal(&4), None);
    assert_eq!(model.put_refusal(&11), Some(Refusal::TooHeavy));
    assert_eq!(model.put(11, Overflow::DropThis).unwrap_err().refusal, Refusal::TooHeavy);
    model.put(4, Overflow::Wait).unwrap();
    model.put(0, Overflow::Wait).unwrap();
    model.put(0, Overflow::Wait).unwrap();
    assert_eq!(model.put_refusal(&0), Some(Refusal::Full));
    assert_eq!((model.statistics().weight, model.statistics().weight_capacity), (10, Some(10)));
    assert_eq!(model.put(7, Overflow::DropOldest), Ok(Outcome::DroppedOldest(2)));
    assert_eq!(depth(&model), [0, 0, 7]);
    let lease = model.lease(0).unwrap();
    model.take(0).unwrap();
    model.take(0).unwrap();
    model.put(10, Overflow::Wait).unwrap();
    model.nack(lease).unwrap();
    assert_eq!(model.statistics().weight, 10);
    model.close();
    assert_eq!(model.put_refusal(&11), Some(Refusal::Closed));
    assert_accounted(&model);
}

#[test]
fn a_permit_counts_as_an_item_that_waits() {
    let mut model = filled(2, 1);
    let permit = model.reserve(1).unwrap();
    assert_eq!((model.statistics().waiting, model.statistics().reserved), (1, 1));
    assert_eq!(model.put_refusal(&9), Some(Refusal::Full));
    assert_eq!(model.reserve(1), Err(Refusal::Full));
    assert_eq!(model.put(1, Overflow::DropOldest), Ok(Outcome::DroppedOldest(1)));
    model.put_permitted(permit, 2).unwrap();
    assert_eq!(depth(&model), [1, 2]);
    model.take(0).unwrap();
    let permit = model.reserve(1).unwrap();
    model.release(permit);
    assert_eq!(model.statistics().produced, 3);
    model.put(3, Overflow::Wait).unwrap();
    assert_accounted(&model);
}

#[test]
fn nothing_is_dropped_where_permits_hold_every_place() {
    let mut model = filled(1, 1);
    let lease = model.lease(0).unwrap();
    let permit = model.reserve(1).unwrap();
    model.nack(lease).unwrap();
    assert_eq!(model.put(1, Overflow::DropOldest).unwrap_err().refusal, Refusal::Full);
    assert_eq!((depth(&model), model.statistics().dropped), (vec![0], 0));
    model.release(permit);
    assert_eq!(model.put(1, Overflow::DropOldest), Ok(Outcome::DroppedOldest(1)));
}

#[test]
fn a_permit_ends_with_the_buffer() {
    let mut model = filled(3, 0);
    let permits = [model.reserve(1).unwrap(), model.reserve(1).unwrap()];
    let [first, second] = permits;
    model.close();
    assert_eq!(model.reserve(1), Err(Refusal::Closed));
    assert_eq!(model.put_permitted(first, 7).unwrap_err().refusal, Refusal::Closed);
    assert_eq!(model.statistics().reserved, 1);
    model.release(second);
    assert_eq!(model.take(0), Err(TakeError::Closed));
    let mut model = filled(3, 0);
    let permit = model.reserve(1).unwrap();
    model.abandon();
    assert_eq!(model.put_permitted(permit, 7).unwrap_err().refusal, Refusal::Abandoned);
    assert_eq!((model.statistics().reserved, model.statistics().produced), (0, 0));
}

#[test]
fn a_permit_holds_the_weight_that_was_set_aside() {
    let mut model = weighing(4, 10);
    let permit = model.reserve(4).unwrap();
    assert_eq!(model.put_refusal(&7), Some(Refusal::Full));
    assert_eq!(model.reserve(11), Err(Refusal::TooHeavy));
    model.put(6, Overflow::Wait).unwrap();
    assert_eq!(model.put_permitted(permit, 5).unwrap_err().refusal, Refusal::TooHeavy);
    let permit = model.reserve(4).unwrap();
    model.put_permitted(permit, 3).unwrap();
    assert_eq!(model.statistics().weight, 9);
    assert_eq!(model.put_refusal(&1), None);
}

#[test]
fn many_stop_at_the_first_refusal() {
    let mut model = filled(3, 1);
    let stopped = model.put_many(vec![1, 2, 3, 4], Overflow::Wait).unwrap_err();
    assert_eq!((stopped.rest, stopped.refusal), (vec![3, 4], Refusal::Full));
    assert_eq!(stopped.done, Batch { placed: 2, dropped_oldest: 0, dropped_these: 0 });
    let done = model.put_many((5..10).collect(), Overflow::DropOldest).unwrap();
    assert_eq!(done, Batch { placed: 5, dropped_oldest: 5, dropped_these: 0 });
    let done = model.put_many(vec![10, 11], Overflow::DropThis).unwrap();
    assert_eq!(done, Batch { placed: 0, dropped_oldest: 0, dropped_these: 2 });
    assert_eq!(model.take_many(0, 2), Ok(vec![7, 8]));
    assert_eq!(model.take_many(0, 2), Ok(vec![9]));
    assert_eq!(model.take_many(0, 2), Err(TakeError::Empty));
    model.close();
    assert_eq!(model.take_many(0, 2), Err(TakeError::Closed));
    assert_eq!(model.take_many(0, 0), Ok(Vec::new()));
    assert_eq!(model.put_many(Vec::new(), Overflow::Wait), Ok(Batch::default()));
    assert_accounted(&model);
}
