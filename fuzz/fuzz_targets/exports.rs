//! `cargo fuzz run -s none exports`; the body is [`brokermdo_fuzz::exports`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::exports(data));
