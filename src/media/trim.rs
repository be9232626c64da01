//! What is left of a picture without borders of one colour: letterboxes, frames, the paper around a scan.
//!
//! A border moves everything in the picture, and no hash survives that: PDQ finds one in six pictures with a frame of 2
//! %, and none with one of 5 %. Hashing what is inside a second time finds them all; `docs/robustness.md` has the
//! figures.

/// How far a pixel of a border may be from its colour: flat blocks of a JPEG are as flat as that at any quality. More
/// takes dark edges of the picture for a part of a black border.
const TOLERANCE: u8 = 2;

/// The pixels in a hundred of a line of a border that have its colour. The others leave room for a caption, and for
/// what JPEG makes of the blocks that the border shares with the picture.
const SHARE: usize = 60;

/// A border narrower than so many hundredths of its side moves too little to matter.
const NARROWEST: usize = 1;

/// At most so many hundredths of a side are taken away at either end.
const WIDEST: usize = 40;

/// A part of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Columns to its left.
    pub left: usize,
    /// Rows above it.
    pub top: usize,
    /// Its columns, at least one.
    pub width: usize,
    /// Its rows, at least one.
    pub height: usize,
}

impl Rect {
    /// The pixels of the part, of a plane whose rows have `stride` of them.
    pub fn cut_from<P: Copy>(&self, plane: &[P], stride: usize) -> Vec<P> {
        let rows = plane.chunks_exact(stride).skip(self.top).take(self.height);
        rows.flat_map(|row| &row[self.left..self.left + self.width]).copied().collect()
    }
}

/// What a luma plane of `width × height` bytes has inside its uniform borders; `None` when it has none.
///
/// A border is made of rows at the top or the bottom, then of columns at the left or the right of what those leave, of
/// which 60 % of the pixels have the colour of the first, middle or last pixel of the outermost one. One that is
/// narrower than 1 % of its side does not count by itself; no more than 40 % is taken away at either end, so that
/// something is always left.
/// Goes through little more than the borders.
pub fn without_borders(luma: &[u8], width: usize, height: usize) -> Option<Rect> {
    if luma.is_empty() || luma.len() != width * height {
        return None;
    }
    let row = |y: usize| luma[y * width..][..width].iter().copied();
    let (top, bottom) = borders(height, row);
    let inside = &luma[top * width..(height - bottom) * width];
    let column = |x: usize| inside[x..].iter().step_by(width).copied();
    let (left, right) = borders(width, column);
    let counts = |border: usize, side: usize| border > 0 && border * 100 >= side * NARROWEST;
    let has_borders = counts(top.max(bottom), height) || counts(left.max(right), width);
    has_borders.then(|| Rect { left, top, width: width - left - right, height: height - top - bottom })
}

/// How many of the `count` lines belong to a border at the first and at the last of them.
fn borders<I: ExactSizeIterator<Item = u8>>(count: usize, line: impl Fn(usize) -> I) -> (usize, usize) {
    let widest = count * WIDEST / 100;
    (border(widest, &line), border(widest, |number| line(count - 1 - number)))
}

/// How many of the first `widest` lines have one colour: that of the first, the middle or the last pixel, since what
/// made the border may have spoilt any of them.
fn border<I: ExactSizeIterator<Item = u8>>(widest: usize, line: impl Fn(usize) -> I) -> usize {
    if widest == 0 {
        return 0;
    }
    let length = line(0).len();
    let colours = [0, length / 2, length.saturating_sub(1)].map(|place| line(0).nth(place));
    let Some(colour) = colours.into_iter().flatten().find(|colour| has_colour(line(0), *colour)) else { return 0 };
    (0..widest).take_while(|number| has_colour(line(*number), colour)).count()
}

