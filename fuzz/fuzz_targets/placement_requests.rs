//! `cargo fuzz run -s none placement_requests`; the body is [`brokermdo_fuzz::placement_requests`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::placement_requests(data));
