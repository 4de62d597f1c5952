//! The broker daemon. All of it is in the library: see `broker::daemon`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    broker::daemon::main(std::env::args_os())
}
