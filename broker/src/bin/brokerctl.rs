//! `brokerctl`, the broker's client for people: all of it is in [`broker::ctl`].

use std::process::ExitCode;

fn main() -> ExitCode {
    broker::ctl::main(std::env::args_os())
}
