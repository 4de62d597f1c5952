//! `testbed`: federations on one machine. All of it is in [`testbeds::cli`].

use std::process::ExitCode;

/// It is `brokerd`, too: what is measured of that has the allocator of that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    testbeds::cli::main(std::env::args_os())
}
