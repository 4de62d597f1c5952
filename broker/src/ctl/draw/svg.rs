//! A scene as SVG 1.1: shapes and text, nothing that runs.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::layout::{Point, Size, layout};
use super::scene::{Domain, Role, Scene};

/// Okabe and Ito's colours, those that are dark enough for white paper.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#56b4e9", "#e69f00",
];

/// Patterns of lines. Their number and that of the colours have no common divisor, so that pairs of both
/// repeat late.
const DASHES: [&str; 4] = ["none", "10 4", "3 3", "12 4 3 4"];

const MARGIN: f64 = 40.0;
const FONT: f64 = 14.0;
/// A generous width of a letter, since fonts differ.
const LETTER: f64 = 8.6;
const LINE: f64 = 18.0;
/// Between paths that go side by side.
const LANE: f64 = 9.0;
const LEGEND_WIDTH: f64 = 620.0;

/// Text that stands in XML as itself, whatever it holds. What XML cannot hold at all becomes U+FFFD.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\t' | '\n' | '\r' => f.write_char(' ')?,
                '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                    f.write_char('\u{fffd}')?;
                }
                // Would turn the reading direction of what follows.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

fn size(domain: &Domain) -> Size {
    let widest = domain
        .nodes
        .iter()
        .map(String::as_str)
        .chain([domain.label().as_str()])
        .map(|text| text.chars().count())
        .max()
        .unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a few lines of a few letters")]
    let (widest, lines) = (widest as f64, domain.nodes.len() as f64);
    Size {
        width: (widest * LETTER + 24.0).max(64.0),
        height: 34.0 + lines * LINE,
    }
}

/// The whole document.
pub(super) fn write(scene: &Scene) -> String {
    let sizes: Vec<Size> = scene.domains.iter().map(size).collect();
    let mut points = layout(&sizes, &scene.edges);
    let (width, height) = settle(&mut points, &sizes);
    let drawing = Drawing {
        scene,
        sizes,
        points,
        // Below the title.
        width: width.max(LEGEND_WIDTH),
        height,
    };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = drawing.write(&mut text);
    text
}

/// Moves the drawing to where it begins; says how large it is.
fn settle(points: &mut [Point], sizes: &[Size]) -> (f64, f64) {
    let mut low = Point {
        x: f64::INFINITY,
        y: f64::INFINITY,
    };
    let mut high = Point::default();
    for (point, size) in points.iter().zip(sizes) {
        low.x = low.x.min(point.x - size.width / 2.0);
        low.y = low.y.min(point.y - size.height / 2.0);
    }
    for (point, size) in points.iter_mut().zip(sizes) {
        point.x += MARGIN - low.x;
        point.y += MARGIN + LINE * 2.0 - low.y;
        high.x = high.x.max(point.x + size.width / 2.0);
        high.y = high.y.max(point.y + size.height / 2.0);
    }
    (high.x + MARGIN, high.y + MARGIN)
}

struct Drawing<'a> {
    scene: &'a Scene,
    sizes: Vec<Size>,
    points: Vec<Point>,
    width: f64,
    height: f64,
}

/// A part of a path, from box to box.
struct Hop {
    /// Which path.
    path: usize,
    from: Point,
    to: Point,
    /// Where its number stands.
    number: Point,
}

/// The look of the path at this place in the list.
fn look(at: usize) -> (&'static str, &'static str) {
    (COLOURS[at % COLOURS.len()], DASHES[at % DASHES.len()])
}

