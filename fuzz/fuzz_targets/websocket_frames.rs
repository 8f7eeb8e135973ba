//! The fuzzer on [`waypost_fuzz::websocket_frames`].

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| waypost_fuzz::websocket_frames(bytes));
