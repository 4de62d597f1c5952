//! `cargo fuzz run -s none alto_updates`; the body is [`brokermdo_fuzz::alto_updates`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::alto_updates(data));
