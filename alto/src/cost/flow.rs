//! What one TCP flow gets along a path: an estimation of a bulk flow whose window nothing else bounds.
//!
//! The path is that of the least delay among those whose every link tells delay, loss and bandwidth; of several
//! that with the least loss, then the widest. By the square-root model (Mathis, Semke, Mahdavi and Ott, *The
//! macroscopic behavior of the TCP congestion avoidance algorithm*, 1997, with the constant for an acknowledgement
//! of each segment) a flow of RFC 5681's congestion avoidance carries
//!
//! ```text
//! MSS / RTT * sqrt(3 / (2 p))
//! ```
//!
//! and here at most the bandwidth of the path. The loss `p` is the sum of the links' (RFC 9439 §4.4.4): the model
//! is good for small losses only, and where they are, the sum is the product to the last digit. Sums tell without
//! rounding which of two paths loses less.

use std::cmp::Reverse;

use idt::net::{Row, UNLIMITED};
use nffg::Loss;

/// The largest segment, in octets: an Ethernet's 1500 less the headers of IPv4 and TCP.
const MSS: u128 = 1460;

/// `(8 MSS * 10^9)^2 * 3/2 * 10^9`: the square of the throughput in bit/s for a round trip of 1 ns and a loss of a
/// billionth.
const SQUARE: u128 = (8 * MSS * NANOS).pow(2) * 3 / 2 * (Loss::WHOLE as u128);

const NANOS: u128 = 1_000_000_000;

/// Of a path its delay in nanoseconds, its loss in billionths, and its width in bits per second: the greater is
/// the better.
pub(super) type Label = (Reverse<u64>, Reverse<u64>, u64);

/// Where a path begins.
pub(super) const START: Label = (Reverse(0), Reverse(0), UNLIMITED);

/// The label after an edge, which has the loss in place of the price.
///
/// Delay and loss are sums, and the width is looked at last: so a better beginning is one of each longer path.
pub(super) fn through((delay, loss, width): Label, row: &Row<'_>, nth: usize) -> Option<Label> {
    let of = |column: &[u32]| column.get(nth).copied().map(u64::from);
    Some((
        Reverse(delay.0.saturating_add(of(row.delay)?)),
        Reverse(loss.0.saturating_add(of(row.price)?)),
        width.min(*row.bandwidth.get(nth)?),
    ))
}

/// What a flow along a path gets whose acknowledgements take `back` nanoseconds, in whole bits per second.
pub(super) fn throughput((there, loss, width): Label, back: u64) -> u64 {
    let rtt = u128::from(there.0.saturating_add(back));
    let loss = u128::from(loss.0.min(u64::from(Loss::WHOLE)));
    if rtt == 0 || loss == 0 {
        return width;
    }
    let divisor = rtt
        .checked_mul(rtt)
        .and_then(|square| square.checked_mul(loss));
    // Of a time that long there is less than a bit in a second.
    let rate = divisor.map_or(0, |divisor| (SQUARE / divisor).isqrt());
    u64::try_from(rate).map_or(width, |rate| rate.min(width))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimated(rtt: u64, loss: u64, width: u64) -> u64 {
        throughput((Reverse(rtt / 2), Reverse(loss), width), rtt - rtt / 2)
    }

    /// 1460 octets, 100 ms, 0.1 %: 14,600 segments' octets a second times sqrt(1500).
    #[test]
    fn a_throughput_is_that_of_the_square_root_model() {
        let model = |rtt: f64, p: f64| 8.0 * 1460.0 / rtt * (1.5 / p).sqrt();
        for (rtt, loss) in [
            (100_000_000, 1_000_000),
            (20_000_000, 1),
            (1_000, 10_000_000),
            (7_777_777, 123_456),
            (4_000_000_000, 1_000_000_000),
        ] {
            let expected = model(rtt as f64 / 1e9, loss as f64 / 1e9);
            let found = estimated(rtt, loss, u64::MAX - 1) as f64;
            assert!(
                found <= expected && expected < found + 1.0 + expected * 1e-12,
                "{found} {expected}"
            );
        }
        assert_eq!(estimated(100_000_000, 1_000_000, 1 << 40), 4_523_644);
    }

    #[test]
    fn a_flow_gets_no_more_than_the_path_has() {
        assert_eq!(estimated(100_000_000, 1_000_000, 4_000_000), 4_000_000);
        assert_eq!(estimated(100_000_000, 0, 1 << 40), 1 << 40);
        assert_eq!(estimated(0, 1_000_000_000, 1 << 40), 1 << 40);
        assert_eq!(estimated(1, 1, 1 << 40), 1 << 40);
        assert_eq!(estimated(5, 5, 0), 0);
        // All is lost, or takes for ever.
        let all = estimated(100_000_000, 1_000_000_000, 1 << 40);
        assert_eq!(estimated(100_000_000, u64::MAX, 1 << 40), all);
        assert_eq!(throughput((Reverse(u64::MAX), Reverse(1), 9), u64::MAX), 0);
    }
}
