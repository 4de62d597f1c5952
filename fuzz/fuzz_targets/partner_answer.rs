//! `cargo fuzz run -s none partner_answer`; the body is [`brokermdo_fuzz::partner_answer`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::partner_answer(data));
