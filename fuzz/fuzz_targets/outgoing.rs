//! The fuzzer on [`waypost_fuzz::outgoing`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waypost_fuzz::outgoing(bytes));
