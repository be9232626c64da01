//! Widths of the fonts that every reader has, of which files need not say any (ISO 32000-1 §9.6.2.2).
//!
//! Source: Adobe's "Font Metrics for PDF Core 14 Fonts". Bold and slanted letters differ by less than matters here.

use std::collections::BTreeMap;

/// The first code of the tables; they go on to `~`.
const FIRST: u32 = 32;

/// Of all characters of Courier.
const COURIER: f64 = 0.6;

/// Thousandths of an em of the characters of Helvetica, which Arial has, too.
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// The same of Times.
const TIMES: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
    500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889,
    722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500, 333, 444, 500, 444, 500,
    444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480,
    200, 480, 541,
];

/// The widths in em of the characters of the font called `name`, as ranges of codes: the last and the width, by the
/// first. And the width of all others, if that is the same.
pub(super) fn of_font(name: &str) -> (BTreeMap<u32, (u32, f64)>, Option<f64>) {
    let table = match name {
        name if name.contains("Courier") => return (BTreeMap::new(), Some(COURIER)),
        name if name.contains("Helvetica") || name.contains("Arial") => &HELVETICA,
        name if name.contains("Times") => &TIMES,
        _ => return (BTreeMap::new(), None),
    };
    let widths = (FIRST..).zip(table).map(|(code, width)| (code, (code, f64::from(*width) / 1000.0)));
    (widths.collect(), None)
}
