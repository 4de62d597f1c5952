//! `cargo fuzz run -s none edit_config`; the body is [`brokermdo_fuzz::edit_config`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::edit_config(data));
