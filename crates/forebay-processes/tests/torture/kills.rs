use crate::Orders;
pub(crate) fn killed_and_stopped_at_random(_: &Orders) {}
