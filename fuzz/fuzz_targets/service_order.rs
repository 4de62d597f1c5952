//! `cargo fuzz run -s none service_order`; the body is [`brokermdo_fuzz::service_order`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::service_order(data));
