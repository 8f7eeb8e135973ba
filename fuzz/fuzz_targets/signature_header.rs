//! The fuzzer on [`waypost_fuzz::signature_header`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waypost_fuzz::signature_header(bytes));