/// Whether enough pixels have `colour`. Stops at the first other one too many.
fn has_colour(line: impl ExactSizeIterator<Item = u8>, colour: u8) -> bool {
    let others = line.len() * (100 - SHARE) / 100;
    line.filter(|pixel| pixel.abs_diff(colour) > TOLERANCE).nth(others).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 200;
    const HEIGHT: usize = 100;

    /// Something uneven, inside `rect` of a plane of `colour`.
    fn framed(rect: Rect, colour: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        let pixel = |x: usize, y: usize| {
            let is_inside =
                (rect.left..rect.left + rect.width).contains(&x) && (rect.top..rect.top + rect.height).contains(&y);
            if is_inside { (60 + (x * 37 + y * 91) % 120) as u8 } else { colour(x, y) }
        };
        (0..WIDTH * HEIGHT).map(|at| pixel(at % WIDTH, at / WIDTH)).collect()
    }

    fn found(plane: &[u8]) -> Option<Rect> {
        without_borders(plane, WIDTH, HEIGHT)
    }

    #[test]
    fn what_is_inside_borders_of_any_kind_is_found() {
        let rect = |left, top, width, height| Rect { left, top, width, height };
        for (what, inside, colour) in [
            ("a letterbox", rect(0, 10, 200, 80), 0),
            ("a pillarbox", rect(40, 0, 120, 100), 0),
            ("a frame", rect(8, 8, 184, 84), 255),
            ("a bar above", rect(0, 20, 200, 80), 255),
            ("a bar to the right", rect(0, 0, 150, 100), 20),
            ("the widest frame", rect(80, 40, 40, 20), 240),
        ] {
            assert_eq!(found(&framed(inside, |_, _| colour)), Some(inside), "{what}");
        }
    }

    #[test]
    fn a_border_may_be_a_little_uneven_and_have_a_caption() {
        let inside = Rect { left: 20, top: 10, width: 160, height: 80 };
        assert_eq!(found(&framed(inside, |x, y| 10 + ((x * 7 + y * 5) % 3) as u8)), Some(inside));
        let caption = |x: usize, y: usize| if (60..130).contains(&x) && (2..8).contains(&y) { 0 } else { 250 };
        assert_eq!(found(&framed(inside, caption)), Some(inside));
    }

    #[test]
    fn a_corner_may_be_spoilt() {
        let inside = Rect { left: 0, top: 0, width: 200, height: 85 };
        assert_eq!(found(&framed(inside, |x, _| if x < 8 { 34 } else { 128 })), Some(inside));
    }

    #[test]
    fn each_end_has_a_colour_of_its_own() {
        let inside = Rect { left: 0, top: 10, width: 200, height: 80 };
        assert_eq!(found(&framed(inside, |_, y| if y < 50 { 0 } else { 255 })), Some(inside));
    }

    #[test]
    fn a_picture_without_borders_is_left_alone() {
        let whole = Rect { left: 0, top: 0, width: WIDTH, height: HEIGHT };
        assert_eq!(found(&framed(whole, |_, _| 0)), None);
        let narrow = Rect { left: 1, top: 0, width: WIDTH - 2, height: HEIGHT };
        assert_eq!(found(&framed(narrow, |_, _| 0)), None, "too narrow");
    }

    #[test]
    fn something_is_left_of_everything() {
        let middle = Rect { left: 80, top: 40, width: 40, height: 20 };
        assert_eq!(found(&[7; WIDTH * HEIGHT]), Some(middle));
        for (width, height) in [(1, 1), (1, 9), (2, 3), (5, 1)] {
            let plane = vec![7; width * height];
            if let Some(rect) = without_borders(&plane, width, height) {
                assert!(rect.width >= 1 && rect.height >= 1, "{width}×{height}: {rect:?}");
                assert_eq!(rect.cut_from(&plane, width).len(), rect.width * rect.height);
            }
        }
        assert_eq!(without_borders(&[], 0, 0), None);
        assert_eq!(without_borders(&[1, 2, 3], 2, 2), None, "not a plane of that size");
    }

    #[test]
    fn a_part_is_cut_row_by_row() {
        let plane: Vec<u8> = (0..12).collect();
        assert_eq!(Rect { left: 1, top: 1, width: 2, height: 2 }.cut_from(&plane, 4), [5, 6, 9, 10]);
    }
}
