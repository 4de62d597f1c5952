//! `cargo fuzz run -s none authorization`; the body is [`brokermdo_fuzz::authorization`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::authorization(data));
