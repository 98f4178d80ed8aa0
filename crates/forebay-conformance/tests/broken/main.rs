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
mod mortal;
mod producer;
mod state;
mod waiting;

use std::thread;
use std::time::Duration;

use forebay_conformance::clauses::order;
use forebay_conformance::{Check, Clause, Factory, check, checks, mortal_checks};

use factory::{Frank, Lasting, Muddled, Reference};
use fault::Fault;
use mortal::Perishable;

forebay_conformance::suite!(reference, Reference(None));
forebay_conformance::suite!(lasting, Lasting(None));
forebay_conformance::mortal_suite!(perishable, Perishable(None));

/// How long a check of a broken buffer may take before it counts as hung. The checks named below
/// take milliseconds on a buffer that is right.
const LIMIT: Duration = Duration::from_secs(3);

/// Runs the named check on a buffer with this fault, and on one without; only the first may fail,
/// and it must fail by this clause.
fn caught<F: Factory>(
    checks: Vec<Check<F>>,
    make: fn(Option<Fault>) -> F,
    fault: Fault,
    clause: Clause,
    name: &str,
) {
    let check = checks
        .into_iter()
        .find(|check| check.name() == name)
        .unwrap_or_else(|| panic!("there is no check {name}"));
    assert_eq!(check.clause(), clause, "{name} is a check of another clause");
    match check.run(&make(Some(fault)), LIMIT) {
        Ok(()) => panic!("{fault:?} passed {name}"),
        Err(failure) => {
            assert_eq!(failure.clause, clause);
            let begins = failure.message.starts_with(&clause.to_string());
            assert!(begins, "{fault:?} was blamed on another clause: {failure}");
        }
    }
}

#[test]
fn what_is_kept_more_weakly_by_name_is_not_run() {
    let run = |name, body| check::pass(Clause::Order, name, &Frank, body);
    run("c2_first_in_first_out", order::c2_first_in_first_out);
    // Nothing else is excused by it.
    let name = "c2_all_forms_share_one_order";
    let other = thread::spawn(move || run(name, order::c2_all_forms_share_one_order));
    assert!(other.join().is_err(), "another check was left out");
}

#[test]
#[should_panic(expected = "no check is called `c2_second_in`")]
fn what_is_kept_more_weakly_has_the_name_of_a_check() {
    let name = "c2_first_in_first_out";
    check::pass(Clause::Order, name, &Muddled, order::c2_first_in_first_out);
}

macro_rules! faults {
    ($factory:ident in $checks:ident: $($test:ident: $fault:ident breaks $clause:ident in $check:ident;)*) => {
        $(
            #[test]
            fn $test() {
                caught($checks(), $factory, Fault::$fault, Clause::$clause, stringify!($check));
            }
        )*
    };
}

// What is right between threads is wrong where a buffer is to stay open, and a wake that travels has to
// come.
faults! { Lasting in checks:
    ends_with_its_producers: EndsWithItsHandles breaks CloseAndDrain in c6_dropping_the_last_producer_closes;
    ends_with_its_consumers: EndsWithItsHandles breaks CloseAndDrain in c6_dropping_the_last_consumer_refuses_puts;
    ends_a_batch_with_its_consumers: EndsWithItsHandles breaks CloseAndDrain in c6_close_hands_back_the_rest_of_a_batch;
    ends_permits_with_its_producers: EndsWithItsHandles breaks CloseAndDrain in c6_close_refuses_permits;
    ends_reserves_with_its_consumers: EndsWithItsHandles breaks CloseAndDrain in c6_the_end_wakes_reserves;
    ends_drops_with_its_consumers: EndsWithItsHandles breaks Overflow in c9_nothing_is_dropped_after_the_end;
    ends_racing_puts_with_its_consumers: EndsWithItsHandles breaks Accounting in c8_puts_racing_the_last_consumer_are_accounted;
    no_wake_travels_to_a_put: TakeWakesNobody breaks Waiting in c5_a_batch_wakes_as_many_as_it_serves;
    no_wake_travels_to_a_join: TakeWakesNobody breaks Join in c7_a_batch_taken_ends_a_join;
    travelling_wakes_are_unfair_to_puts: Unfair breaks Fairness in c10_waiting_put_is_not_overtaken_without_end;
    travelling_wakes_are_unfair_to_takes: Unfair breaks Fairness in c10_waiting_take_is_not_overtaken_without_end;
}

