//! Calls that must not compile, and what the compiler says of them.
//!
//! One file for each in `compile_fail/`. `TRYBUILD=overwrite cargo test --test compile_fail` writes anew
//! what is said, after a change of the compiler's. That handles stay where their items must stay is in
//! `auto_traits.rs`: what the compiler says of that names our insides, which may change.
#![cfg(not(loom))]

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
