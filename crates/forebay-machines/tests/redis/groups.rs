//! Topics and their groups.

on!("redis");