// What the dead held is to come back, as if they had let go of it.
faults! { Perishable in mortal_checks:
    keeps_permits_of_the_dead: KeepsPermitsOfTheDead breaks Bound in c1_a_killed_producers_permit_is_free_again;
    keeps_leases_of_the_dead: KeepsLeasesOfTheDead breaks NothingLost in c3_a_killed_consumers_items_go_back_in_place;
    hides_leases_of_the_dead: KeepsLeasesOfTheDead breaks NothingLost in c3_who_only_tries_finds_what_the_dead_held;
    loses_puts_of_the_dead: LosesPutsOfTheDead breaks NothingLost in c3_what_a_killed_producer_put_stays;
    counts_death_as_failure: CountsDeathAsFailure breaks NothingTwice in c4_a_death_counts_as_a_delivery;
    keeps_puts_of_the_dead: KeepsCallsOfTheDead breaks Waiting in c5_a_killed_put_is_out_of_the_way;
    keeps_batches_of_the_dead: KeepsCallsOfTheDead breaks Waiting in c5_a_killed_batch_has_placed_its_front;
    keeps_takes_of_the_dead: KeepsCallsOfTheDead breaks Waiting in c5_a_killed_take_is_out_of_the_way;
    swallows_the_wake_of_a_killed_lease: SwallowsWake breaks Waiting in c5_a_killed_lease_passes_its_wake_on;
    closed_while_the_dead_hold: ClosedWhileLeased breaks CloseAndDrain in c6_closed_comes_after_what_the_dead_held;
    a_death_closes: EndsWithItsHandles breaks CloseAndDrain in c6_a_death_closes_nothing;
    joins_over_leases_of_the_dead: JoinIgnoresLeases breaks Join in c7_join_survives_a_killed_worker;
    joins_never_after_a_death: KeepsLeasesOfTheDead breaks Join in c7_join_survives_a_killed_worker;
    counts_no_deaths: KeepsLeasesOfTheDead breaks Accounting in c8_counts_are_exact_after_deaths;
}

