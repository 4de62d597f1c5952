//! Where the work on an order item stands, and what comes next.
