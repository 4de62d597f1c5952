//! `cargo fuzz run -s none virtualizer`; the body is [`brokermdo_fuzz::virtualizer`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::virtualizer(data));
