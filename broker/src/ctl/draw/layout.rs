//! Where things are drawn: stress majorisation (Gansner, Koren, North, "Graph Drawing by Stress
//! Majorization", 2004), so that distances on paper are those in the graph as nearly as may be; then boxes
//! that overlap are pushed apart. No chance in it: the same graph looks the same each time.

use std::collections::VecDeque;

/// A place on paper.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A box: its width and height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// From one node to the next, before boxes are pushed apart.
const STEP: f64 = 170.0;

/// Between boxes.
const GAP: f64 = 34.0;

const ROUNDS: usize = 400;

/// The middle of each box, for a graph of a few hundred nodes at most. The first is at the left and the
/// drawing is wider than high, where that is possible.
pub(super) fn layout(sizes: &[Size], edges: &[(usize, usize)]) -> Vec<Point> {
    let count = sizes.len();
    let distances = distances(count, edges);
    let mut points = circle(count);
    for _ in 0..ROUNDS {
        for node in 0..count {
            points[node] = balanced(node, &points, &distances);
        }
    }
    turn(&mut points);
    push_apart(&mut points, sizes);
    points
}

/// All distances by hops, row by row. What is not joined is a little farther than what is farthest.
fn distances(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<f64>> {
    let mut neighbours = vec![Vec::new(); count];
    for &(a, b) in edges {
        neighbours[a].push(b);
        neighbours[b].push(a);
    }
    let mut rows: Vec<Vec<Option<u32>>> = Vec::with_capacity(count);
    for start in 0..count {
        let mut row = vec![None; count];
        row[start] = Some(0);
        let mut queue = VecDeque::from([(start, 0)]);
        while let Some((at, distance)) = queue.pop_front() {
            for next in &neighbours[at] {
                if row[*next].is_none() {
                    row[*next] = Some(distance + 1);
                    queue.push_back((*next, distance + 1));
                }
            }
        }
        rows.push(row);
    }
    let farthest = rows.iter().flatten().flatten().max().copied().unwrap_or(1);
    let apart = f64::from(farthest.min(4)) + 0.5;
    let measure = |distance: Option<u32>| distance.map_or(apart, f64::from);
    rows.into_iter()
        .map(|row| row.into_iter().map(measure).collect())
        .collect()
}

fn circle(count: usize) -> Vec<Point> {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred nodes")]
    let place = |at: usize| {
        let turn = at as f64 / count.max(1) as f64 * std::f64::consts::TAU;
        let radius = count as f64 / 4.0 + 0.5;
        Point {
            x: -radius * turn.cos(),
            y: -radius * turn.sin(),
        }
    };
    (0..count).map(place).collect()
}

/// Where the other nodes would have this one: each at its distance, near ones counting most.
fn balanced(node: usize, points: &[Point], distances: &[Vec<f64>]) -> Point {
    let here = points[node];
    let (mut sum, mut weights) = (Point::default(), 0.0);
    for (other, there) in points.iter().enumerate() {
        let wanted = distances[node][other];
        if other == node || wanted <= 0.0 {
            continue;
        }
        let (dx, dy) = (here.x - there.x, here.y - there.y);
        let distance = dx.hypot(dy).max(1e-9);
        let weight = 1.0 / (wanted * wanted);
        sum.x += weight * (there.x + dx * wanted / distance);
        sum.y += weight * (there.y + dy * wanted / distance);
        weights += weight;
    }
    if weights == 0.0 {
        return here;
    }
    Point {
        x: sum.x / weights,
        y: sum.y / weights,
    }
}

/// Turns the drawing so that its longest stretch lies flat, first node to the left, and scales it.
fn turn(points: &mut [Point]) {
    let Some(first) = points.first().copied() else {
        return;
    };
    let mut longest = (0.0, 1.0, 0.0);
    for (at, a) in points.iter().enumerate() {
        for b in &points[at + 1..] {
            let (dx, dy) = (b.x - a.x, b.y - a.y);
            let length = dx.hypot(dy);
            // A little more, so that rounding does not choose between equals.
            if length > longest.0 + 1e-6 {
                longest = (length, dx / length, dy / length);
            }
        }
    }
    let (_, cos, sin) = longest;
    #[expect(clippy::cast_precision_loss, reason = "a few hundred nodes")]
    let count = points.len() as f64;
    let along = |point: &Point| point.x * cos + point.y * sin;
    let middle = points.iter().map(along).sum::<f64>() / count;
    let flip = if along(&first) > middle + 1e-6 {
        -1.0
    } else {
        1.0
    };
    for point in points {
        let (x, y) = (along(point), point.y * cos - point.x * sin);
        *point = Point {
            x: x * flip * STEP,
            y: y * flip * STEP,
        };
    }
}

/// Moves overlapping boxes apart, each pair by half of what is lacking, along the shorter way.
fn push_apart(points: &mut [Point], sizes: &[Size]) {
    for _ in 0..ROUNDS {
        let mut moved = false;
        for a in 0..points.len() {
            for b in a + 1..points.len() {
                let (dx, dy) = (points[b].x - points[a].x, points[b].y - points[a].y);
                let wide = (sizes[a].width + sizes[b].width) / 2.0 + GAP - dx.abs();
                let high = (sizes[a].height + sizes[b].height) / 2.0 + GAP - dy.abs();
                if wide <= 0.01 || high <= 0.01 {
                    continue;
                }
                moved = true;
                if wide < high {
                    let by = wide / 2.0 * if dx < 0.0 { -1.0 } else { 1.0 };
                    points[a].x -= by;
                    points[b].x += by;
                } else {
                    let by = high / 2.0 * if dy < 0.0 { -1.0 } else { 1.0 };
                    points[a].y -= by;
                    points[b].y += by;
                }
            }
        }
        if !moved {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOX: Size = Size {
        width: 80.0,
        height: 40.0,
    };

    fn overlap(a: (Point, Size), b: (Point, Size)) -> bool {
        let wide = (a.1.width + b.1.width) / 2.0 - (a.0.x - b.0.x).abs();
        let high = (a.1.height + b.1.height) / 2.0 - (a.0.y - b.0.y).abs();
        wide > 0.0 && high > 0.0
    }

    #[test]
    fn a_chain_lies_flat_from_left_to_right() {
        let edges: Vec<(usize, usize)> = (0..5).map(|n| (n, n + 1)).collect();
        let points = layout(&[BOX; 6], &edges);
        for pair in points.windows(2) {
            assert!(pair[0].x < pair[1].x, "{points:?}");
            assert!((pair[0].y - pair[1].y).abs() < STEP / 3.0, "{points:?}");
        }
    }

    #[test]
    fn nothing_and_one_have_a_place() {
        assert!(layout(&[], &[]).is_empty());
        assert_eq!(layout(&[BOX], &[]).len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn every_box_has_a_place_of_its_own_and_the_same_each_time(
            count in 1_usize..30,
            seeds in prop::collection::vec((0_usize..30, 0_usize..30), 0..60),
        ) {
            let edges: Vec<(usize, usize)> = seeds
                .into_iter()
                .map(|(a, b)| (a % count, b % count))
                .filter(|(a, b)| a != b)
                .collect();
            let sizes = vec![BOX; count];
            let points = layout(&sizes, &edges);
            prop_assert_eq!(points.len(), count);
            prop_assert!(points.iter().all(|p| p.x.is_finite() && p.y.is_finite()));
            for a in 0..count {
                for b in a + 1..count {
                    prop_assert!(!overlap((points[a], BOX), (points[b], BOX)), "{} {}", a, b);
                }
            }
            prop_assert_eq!(layout(&sizes, &edges), points);
        }
    }
}
