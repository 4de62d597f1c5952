//! `cargo fuzz run -s none client_answers`; the body is [`brokermdo_fuzz::client_answers`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::client_answers(data));
