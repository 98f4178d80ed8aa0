//! The programs that are shipped: the classics of the field, the problem set and our own protocols, right and
//! deliberately wrong, each with a header that says what it shows and what must come of it.

/// A program that is shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// The name of its file, with the folder of those that are not to begin with.
    pub name: &'static str,
    /// The text of its file.
    pub text: &'static str,
}

macro_rules! shipped {
    ($(#[$doc:meta])* $all:ident in $folder:literal as $prefix:literal: $($name:literal)+) => {
        $(#[$doc])*
        pub const $all: &[Shipped] = &[$(
            Shipped {
                name: concat!($prefix, $name),
                text: include_str!(concat!("../", $folder, "/", $name)),
            },
        )+];
    };
}

shipped! {
    /// Those to begin with, the easiest first.
    CLASSICS in "programs" as "":
    "arithmetic.toy"
    "mutex.toy"
    "no_mutex.toy"
    "semaphore_mutex.toy"
    "atomic_counter.toy"
    "producer_consumer.toy"
    "producer_consumer.py"
    "producer_consumer_unsynchronised.py"
    "message_passing.toy"
    "semaphore.toy"
    "rendezvous.toy"
    "barrier.toy"
    "readers_writers.toy"
    "philosophers.toy"
    "philosophers_deadlock.toy"
    "two_locks.toy"
    "swapped_waits.toy"
    "lost_wakeup.toy"
    "missing_join.toy"
    "endless_consumers.toy"
    "counting.weir"
    "bounded_buffer.weir"
    "monitor.weir"
    "pipeline.weir"
    "meeting.weir"
    "rounds.weir"
    "shared_reading.weir"
    "hungry.weir"
    "fed.weir"
    "smokers.weir"
    "barber.weir"
    "unheard.weir"
}

shipped! {
    /// The problem set.
    PROBLEMS in "problems" as "problems/":
    "aba.weir"
    "aba_wrong_no_tag.weir"
    "baboon_crossing.weir"
    "baboon_crossing_wrong_no_switch.weir"
    "baboon_crossing_wrong_no_turnstile.weir"
    "barbershop.weir"
    "barbershop_wrong_barber_not_called.weir"
    "barbershop_wrong_looks_then_sits.weir"
    "barrier.weir"
    "barrier_wrong_opened_once.weir"
    "barrier_wrong_waits_inside.weir"
    "blocking_queue.weir"
    "blocking_queue_by_two_conditions.weir"
    "blocking_queue_wrong_notify_one.weir"
    "bounded_buffer.weir"
    "bounded_buffer_wrong_if.weir"
    "bounded_buffer_wrong_swapped_waits.weir"
    "child_care.weir"
    "child_care_wrong_token_by_token.weir"
    "dance.weir"
    "dance_wrong_leader_walks_off.weir"
    "dekker.weir"
    "dekker_wrong_after_you.weir"
    "dekker_wrong_in_turns.weir"
    "dekker_wrong_look_then_say.weir"
    "dining_hall.weir"
    "dining_hall_wrong_leaves_at_once.weir"
    "dining_hall_wrong_nobody_told.weir"
    "double_checked_locking.weir"
    "double_checked_locking_wrong_checked_once.weir"
    "double_checked_locking_wrong_shown_early.weir"
    "faneuil_hall.weir"
    "faneuil_hall_wrong_does_not_wait.weir"
    "fifo_barbershop.weir"
    "fifo_barbershop_wrong_shared_semaphore.weir"
    "h2o.weir"
    "h2o_wrong_no_barrier.weir"
    "hilzer_barbershop.weir"
    "hilzer_barbershop_wrong_one_signal_for_all.weir"
    "lost_update.weir"
    "lost_update_by_comparing.weir"
    "lost_update_wrong_no_lock.weir"
    "lost_update_wrong_two_sections.weir"
    "lost_wakeup.weir"
    "lost_wakeup_wrong_no_state.weir"
    "lost_wakeup_wrong_sleep_and_wakeup.weir"
    "modus_hall.weir"
    "modus_hall_wrong_no_transition.weir"
    "multiplex.weir"
    "multiplex_wrong_two_sections.weir"
    "mutex.weir"
    "mutex_wrong_left_on_return.weir"
    "mutex_wrong_look_then_take.weir"
    "no_starve_mutex.weir"
    "no_starve_mutex_by_two_doors_for_ever.weir"
    "no_starve_mutex_wrong_one_door.weir"
    "no_starve_mutex_wrong_one_door_for_ever.weir"
    "no_starve_readers_writers.weir"
    "no_starve_readers_writers_by_turnstile_for_ever.weir"
    "no_starve_readers_writers_wrong_no_turnstile.weir"
    "no_starve_readers_writers_wrong_readers_first.weir"
    "peterson.weir"
    "peterson_wrong_turn_first.weir"
    "philosophers_by_asymmetry.weir"
    "philosophers_by_limit.weir"
    "philosophers_by_states.weir"
    "philosophers_wrong_both_polite.weir"
    "philosophers_wrong_left_first.weir"
    "philosophers_wrong_neighbours_conspire.weir"
    "philosophers_wrong_nobody_told.weir"
    "producer_consumer.weir"
    "producer_consumer_wrong_waits_inside.weir"
    "readers_writers.weir"
    "readers_writers_wrong_atomic_count.weir"
    "rendezvous.weir"
    "rendezvous_wrong_one_side.weir"
    "rendezvous_wrong_wait_first.weir"
    "reusable_barrier.weir"
    "reusable_barrier_wrong_count_read_outside.weir"
    "reusable_barrier_wrong_one_turnstile.weir"
    "river_crossing.weir"
    "river_crossing_wrong_exactly_two.weir"
    "roller_coaster.weir"
    "roller_coaster_wrong_no_order.weir"
    "room_party.weir"
    "room_party_wrong_turnstile_late.weir"
    "santa.weir"
    "santa_wrong_no_door.weir"
    "savages.weir"
    "savages_wrong_waits_outside.weir"
    "search_insert_delete.weir"
    "search_insert_delete_wrong_two_orders.weir"
    "senate_bus.weir"
    "senate_bus_wrong_lock_let_go.weir"
    "smokers.weir"
    "smokers_wrong_each_grabs.weir"
    "sushi_bar.weir"
    "sushi_bar_wrong_seats_counted_late.weir"
    "unisex_bathroom.weir"
    "unisex_bathroom_wrong_place_first.weir"
    "writer_priority.weir"
    "writer_priority_wrong_switch_let_go.weir"
}

shipped! {
    /// The protocols of the buffers of forebay.
    PROTOCOLS in "forebay" as "forebay/":
    "file.weir"
    "file_wrong_counted_before_the_word.weir"
    "file_wrong_counts_believed.weir"
    "file_wrong_leases_of_the_dead_kept.weir"
    "file_wrong_leases_of_the_living_ended.weir"
    "file_wrong_lock_of_the_dead_kept.weir"
    "file_wrong_nothing_announced.weir"
    "file_wrong_published_before_the_copy.weir"
    "lease.weir"
    "lease_wrong_acked_before_the_work.weir"
    "lease_wrong_ended_under_a_lease.weir"
    "lease_wrong_join_forgets_leases.weir"
    "lease_wrong_last_tells_nobody.weir"
    "lease_wrong_nack_gives_nothing_back.weir"
    "line.weir"
    "line_wrong_call_kept.weir"
    "line_wrong_called_before_the_put.weir"
    "line_wrong_close_calls_one.weir"
    "line_wrong_no_room_for_parked.weir"
    "line_wrong_no_second_look.weir"
    "linked.weir"
    "linked_wrong_linked_before_the_item.weir"
    "linked_wrong_no_dummy.weir"
    "linked_wrong_told_before_the_link.weir"
    "lock.weir"
    "lock_wrong_asks_nobody.weir"
    "lock_wrong_no_generation.weir"
    "monitor.weir"
    "monitor_wrong_close_rouses_one.weir"
    "monitor_wrong_if.weir"
    "monitor_wrong_wake_kept.weir"
    "semaphores.weir"
    "semaphores_wrong_p_outside_the_lock.weir"
    "semaphores_wrong_unit_kept.weir"
    "semaphores_wrong_v_before_the_put.weir"
}

impl Shipped {
    /// The one of that name, with or without its folder and its ending.
    pub fn named(name: &str) -> Option<Self> {
        let stem = |file: &'static str| file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let file = |path: &'static str| path.rsplit_once('/').map_or(path, |(_, file)| file);
        let find = |is_it: &dyn Fn(&'static str) -> bool| Self::all().find(|it| is_it(it.name));
        find(&|it| it == name)
            .or_else(|| find(&|it| stem(it) == name))
            .or_else(|| find(&|it| file(it) == name || stem(file(it)) == name))
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        [CLASSICS, PROBLEMS, PROTOCOLS].into_iter().flatten().copied()
    }

    /// What it shows: the beginning of its header.
    pub fn about(&self) -> &'static str {
        let first =
            self.text.lines().next().unwrap_or_default().trim_start_matches(['#', '"', ' ']);
        let end = [": ", ". "].iter().filter_map(|end| first.find(end)).min();
        first[..end.unwrap_or(first.len())].trim_end_matches(['.', ','])
    }

    /// What must come of it under every schedule, as its header says.
    pub fn verdict(&self) -> &'static str {
        self.text
            .lines()
            .find_map(|line| line.strip_prefix("# verdict:"))
            .unwrap_or_default()
            .trim()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_is_shipped() {
        for (folder, prefix, all) in [
            ("programs", "", CLASSICS),
            ("problems", "problems/", PROBLEMS),
            ("forebay", "forebay/", PROTOCOLS),
        ] {
            let files: BTreeSet<String> =
                fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
                    .unwrap()
                    .map(|entry| format!("{prefix}{}", entry.unwrap().file_name().display()))
                    .collect();
            let shipped: BTreeSet<String> = all.iter().map(|it| it.name.to_owned()).collect();
            assert_eq!(files, shipped);
        }
        let names: BTreeSet<&str> = Shipped::all().map(|it| it.name).collect();
        assert_eq!(names.len(), Shipped::all().count(), "each has a name of its own");
    }

    #[test]
    fn they_are_found_with_and_without_their_ending() {
        assert_eq!(Shipped::named("mutex").unwrap().name, "mutex.toy");
        assert_eq!(Shipped::named("producer_consumer.py").unwrap().name, "producer_consumer.py");
        assert_eq!(Shipped::named("producer_consumer").unwrap().name, "producer_consumer.toy");
        assert_eq!(Shipped::named("santa").unwrap().verdict(), "PROVED");
        assert_eq!(Shipped::named("monitor").unwrap().name, "monitor.weir");
        assert_eq!(Shipped::named("forebay/monitor").unwrap().name, "forebay/monitor.weir");
        assert_eq!(Shipped::named("nothing"), None);
        assert!(
            CLASSICS.iter().all(|it| (9..60).contains(&it.about().len())),
            "each says what it shows"
        );
    }
}
