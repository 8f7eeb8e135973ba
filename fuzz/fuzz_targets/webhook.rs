//! The fuzzer on [`waypost_fuzz::webhook`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waypost_fuzz::webhook(bytes));
