//! `cargo fuzz run -s none unify`; the body is [`brokermdo_fuzz::unify`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::unify(data));