impl Drawing<'_> {
    fn write(&self, out: &mut String) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "some tens of lines")]
        let lines = (self.scene.paths.len() + self.scene.notes.len()) as f64;
        let height = self.height + lines * LINE * 1.3 + MARGIN / 2.0;
        let (width, title) = (self.width, Escaped(&self.scene.title));
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img" font-family="Helvetica, Arial, sans-serif" font-size="{FONT}">"#
        )?;
        writeln!(out, "<title>{title}</title>")?;
        writeln!(
            out,
            r##"<rect width="100%" height="100%" fill="#ffffff"/>"##
        )?;
        self.markers(out)?;
        writeln!(
            out,
            r#"<text x="{MARGIN}" y="{MARGIN}" font-size="18" font-weight="bold">{title}</text>"#
        )?;
        self.edges(out)?;
        self.paths(out)?;
        for at in 0..self.scene.domains.len() {
            self.domain(out, at)?;
        }
        self.numbers(out)?;
        self.legend(out)?;
        writeln!(out, "</svg>")
    }

    /// An arrow's head in each colour.
    fn markers(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "<defs>")?;
        for (at, colour) in COLOURS.iter().enumerate().take(self.scene.paths.len()) {
            writeln!(
                out,
                r#"<marker id="a{at}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>"#
            )?;
        }
        writeln!(out, "</defs>")
    }

    fn edges(&self, out: &mut String) -> fmt::Result {
        writeln!(out, r##"<g stroke="#b0b0b0" stroke-width="1.5">"##)?;
        for (a, b) in &self.scene.edges {
            let (a, b) = (self.points[*a], self.points[*b]);
            writeln!(
                out,
                r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}"/>"#,
                a.x, a.y, b.x, b.y
            )?;
        }
        writeln!(out, "</g>")
    }

    /// Every hop of every path.
    fn hops(&self) -> Vec<Hop> {
        let mut lanes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let pairs = |domains: &[usize]| -> Vec<(usize, usize)> {
            domains.windows(2).map(|pair| (pair[0], pair[1])).collect()
        };
        let key = |(a, b): (usize, usize)| (a.min(b), a.max(b));
        for path in &self.scene.paths {
            for hop in pairs(&path.domains) {
                *lanes.entry(key(hop)).or_default() += 1;
            }
        }
        let mut taken: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let mut hops = Vec::new();
        for (at, path) in self.scene.paths.iter().enumerate() {
            for hop in pairs(&path.domains) {
                let of = lanes.get(&key(hop)).copied().unwrap_or(1);
                let lane = taken.entry(key(hop)).or_default();
                #[expect(clippy::cast_precision_loss, reason = "some tens of paths")]
                let place = *lane as f64 - (of - 1) as f64 / 2.0;
                *lane += 1;
                let (from, to) = self.side_by_side(hop, place * LANE);
                // Of lanes side by side one after the other, seen from the same end.
                let shift = (place * 0.17).clamp(-0.34, 0.34);
                let part = if hop.0 < hop.1 {
                    0.46 + shift
                } else {
                    0.54 - shift
                };
                hops.push(Hop {
                    path: at,
                    from,
                    to,
                    number: Point {
                        x: from.x + (to.x - from.x) * part,
                        y: from.y + (to.y - from.y) * part,
                    },
                });
            }
        }
        hops
    }

    /// A hop from box to box, moved to its lane. Lanes lie the same way for both directions.
    fn side_by_side(&self, (from, to): (usize, usize), offset: f64) -> (Point, Point) {
        let (low, high) = (self.points[from.min(to)], self.points[from.max(to)]);
        let length = (high.x - low.x).hypot(high.y - low.y).max(1e-9);
        let (nx, ny) = ((low.y - high.y) / length, (high.x - low.x) / length);
        // In the boxes, lanes must not leave them.
        let place = |node: usize| {
            let size = self.sizes[node];
            let room = (size.height.min(size.width) / 2.0 - 4.0).max(0.0);
            let offset = offset.clamp(-room, room);
            Point {
                x: self.points[node].x + nx * offset,
                y: self.points[node].y + ny * offset,
            }
        };
        let (start, end) = (place(from), place(to));
        (
            self.at_border(from, start, end),
            self.at_border(to, end, start),
        )
    }

    /// Where the way from a point in a box towards another point leaves the box.
    fn at_border(&self, node: usize, inside: Point, towards: Point) -> Point {
        let (middle, size) = (self.points[node], self.sizes[node]);
        let (dx, dy) = (towards.x - inside.x, towards.y - inside.y);
        let part = |middle: f64, half: f64, at: f64, by: f64| {
            if by > 1e-9 {
                (middle + half - at) / by
            } else if by < -1e-9 {
                (middle - half - at) / by
            } else {
                f64::INFINITY
            }
        };
        let wide = part(middle.x, size.width / 2.0, inside.x, dx);
        let high = part(middle.y, size.height / 2.0, inside.y, dy);
        let part = wide.min(high).clamp(0.0, 1.0);
        Point {
            x: inside.x + dx * part,
            y: inside.y + dy * part,
        }
    }

    fn paths(&self, out: &mut String) -> fmt::Result {
        writeln!(out, r#"<g stroke-width="2.6" fill="none">"#)?;
        for Hop { path, from, to, .. } in self.hops() {
            let (colour, dash) = look(path);
            let marker = path % COLOURS.len();
            writeln!(
                out,
                r##"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{colour}" stroke-dasharray="{dash}" marker-end="url(#a{marker})"/>"##,
                from.x, from.y, to.x, to.y
            )?;
        }
        writeln!(out, "</g>")
    }

    /// The number of each path on each of its hops.
    fn numbers(&self, out: &mut String) -> fmt::Result {
        writeln!(out, r#"<g font-size="11" text-anchor="middle">"#)?;
        for hop in self.hops() {
            let (colour, _) = look(hop.path);
            let Point { x, y } = hop.number;
            let number = self.scene.paths[hop.path].number;
            writeln!(
                out,
                r##"<circle cx="{x:.1}" cy="{y:.1}" r="8.5" fill="#ffffff" stroke="{colour}" stroke-width="1.6"/><text x="{x:.1}" y="{:.1}">{number}</text>"##,
                y + 4.0
            )?;
        }
        writeln!(out, "</g>")
    }

    fn domain(&self, out: &mut String, at: usize) -> fmt::Result {
        let (domain, middle, size) = (&self.scene.domains[at], self.points[at], self.sizes[at]);
        let (left, top) = (middle.x - size.width / 2.0, middle.y - size.height / 2.0);
        let (fill, stroke, extra) = match domain.role {
            Role::Host => ("#fff3c4", "#000000", r#" stroke-width="3""#),
            Role::Transit => ("#ffffff", "#000000", r#" stroke-width="1.5""#),
            Role::Plain => ("#ffffff", "#000000", r#" stroke-width="1.2""#),
            Role::Other => (
                "#f4f4f4",
                "#909090",
                r#" stroke-width="1" stroke-dasharray="4 3""#,
            ),
        };
        writeln!(
            out,
            r#"<g><title>{}</title><rect x="{left:.1}" y="{top:.1}" width="{:.1}" height="{:.1}" rx="9" fill="{fill}" stroke="{stroke}"{extra}/>"#,
            Escaped(&domain.name),
            size.width,
            size.height
        )?;
        let weight = if domain.role == Role::Host {
            "bold"
        } else {
            "normal"
        };
        writeln!(
            out,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="middle" font-weight="{weight}">{}</text>"#,
            middle.x,
            top + 22.0,
            Escaped(&domain.label())
        )?;
        let mut y = top + 22.0;
        for node in &domain.nodes {
            y += LINE;
            writeln!(
                out,
                r#"<text x="{:.1}" y="{y:.1}" text-anchor="middle">{}</text>"#,
                middle.x,
                Escaped(node)
            )?;
        }
        if domain.more > 0 {
            writeln!(
                out,
                r##"<text x="{:.1}" y="{:.1}" font-size="11" fill="#606060">+{}</text>"##,
                left + size.width + 3.0,
                top + 9.0,
                domain.more
            )?;
        }
        writeln!(out, "</g>")
    }

    fn legend(&self, out: &mut String) -> fmt::Result {
        let mut y = self.height + LINE * 0.5;
        writeln!(out, r#"<g font-size="12">"#)?;
        for (at, path) in self.scene.paths.iter().enumerate() {
            let (colour, dash) = look(at);
            let right = MARGIN + 46.0;
            writeln!(
                out,
                r#"<line x1="{MARGIN}" y1="{y:.1}" x2="{right}" y2="{y:.1}" stroke="{colour}" stroke-width="2.6" stroke-dasharray="{dash}"/><text x="{}" y="{:.1}">{}. {}</text>"#,
                right + 8.0,
                y + 4.0,
                path.number,
                Escaped(&path.text)
            )?;
            y += LINE * 1.3;
        }
        for note in &self.scene.notes {
            writeln!(
                out,
                r#"<text x="{MARGIN}" y="{:.1}" font-style="italic">{}</text>"#,
                y + 4.0,
                Escaped(note)
            )?;
            y += LINE * 1.3;
        }
        writeln!(out, "</g>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup() {
        let hostile = "<script>alert('x')</script> & \"y\" \u{0}\u{7}\u{202e}\u{ffff}";
        let text = Escaped(hostile).to_string();
        assert!(!text.contains([
            '<', '>', '"', '\'', '\u{0}', '\u{7}', '\u{202e}', '\u{ffff}'
        ]));
        let document = format!("<a b=\"{text}\">{text}</a>");
        let document = roxmltree::Document::parse(&document).unwrap();
        assert!(
            document
                .root_element()
                .text()
                .unwrap()
                .starts_with("<script>alert('x')")
        );
    }
}
