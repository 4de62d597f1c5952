//! Places, and how long light takes between them.
//!
//! A seed must make the same world on every machine, and the trigonometry of the standard library is that
//! of the machine's C library. So the little of it that is needed is here, out of operations that IEEE 754
//! fixes to the last bit: + - * / and the square root.

use nffg::Delay;

/// Light in fibre goes two thirds of its speed in vacuum, 200 km in a millisecond: 5 us a kilometre
/// (ITU-T G.114 Table A.1).
const NANOS_PER_KM: f64 = 5_000.0;

/// The mean radius R1 of the earth in kilometres (Moritz, Geodetic Reference System 1980).
const EARTH_KM: f64 = 6371.0088;

const PI: f64 = std::f64::consts::PI;

/// A place on earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    latitude: f64,
    longitude: f64,
}

impl Position {
    /// What [`Position::new`] takes, for errors.
    pub(super) const RULE: &'static str =
        "degrees, a latitude from -90 to 90 and a longitude from -180 to 180";

    /// A place by degrees north and degrees east. `None` unless the latitude is within -90 and 90 and the
    /// longitude within -180 and 180.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        on_earth.then_some(Self {
            latitude,
            longitude,
        })
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(self) -> f64 {
        self.longitude
    }

    /// The same as a point on the unit sphere.
    pub(super) fn point(self) -> [f64; 3] {
        let (latitude, longitude) = (self.latitude.to_radians(), self.longitude.to_radians());
        // A cosine is the sine of what is left to a right angle.
        let ring = sine(PI / 2.0 - latitude.abs());
        let prime = sine(PI / 2.0 - longitude.abs());
        let acute = longitude.abs().min(PI - longitude.abs());
        let east = sine(acute).copysign(longitude);
        [ring * prime, ring * east, sine(latitude)]
    }
}

/// The delay along the great circle from one place to another, in fibre that is laid so: 200 km in a
/// millisecond, the earth a ball. Real fibre is longer, often by half.
#[must_use]
pub fn delay_over(from: Position, to: Position) -> Delay {
    delay_between(from.point(), to.point())
}

/// The same between two points on the unit sphere.
pub(super) fn delay_between(from: [f64; 3], to: [f64; 3]) -> Delay {
    let [x, y, z] = [from[0] - to[0], from[1] - to[1], from[2] - to[2]];
    let half_chord = (x * x + y * y + z * z).sqrt() / 2.0;
    let km = 2.0 * EARTH_KM * arcsine(half_chord.min(1.0));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to half the way round, 10^8 ns"
    )]
    Delay::from_nanos((km * NANOS_PER_KM + 0.5) as u64)
}

/// The sine of an angle from -pi/2 to pi/2, by its series; the error is below 1e-15.
fn sine(angle: f64) -> f64 {
    let square = angle * angle;
    // Horner's scheme: 1 - x^2/(2*3) (1 - x^2/(4*5) (...)).
    let series = (1..=12).rev().fold(1.0, |sum, k| {
        let k = f64::from(2 * k);
        1.0 - square / (k * (k + 1.0)) * sum
    });
    angle * series
}

/// The arcsine of a number from 0 to 1; the error is below 1e-15.
fn arcsine(sine: f64) -> f64 {
    // The tangent of half the angle, from 0 to 1, and of an eighth, from 0 to 0.2.
    let half = sine / (1.0 + (1.0 - sine * sine).sqrt());
    let quarter = half / (1.0 + (1.0 + half * half).sqrt());
    let eighth = quarter / (1.0 + (1.0 + quarter * quarter).sqrt());
    let square = eighth * eighth;
    // The series of the arctangent: x (1 - x^2/3 + x^4/5 - ...).
    let series = (0..=12)
        .rev()
        .fold(0.0, |sum, k| 1.0 / f64::from(2 * k + 1) - square * sum);
    8.0 * eighth * series
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn at(latitude: f64, longitude: f64) -> Position {
        Position::new(latitude, longitude).unwrap()
    }

    #[test]
    fn known_distances() {
        let millis = |from, to| delay_over(from, to).as_micros() / 1e3;
        // Vienna to New York, 6,800 km, and half round the world, 20,015 km.
        assert!((millis(at(48.21, 16.37), at(40.71, -74.01)) - 34.0).abs() < 0.1);
        assert!((millis(at(0.0, 0.0), at(0.0, 180.0)) - 100.08).abs() < 0.01);
        assert!((millis(at(90.0, 12.0), at(-90.0, 99.0)) - 100.08).abs() < 0.01);
        assert_eq!(delay_over(at(1.0, 2.0), at(1.0, 2.0)), Delay::from_nanos(0));
    }

    #[test]
    fn what_is_not_on_earth_is_no_position() {
        for (latitude, longitude) in [
            (90.1, 0.0),
            (0.0, -180.1),
            (f64::NAN, 0.0),
            (0.0, f64::INFINITY),
        ] {
            assert_eq!(Position::new(latitude, longitude), None);
        }
    }

    fn position() -> impl Strategy<Value = Position> {
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(latitude, longitude)| at(latitude, longitude))
    }

    proptest! {
        /// The oracle is the haversine formula with the machine's own trigonometry. Near the antipode it
        /// is the formula that loses digits, so a metre is the bound.
        #[test]
        fn the_delay_is_that_of_the_haversine_formula(from in position(), to in position()) {
            let [a, b] = [from, to].map(|place| (place.latitude.to_radians(), place.longitude.to_radians()));
            let half = |x: f64| (x / 2.0).sin().powi(2);
            let h = half(a.0 - b.0) + a.0.cos() * b.0.cos() * half(a.1 - b.1);
            let nanos = 2.0 * EARTH_KM * h.min(1.0).sqrt().asin() * NANOS_PER_KM;
            let delay = delay_over(from, to);
            prop_assert!((delay.as_micros() * 1e3 - nanos).abs() < 5.0, "{delay} {nanos}");
            prop_assert_eq!(delay, delay_over(to, from));
        }
    }
}
