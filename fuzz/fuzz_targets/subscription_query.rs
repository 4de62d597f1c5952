//! `cargo fuzz run -s none subscription_query`; the body is [`brokermdo_fuzz::subscription_query`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::subscription_query(data));
