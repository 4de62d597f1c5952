//! `cargo fuzz run -s none world`; the body is [`brokermdo_fuzz::world`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::world(data));
