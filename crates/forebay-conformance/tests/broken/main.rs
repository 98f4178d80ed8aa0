//! The suite on trial: a buffer that is right passes every check, and each buffer that is wrong in
//! one way fails a check of the clause that it breaks.
//!
//! Mutation testing (R. DeMillo, R. Lipton and F. Sayward, *Hints on test data selection*, 1978)
//! turned on the tests themselves: a check that fails for no broken buffer would prove nothing.

mod admission;
mod consumer;
mod factory;
mod fault;
mod monitor;
mod producer;

mod state;
mod waiting;

use std::time::Duration;

use forebay_conformance::{Clause, checks};

use factory::Reference;
use fault::Fault;

forebay_conformance::suite!(reference, Reference(None));

/// How long a check of a broken buffer may take before it counts as hung. The checks named below
/// take milliseconds on a buffer that is right.
const LIMIT: Duration = Duration::from_secs(3);

/// Runs the named check on a buffer with this fault, and on one without; only the first may fail,
/// and it must fail by this clause.
fn caught(fault: Fault, clause: Clause, name: &str) {
    let check = checks::<Reference>()
        .into_iter()
        .find(|check| check.name() == name)
        .unwrap_or_else(|| panic!("there is no check {name}"));
    assert_eq!(check.clause(), clause, "{name} is a check of another clause");
    match check.run(&Reference(Some(fault)), LIMIT) {
        Ok(()) => panic!("{fault:?} passed {name}"),
        Err(failure) => {
            assert_eq!(failure.clause, clause);
            let begins = failure.message.starts_with(&clause.to_string());
            assert!(begins, "{fault:?} was blamed on another clause: {failure}");
        }
    }
}

macro_rules! faults {
    ($($test:ident: $fault:ident breaks $clause:ident in $check:ident;)*) => {
        $(
            #[test]
            fn $test() {
                caught(Fault::$fault, Clause::$clause, stringify!($check));
            }
        )*
    };
}

faults! {
    capacity_off_by_one: CapacityOffByOne breaks Bound in c1_capacity_is_exact;
    ignores_lease_limit: IgnoresLeaseLimit breaks Bound in c1_lease_limit_is_exact;
    last_in_first_out: LastInFirstOut breaks Order in c2_first_in_first_out;
    last_in_first_out_in_histories: LastInFirstOut breaks Order in c2_short_histories_are_linearizable;
    last_in_first_out_in_long_histories: LastInFirstOut breaks Order in c2_long_histories_keep_their_order;
    redelivers_at_the_back: RedeliversAtTheBack breaks Order in c2_redelivery_keeps_the_position;
    redelivers_at_the_back_in_histories: RedeliversAtTheBack breaks Order in c2_histories_with_leases_are_linearizable;
    loses_nack_when_full: LosesNackWhenFull breaks NothingLost in c3_nack_on_a_full_buffer_loses_nothing;
    loses_on_cancel: LosesOnCancel breaks NothingLost in c3_cancelled_takes_lose_nothing;
    doubles_on_nack: DoublesOnNack breaks NothingTwice in c4_one_holder_at_a_time;
    accepts_stale_ack: AcceptsStaleAck breaks NothingTwice in c4_late_answer_does_not_reach_the_next_lease;
    forgets_failures: ForgetsFailures breaks NothingTwice in c4_deliveries_and_failures_are_counted_apart;
    answers_ignore_the_clock: AnswersIgnoreTheClock breaks NothingTwice in c4_expired_lease_answers_nothing;
    extend_does_nothing: ExtendDoesNothing breaks NothingTwice in c4_extend_moves_the_deadline;
    extend_invents_a_deadline: ExtendInventsDeadline breaks NothingTwice in c4_lease_without_deadline_never_expires;
    hands_back_another: HandsBackAnother breaks Waiting in c5_deadlines_pass_and_nothing_moves;
    places_timed_out_put: PlacesTimedOutPut breaks Waiting in c5_timed_out_put_is_not_placed;
    swallows_wake: SwallowsWake breaks Waiting in c5_cancelled_put_passes_its_wake_on;
    swallows_wake_of_takes: SwallowsWake breaks Waiting in c5_cancelled_take_passes_its_wake_on;
    swallows_wake_at_deadline: SwallowsWakeAtDeadline breaks Waiting in c5_timed_out_take_passes_its_wake_on;
    puts_before_the_first_poll: PutsBeforeFirstPoll breaks Waiting in c5_unpolled_calls_do_nothing;
    busy_waits: BusyWaits breaks Waiting in c5_waiting_is_sleeping;
    take_wakes_nobody: TakeWakesNobody breaks Waiting in c5_each_change_wakes_a_waiter;
    nack_wakes_nobody: NackWakesNobody breaks Waiting in c5_giving_back_wakes_a_waiter;
    expiry_wakes_nobody: ExpiryWakesNobody breaks Waiting in c5_expiry_wakes_who_waits_for_an_item;
    close_wakes_no_producer: CloseWakesNobody breaks CloseAndDrain in c6_close_wakes_producers_with_their_items;
    close_wakes_no_consumer: CloseWakesNobody breaks CloseAndDrain in c6_close_wakes_consumers;
    accepts_put_after_close: AcceptsPutAfterClose breaks CloseAndDrain in c6_close_refuses_puts_and_drains;
    accepts_put_after_close_in_histories: AcceptsPutAfterClose breaks CloseAndDrain in c6_histories_with_close_are_linearizable;
    closed_while_leased: ClosedWhileLeased breaks CloseAndDrain in c6_closed_waits_for_other_leases;
    own_lease_blocks_closed: OwnLeaseBlocksClosed breaks CloseAndDrain in c6_own_lease_does_not_block_closed;
    outlives_producers: OutlivesProducers breaks CloseAndDrain in c6_dropping_the_last_producer_closes;
    forgets_dropped_lease: ForgetsDroppedLease breaks Join in c7_join_survives_the_death_of_a_worker;
    join_ignores_leases: JoinIgnoresLeases breaks Join in c7_join_counts_what_waits_and_what_is_leased;
    counts_refusals: CountsRefusals breaks Accounting in c8_each_step_is_counted;
    counts_refusals_beside_the_model: CountsRefusals breaks Accounting in c8_random_operations_match_the_model;
    leaks_at_drop: LeaksAtDrop breaks Accounting in c8_nothing_outlives_the_buffer;
    abandons_waiting_items: KeepsItemsWhenAbandoned breaks Accounting in c8_puts_racing_the_last_consumer_are_accounted;
    measures_no_wait: MeasuresNoWait breaks Accounting in c8_waits_are_measured;
    drops_oldest_unasked: DropsOldestUnasked breaks Overflow in c9_refusing_drops_nothing;
    unfair_to_puts: Unfair breaks Fairness in c10_waiting_put_is_not_overtaken_without_end;
    unfair_to_takes: Unfair breaks Fairness in c10_waiting_take_is_not_overtaken_without_end;
    unfair_to_slow_puts: Unfair breaks Fairness in c10_place_is_kept_for_a_slow_put;
    unfair_to_slow_takes: Unfair breaks Fairness in c10_item_is_kept_for_a_slow_take;
    unfair_to_leases: Unfair breaks Fairness in c10_waiting_lease_is_not_overtaken_without_end;
    refuses_capacity_one: RefusesCapacityOne breaks BadInput in c11_the_smallest_settings_work;
    accepts_capacity_zero: AcceptsCapacityZero breaks BadInput in c11_capacity_zero_is_refused;
}
