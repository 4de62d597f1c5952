//! Stub, being written.
use crate::ServiceGraph;
use crate::json::{Cursor, FieldError};
/// Members.
pub const MEMBERS: [&str; 0] = [];
/// Reads.
/// # Errors
/// None yet.
pub fn decode(sg: &Cursor<'_>) -> Result<ServiceGraph, FieldError> { Err(sg.invalid("stub")) }