faults! { Reference in checks:
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
    forgets_policy_in_clone: ForgetsPolicyInClone breaks Overflow in c9_a_policy_belongs_to_its_handle;
    shares_policy: SharesPolicy breaks Overflow in c9_a_policy_belongs_to_its_handle;
    drops_newest: DropsNewest breaks Overflow in c9_drop_oldest_keeps_the_order_of_the_rest;
    drops_newest_in_histories: DropsNewest breaks Overflow in c9_histories_with_drops_are_linearizable;
    drops_leased: DropsLeased breaks Overflow in c9_drop_oldest_leaves_leases_alone;
    drops_one_only: DropsOneOnly breaks Overflow in c9_drop_oldest_drops_as_many_as_it_takes;
    drops_one_only_by_weight: DropsOneOnly breaks Overflow in c9_drop_oldest_makes_room_by_weight;
    drops_uncounted: DropsUncounted breaks Overflow in c9_each_policy_says_what_it_did;
    drops_uncounted_beside_the_model: DropsUncounted breaks Accounting in c8_random_operations_match_the_model;
    drops_this_uncounted: DropsThisUncounted breaks Overflow in c9_each_policy_says_what_it_did;
    drops_this_uncounted_while_everything_moves: DropsThisUncounted breaks Overflow in c9_drops_are_counted_while_everything_moves;
    drop_oldest_overtakes: DropOldestOvertakes breaks Overflow in c9_drop_oldest_overtakes_nobody_in_line;
    drop_oldest_overtakes_slow_puts: DropOldestOvertakes breaks Fairness in c10_place_is_kept_against_drop_oldest;
    drops_in_vain: DropsInVain breaks Overflow in c9_drop_oldest_leaves_permits_alone;
    drops_after_waiting: DropsAfterWaiting breaks Overflow in c9_a_put_that_drops_never_waits;
    drops_after_close: DropsAfterClose breaks Overflow in c9_nothing_is_dropped_after_the_end;
    refusing_task_waits: RefusingTaskWaits breaks Overflow in c9_tasks_that_do_not_wait_end_at_once;
    waits_half_as_long: WaitsHalfAsLong breaks Overflow in c9_wait_for_waits_so_long;
    task_misses_its_deadline: TaskMissesItsDeadline breaks Overflow in c9_wait_for_waits_so_long;
    policy_before_patience: PolicyBeforePatience breaks Overflow in c9_a_named_patience_goes_before_the_policy;
    drops_oldest_unasked_instead_of_waiting: DropsOldestUnasked breaks Overflow in c9_waiting_drops_nothing;
    batch_forgets_drops: BatchForgetsDrops breaks Overflow in c9_drops_of_a_batch_are_summed;
    reserve_drops_oldest: ReserveDropsOldest breaks Overflow in c9_reserve_drops_nothing;
    join_counts_drops_twice: JoinCountsDropsTwice breaks Join in c7_drops_keep_join_right;
    weight_off_by_one: WeightOffByOne breaks Bound in c1_weight_capacity_is_exact;
    weight_off_by_one_in_histories: WeightOffByOne breaks Bound in c1_histories_by_weight_are_linearizable;
    weight_off_by_one_beside_the_model: WeightOffByOne breaks Accounting in c8_random_operations_match_the_model;
    weighed_are_not_counted: WeighedAreNotCounted breaks Bound in c1_weighed_items_are_counted_too;
    too_heavy_waits: TooHeavyWaits breaks Bound in c1_too_heavy_is_refused_at_once;
    weighs_unasked: WeighsUnasked breaks Bound in c1_without_weight_capacity_nothing_is_weighed;
    redelivered_weigh_nothing: RedeliveredWeighNothing breaks Bound in c1_nacked_weight_asks_for_no_room;
    nack_asks_for_weight: NackAsksForWeight breaks Bound in c1_nacked_weight_asks_for_no_room;
    keeps_no_weight: KeepsNoWeight breaks Fairness in c10_a_heavy_put_is_not_overtaken_without_end;
    unfair_to_heavy_puts: Unfair breaks Fairness in c10_a_heavy_put_is_not_overtaken_without_end;
    wakes_one_of_many_by_weight: WakesOneOfMany breaks Waiting in c5_a_take_wakes_as_many_as_fit;
    wakes_one_of_many: WakesOneOfMany breaks Waiting in c5_a_batch_wakes_as_many_as_it_serves;
    swallows_wake_of_heavy_puts: SwallowsWake breaks Waiting in c5_a_heavy_put_that_gives_up_is_out_of_the_way;
    heavy_put_is_not_woken: TakeWakesNobody breaks Bound in c1_a_heavy_put_waits_for_enough;
    puts_of_all_weights_are_not_woken: TakeWakesNobody breaks Waiting in c5_puts_of_all_weights_get_on;
    permits_uncounted: PermitsUncounted breaks Bound in c1_permits_count_as_items_that_wait;
    permits_uncounted_in_histories: PermitsUncounted breaks Waiting in c5_histories_with_permits_are_linearizable;
    permit_weighs_nothing: PermitWeighsNothing breaks Bound in c1_a_permit_holds_a_weight_of_one;
    heavy_through_permit: HeavyThroughPermit breaks Bound in c1_a_permit_holds_a_weight_of_one;
    permit_counts_as_produced: PermitCountsAsProduced breaks Accounting in c8_random_operations_match_the_model;
    permit_keeps_its_place: PermitKeepsItsPlace breaks Bound in c1_permits_count_as_items_that_wait;
    permit_drop_wakes_nobody: PermitDropWakesNobody breaks Waiting in c5_a_dropped_permit_wakes_a_producer;
    permit_put_wakes_nobody: PermitPutWakesNobody breaks Waiting in c5_a_put_by_permit_wakes_a_consumer;
    permit_put_asks_for_room: PermitPutAsksForRoom breaks Waiting in c5_a_put_by_permit_never_waits;
    permit_has_the_position: PermitHasThePosition breaks Order in c2_an_item_put_by_permit_comes_in_the_order_of_puts;
    permits_hold_takes_up: PermitsHoldTakesUp breaks Waiting in c5_an_unused_permit_holds_nothing_up;
    leaked_permit_holds_takes_up: PermitsHoldTakesUp breaks Waiting in c5_a_leaked_permit_costs_one_place;
    permit_passes_close: PermitPassesClose breaks CloseAndDrain in c6_close_refuses_permits;
    permit_keeps_open: PermitKeepsOpen breaks CloseAndDrain in c6_close_refuses_permits;
    close_wakes_no_reserve: CloseWakesNobody breaks CloseAndDrain in c6_the_end_wakes_reserves;
    join_counts_permits: JoinCountsPermits breaks Join in c7_join_does_not_wait_for_permits;
    reserve_never_waits: ReserveNeverWaits breaks Waiting in c5_a_reserve_waits_for_room;
    swallows_wake_of_reserves: SwallowsWake breaks Waiting in c5_a_cancelled_reserve_passes_its_wake_on;
    unfair_to_reserves: Unfair breaks Fairness in c10_a_waiting_reserve_is_not_overtaken_without_end;
    put_many_reverses: PutManyReverses breaks Order in c2_batches_keep_their_order;
    last_in_first_out_in_histories_of_batches: LastInFirstOut breaks Order in c2_histories_of_batches_are_linearizable;
    redelivers_behind_a_batch: RedeliversAtTheBack breaks Order in c2_redelivered_items_lead_a_batch;
    put_many_loses_rest: PutManyLosesRest breaks Waiting in c5_a_batch_places_a_part_and_hands_back_the_rest;
    put_many_loses_rest_while_everything_moves: PutManyLosesRest breaks NothingLost in c3_batches_lose_nothing_while_everything_moves;
    put_many_loses_rest_at_close: PutManyLosesRest breaks CloseAndDrain in c6_close_hands_back_the_rest_of_a_batch;
    put_many_is_all_or_nothing: PutManyIsAllOrNothing breaks Waiting in c5_a_batch_places_a_part_and_hands_back_the_rest;
    put_many_has_to_fit: PutManyIsAllOrNothing breaks Waiting in c5_a_batch_may_be_larger_than_the_capacity;
    put_many_ignores_cancel: PutManyIgnoresCancel breaks Waiting in c5_a_cancelled_batch_has_placed_its_front;
    refuses_nothing: RefusesNothing breaks Waiting in c5_batches_of_nothing_are_done;
    takes_one_more: TakesOneMore breaks Waiting in c5_take_many_takes_what_there_is;
    take_many_waits_for_all: TakeManyWaitsForAll breaks Waiting in c5_take_many_takes_what_there_is;
    take_many_loses_on_cancel: LosesOnCancel breaks NothingLost in c3_cancelled_take_many_loses_nothing;
    take_many_counts_one: TakeManyCountsOne breaks Accounting in c8_batches_are_counted;
    take_many_overtakes: TakeManyOvertakes breaks Fairness in c10_take_many_starves_no_take_that_waits;
    unfair_to_batches: Unfair breaks Fairness in c10_a_batch_in_line_is_not_overtaken_without_end;
    take_many_hears_no_end: TakeManyHearsNoEnd breaks CloseAndDrain in c6_take_many_hears_closed;
    batch_taken_ends_no_join: TakeWakesNobody breaks Join in c7_a_batch_taken_ends_a_join;
    unfair_to_puts: Unfair breaks Fairness in c10_waiting_put_is_not_overtaken_without_end;
    unfair_to_takes: Unfair breaks Fairness in c10_waiting_take_is_not_overtaken_without_end;
    unfair_to_slow_puts: Unfair breaks Fairness in c10_place_is_kept_for_a_slow_put;
    unfair_to_slow_takes: Unfair breaks Fairness in c10_item_is_kept_for_a_slow_take;
    unfair_to_leases: Unfair breaks Fairness in c10_waiting_lease_is_not_overtaken_without_end;
    refuses_capacity_one: RefusesCapacityOne breaks BadInput in c11_the_smallest_settings_work;
    accepts_capacity_zero: AcceptsCapacityZero breaks BadInput in c11_capacity_zero_is_refused;
}
