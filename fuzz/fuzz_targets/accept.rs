//! `cargo fuzz run -s none accept`; the body is [`brokermdo_fuzz::accept`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::accept(data));
