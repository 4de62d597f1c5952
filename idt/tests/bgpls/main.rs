//! BGP-LS: the clauses of the RFCs, the laws, and what real speakers have sent.

mod captures;
mod clauses;
mod conversion;
mod laws;
mod netphony;
mod rib;
mod support;
