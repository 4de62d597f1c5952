//! Programs of others, run as clients.

use std::process::Command;

/// What a program writes; `None`, with a plain message, where it is not installed (which CI does not allow).
pub(crate) fn run(program: &str, args: &[&str]) -> Option<Vec<u8>> {
    let output = match Command::new(program).args(args).output() {
        Ok(output) => output,
        Err(error) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "{program} must be there in CI: {error}"
            );
            println!("skipped: {program} is not installed");
            return None;
        }
    };
    assert!(
        output.status.success(),
        "{program} {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output.stdout)
}
