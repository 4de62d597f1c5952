//! `cargo fuzz run -s none bgpls`; the body is [`brokermdo_fuzz::bgpls`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::bgpls(data));
