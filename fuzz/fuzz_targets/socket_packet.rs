//! The fuzzer on [`waypost_fuzz::socket_packet`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waypost_fuzz::socket_packet(bytes));
