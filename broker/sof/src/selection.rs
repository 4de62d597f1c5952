//! Which chain of partners does a service, and why.
