//! `cargo fuzz run -s none service_graph`; the body is [`brokermdo_fuzz::service_graph`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| brokermdo_fuzz::service_graph(data));
