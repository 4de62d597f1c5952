//! `cargo fuzz run -s none identifiers`; the body is [`brokermdo_fuzz::identifiers`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::identifiers(data));
