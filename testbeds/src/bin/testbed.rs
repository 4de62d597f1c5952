//! The broker daemon: all of it is in the library.
fn main() {}
