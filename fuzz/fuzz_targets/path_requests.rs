//! `cargo fuzz run -s none path_requests`; the body is [`brokermdo_fuzz::path_requests`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::path_requests(data));
