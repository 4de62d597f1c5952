//! `cargo fuzz run -s none alto_requests`; the body is [`brokermdo_fuzz::alto_requests`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::alto_requests(data));
