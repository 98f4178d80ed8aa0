//! One file for each medium.

pub(crate) mod bare;
pub(crate) mod beanstalkd;
pub(crate) mod boost;
pub(crate) mod forebay;
pub(crate) mod mqueue;
pub(crate) mod pipe;
pub(crate) mod python;
pub(crate) mod redis;
pub(crate) mod seqpacket;
pub(crate) mod sqlite;
pub(crate) mod stream;
