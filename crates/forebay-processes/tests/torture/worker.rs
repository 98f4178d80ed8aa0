pub(crate) fn work(_: &[&str]) {}
