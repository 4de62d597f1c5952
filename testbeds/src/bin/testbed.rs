//! `testbed`: federations on one machine. All of it is in [`testbeds::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    testbeds::cli::main(std::env::args_os())
}
