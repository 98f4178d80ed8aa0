use crate::Orders;
pub(crate) fn stopped_with_the_lock(_: &Orders) {}
pub(crate) fn stopped_in_its_recovery(_: &Orders) {}
pub(crate) fn stopped_between_two_turns(_: &Orders) {}
pub(crate) fn stopped_when_called(_: &Orders) {}
pub(crate) fn killed_when_called(_: &Orders) {}
pub(crate) fn joins_end_at_the_end_only(_: &Orders) {}
pub(crate) fn a_dead_leader_of_syncs_is_followed(_: &Orders) {}
