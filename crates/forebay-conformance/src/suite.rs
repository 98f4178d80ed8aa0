//! The list of all checks, and its two uses: as tests of a buffer, and as values.
//!
//! The list stands once, in a macro that hands it to whoever asks, since a test needs its name
//! while it is compiled.

/// Makes a module of tests, one for each check, that try the buffers of a factory.
///
/// ```ignore
/// forebay_conformance::suite!(ring, RingFactory);
/// ```
///
/// gives `ring::c1_capacity_is_exact` and so on: the name of a failing test begins with its clause,
/// and so does its message. The factory is any expression of a type that is a
/// [`Factory`](crate::Factory). Attributes before the module's name are those of each test, such as `#[ignore = "why"]`.
#[macro_export]
macro_rules! suite {
    ($(#[$attribute:meta])* $module:ident, $factory:expr) => {
        $crate::__for_each_check! { tests { $(#[$attribute])* } $module, $factory }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_check {
    ($($use:tt)*) => {
        $crate::__use_checks! {
            [$($use)*]
            Bound bound c1_capacity_is_exact;
            Bound bound c1_lease_limit_is_exact;
            Bound bound c1_lease_limit_defaults_to_capacity_and_at_least_64;
            Bound bound c1_take_passes_the_lease_limit;
            Bound bound c1_lease_waits_for_the_limit;
            Bound bound c1_nack_passes_the_capacity_and_puts_do_not;
            Bound bound c1_waiting_put_is_admitted_below_capacity_only;
            Bound bound c1_bounds_hold_while_everything_moves;
            Bound linear c1_histories_by_weight_are_linearizable;
            Bound weight c1_weight_capacity_is_exact;
            Bound weight c1_weighed_items_are_counted_too;
            Bound weight c1_without_weight_capacity_nothing_is_weighed;
            Bound weight c1_too_heavy_is_refused_at_once;
            Bound weight c1_nacked_weight_asks_for_no_room;
            Bound weight c1_a_heavy_put_waits_for_enough;
            Bound weight c1_a_permit_holds_a_weight_of_one;
            Bound permit c1_permits_count_as_items_that_wait;
            Order order c2_first_in_first_out;
            Order order c2_all_forms_share_one_order;
            Order order c2_redelivery_keeps_the_position;
            Order order c2_redelivery_comes_before_later_puts;
            Order order c2_each_producers_order_is_kept;
            Order linear c2_short_histories_are_linearizable;
            Order linear c2_histories_with_leases_are_linearizable;
            Order linear c2_histories_of_batches_are_linearizable;
            Order linear c2_long_histories_keep_their_order;
            Order permit c2_an_item_put_by_permit_comes_in_the_order_of_puts;
            Order batch c2_batches_keep_their_order;
            Order take_many c2_redelivered_items_lead_a_batch;
            NothingLost nothing_lost c3_mixed_use_finishes_every_item_once;
            NothingLost nothing_lost c3_cancelled_takes_lose_nothing;
            NothingLost nothing_lost c3_timed_out_takes_lose_nothing;
            NothingLost nothing_lost c3_panicking_worker_gives_its_item_back;
            NothingLost nothing_lost c3_lease_outlives_its_consumer;
            NothingLost nothing_lost c3_nack_on_a_full_buffer_loses_nothing;
            NothingLost take_many c3_cancelled_take_many_loses_nothing;
            NothingLost batch c3_batches_lose_nothing_while_everything_moves;
            NothingTwice nothing_twice c4_one_holder_at_a_time;
            NothingTwice nothing_twice c4_each_answer_ends_the_lease_once;
            NothingTwice nothing_twice c4_ack_hands_over_the_leased_item;
            NothingTwice nothing_twice c4_deliveries_and_failures_are_counted_apart;
            NothingTwice nothing_twice c4_failure_limit_makes_a_dead_letter;
            NothingTwice nothing_twice c4_delivery_limit_makes_a_dead_letter;
            NothingTwice nothing_twice c4_rejected_items_are_set_aside;
            NothingTwice expiry c4_expired_lease_answers_nothing;
            NothingTwice expiry c4_late_answer_does_not_reach_the_next_lease;
            NothingTwice expiry c4_expired_item_keeps_its_position;
            NothingTwice expiry c4_extend_moves_the_deadline;
            NothingTwice expiry c4_lease_without_deadline_never_expires;
            NothingTwice expiry c4_expiry_counts_as_a_delivery;
            Waiting expiry c5_expiry_wakes_who_waits_for_an_item;
            Waiting expiry c5_expiry_wakes_who_waits_for_the_lease_limit;
            Waiting waiting c5_try_never_waits;
            Waiting waiting c5_deadlines_pass_and_nothing_moves;
            Waiting waiting c5_timed_out_put_is_not_placed;
            Waiting waiting c5_waiting_is_sleeping;
            Waiting waiting c5_each_change_wakes_a_waiter;
            Waiting waiting c5_giving_back_wakes_a_waiter;
            Waiting waiting c5_ping_pong_never_stalls;
            Waiting cancel c5_unpolled_calls_do_nothing;
            Waiting cancel c5_cancelled_put_goes_with_its_item;
            Waiting cancel c5_cancelled_put_passes_its_wake_on;
            Waiting cancel c5_cancelled_take_passes_its_wake_on;
            Waiting cancel c5_timed_out_take_passes_its_wake_on;
            Waiting cancel c5_cancelling_in_the_middle_keeps_the_line;
            Waiting linear c5_histories_with_permits_are_linearizable;
            Waiting weight c5_a_take_wakes_as_many_as_fit;
            Waiting weight c5_a_heavy_put_that_gives_up_is_out_of_the_way;
            Waiting weight c5_puts_of_all_weights_get_on;
            Waiting permit c5_an_unused_permit_holds_nothing_up;
            Waiting permit c5_a_reserve_waits_for_room;
            Waiting permit c5_a_cancelled_reserve_passes_its_wake_on;
            Waiting permit c5_a_put_by_permit_never_waits;
            Waiting permit c5_a_put_by_permit_wakes_a_consumer;
            Waiting permit c5_a_dropped_permit_wakes_a_producer;
            Waiting permit c5_a_leaked_permit_costs_one_place;
            Waiting put_many c5_a_batch_places_a_part_and_hands_back_the_rest;
            Waiting batch c5_a_batch_may_be_larger_than_the_capacity;
            Waiting batch c5_batches_of_nothing_are_done;
            Waiting take_many c5_take_many_takes_what_there_is;
            Waiting batch c5_a_batch_wakes_as_many_as_it_serves;
            Waiting put_many c5_a_cancelled_batch_has_placed_its_front;
            CloseAndDrain linear c6_histories_with_close_are_linearizable;
            CloseAndDrain expiry c6_expiry_after_close_redelivers;
            CloseAndDrain close c6_close_refuses_puts_and_drains;
            CloseAndDrain close c6_close_wakes_producers_with_their_items;
            CloseAndDrain close c6_close_wakes_consumers;
            CloseAndDrain close c6_closed_waits_for_other_leases;
            CloseAndDrain close c6_own_lease_does_not_block_closed;
            CloseAndDrain close c6_the_last_ack_wakes_everyone;
            CloseAndDrain close c6_dropping_the_last_producer_closes;
            CloseAndDrain close c6_dropping_the_last_consumer_refuses_puts;
            CloseAndDrain close c6_every_put_before_close_is_drained;
            CloseAndDrain permit c6_close_refuses_permits;
            CloseAndDrain permit c6_the_end_wakes_reserves;
            CloseAndDrain put_many c6_close_hands_back_the_rest_of_a_batch;
            CloseAndDrain take_many c6_take_many_hears_closed;
            Join join c7_join_returns_when_nothing_is_unfinished;
            Join join c7_join_counts_what_waits_and_what_is_leased;
            Join join c7_a_take_by_a_task_ends_a_join;
            Join join c7_the_last_answer_wakes_every_join;
            Join join c7_join_survives_the_death_of_a_worker;
            Join join c7_join_means_it_while_everything_moves;
            Join drop_oldest c7_drops_keep_join_right;
            Join permit c7_join_does_not_wait_for_permits;
            Join take_many c7_a_batch_taken_ends_a_join;
            Accounting accounting c8_random_operations_match_the_model;
            Accounting accounting c8_each_step_is_counted;
            Accounting accounting c8_high_water_is_the_greatest_depth;
            Accounting accounting c8_shares_add_up;
            Accounting accounting c8_waits_are_measured;
            Accounting accounting c8_statistics_are_readable_while_running;
            Accounting accounting c8_puts_racing_the_last_consumer_are_accounted;
            Accounting accounting c8_nothing_outlives_the_buffer;
            Accounting batch c8_batches_are_counted;
            Overflow overflow c9_refusing_drops_nothing;
            Overflow overflow c9_waiting_drops_nothing;
            Overflow overflow c9_each_policy_says_what_it_did;
            Overflow overflow c9_a_policy_belongs_to_its_handle;
            Overflow overflow c9_wait_for_waits_so_long;
            Overflow overflow c9_a_named_patience_goes_before_the_policy;
            Overflow overflow c9_a_put_that_drops_never_waits;
            Overflow overflow c9_tasks_that_do_not_wait_end_at_once;
            Overflow overflow c9_nothing_is_dropped_after_the_end;
            Overflow overflow c9_drops_of_a_batch_are_summed;
            Overflow overflow c9_drops_are_counted_while_everything_moves;
            Overflow drop_oldest c9_drop_oldest_keeps_the_order_of_the_rest;
            Overflow drop_oldest c9_drop_oldest_leaves_leases_alone;
            Overflow drop_oldest c9_drop_oldest_drops_as_many_as_it_takes;
            Overflow drop_oldest c9_drop_oldest_overtakes_nobody_in_line;
            Overflow drop_oldest c9_drop_oldest_leaves_permits_alone;
            Overflow drop_oldest c9_reserve_drops_nothing;
            Overflow linear c9_histories_with_drops_are_linearizable;
            Overflow weight c9_drop_oldest_makes_room_by_weight;
            Fairness fairness c10_waiting_put_is_not_overtaken_without_end;
            Fairness fairness c10_waiting_take_is_not_overtaken_without_end;
            Fairness fairness c10_place_is_kept_for_a_slow_put;
            Fairness fairness c10_place_is_kept_against_drop_oldest;
            Fairness fairness c10_item_is_kept_for_a_slow_take;
            Fairness fairness c10_waiting_lease_is_not_overtaken_without_end;
            Fairness fairness c10_blocked_put_is_not_overtaken_without_end;
            Fairness fairness c10_blocked_take_is_not_overtaken_without_end;
            Fairness fairness c10_cancelled_waiters_keep_no_place;
            Fairness weight c10_a_heavy_put_is_not_overtaken_without_end;
            Fairness permit c10_a_waiting_reserve_is_not_overtaken_without_end;
            Fairness put_many c10_a_batch_in_line_is_not_overtaken_without_end;
            Fairness take_many c10_take_many_starves_no_take_that_waits;
            BadInput bad_input c11_capacity_zero_is_refused;
            BadInput bad_input c11_the_smallest_settings_work;
            BadInput bad_input c11_refusals_speak;
        }
    };
}

/// Makes a module of tests, one for each check of what is left when processes die, for a factory that is
/// [`Mortal`](crate::Mortal).
#[macro_export]
macro_rules! mortal_suite {
    ($module:ident, $factory:expr) => {
        $crate::__for_each_mortal_check! { tests { } $module, $factory }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_mortal_check {
    ($($use:tt)*) => {
        $crate::__use_checks! {
            [$($use)*]
            Bound killed c1_a_killed_producers_permit_is_free_again;
            NothingLost killed c3_a_killed_consumers_items_go_back_in_place;
            NothingLost killed c3_who_only_tries_finds_what_the_dead_held;
            NothingLost killed c3_what_a_killed_producer_put_stays;
            NothingTwice killed c4_a_death_counts_as_a_delivery;
            Waiting killed c5_a_killed_put_is_out_of_the_way;
            Waiting killed c5_a_killed_batch_has_placed_its_front;
            Waiting killed c5_a_killed_take_is_out_of_the_way;
            Waiting killed c5_a_killed_lease_passes_its_wake_on;
            CloseAndDrain killed c6_closed_comes_after_what_the_dead_held;
            CloseAndDrain killed c6_a_death_closes_nothing;
            Join killed c7_join_survives_a_killed_worker;
            Accounting killed c8_counts_are_exact_after_deaths;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __use_checks {
    ([tests $attributes:tt $module:ident, $factory:expr] $($clause:ident $file:ident $check:ident;)*) => {
        #[cfg(test)]
        mod $module {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use super::*;

            $($crate::__test! {
                $attributes $check {
                    $crate::check::pass(
                        $crate::Clause::$clause,
                        stringify!($check),
                        &$factory,
                        $crate::clauses::$file::$check,
                    );
                }
            })*
        }
    };
    ([names] $($clause:ident $file:ident $check:ident;)*) => {
        [$(stringify!($check)),*]
    };
    ([values] $($clause:ident $file:ident $check:ident;)*) => {
        vec![$(
            $crate::Check::new(
                $crate::Clause::$clause,
                stringify!($check),
                $crate::clauses::$file::$check,
            )
        ),*]
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __test {
    ({ $(#[$attribute:meta])* } $name:ident $body:block) => {
        $(#[$attribute])*
        #[test]
        fn $name() $body
    };
}

use crate::{Check, Factory, Mortal};

/// Every check, in the order of the clauses.
pub fn checks<F: Factory>() -> Vec<Check<F>> {
    crate::__for_each_check!(values)
}

/// Every check of what is left when processes die, in the order of the clauses.
pub fn mortal_checks<F: Mortal>() -> Vec<Check<F>> {
    crate::__for_each_mortal_check!(values)
}
