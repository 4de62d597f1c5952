//! `cargo fuzz run -s none configuration`; the body is [`brokermdo_fuzz::configuration`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::configuration(data));
