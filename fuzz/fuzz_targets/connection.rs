//! The fuzzer on [`waypost_fuzz::connection`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waypost_fuzz::connection(bytes));
