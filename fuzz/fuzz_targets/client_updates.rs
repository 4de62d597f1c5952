//! `cargo fuzz run -s none client_updates`; the body is [`brokermdo_fuzz::client_updates`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::client_updates(data));
