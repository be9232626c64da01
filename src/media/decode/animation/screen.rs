//! What frames are drawn on.

use crate::media::decode::pixels::Pixels;

/// The shorter side of a frame that may be a picture by itself.
const LEAST_SIDE: u32 = 64;

/// A part of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Area {
    /// The least area that has both in it.
    fn with(self, other: Self) -> Self {
        if self.width == 0 || self.height == 0 {
            return other;
        }
        if other.width == 0 || other.height == 0 {
            return self;
        }
        let (left, top) = (self.left.min(other.left), self.top.min(other.top));
        let right = (self.left + self.width).max(other.left + other.width);
        let bottom = (self.top + self.height).max(other.top + other.height);
        Self { left, top, width: right - left, height: bottom - top }
    }
}

/// What becomes of the area of a frame before the next one is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposal {
    Keep,
    Clear,
    /// It is as it was before.
    Restore,
}

/// Red, green, blue and alpha of each pixel, all transparent at first.
pub(super) struct Screen {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rgba: Vec<u8>,
    last: (Area, Disposal),
    /// What all frames so far lie in.
    drawn: Area,
    /// The last area as it was before, row by row.
    saved: Vec<u8>,
}

impl Screen {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let nowhere = Area { left: 0, top: 0, width: 0, height: 0 };
        let rgba = vec![0; width as usize * height as usize * 4];
        Self { width, height, rgba, last: (nowhere, Disposal::Keep), drawn: nowhere, saved: Vec::new() }
    }

    /// Ends the frame before and begins one in `area`, of which only what lies on the screen counts.
    pub(super) fn begin(&mut self, area: Area, disposal: Disposal) {
        let (last, what) = self.last;
        for row in 0..last.height {
            let from = (row * last.width) as usize * 4;
            let saved = std::mem::take(&mut self.saved);
            let line = self.line(last, row);
            match what {
                Disposal::Keep => {}
                Disposal::Clear => line.fill([0; 4]),
                Disposal::Restore => {
                    line.as_flattened_mut().copy_from_slice(&saved[from..from + last.width as usize * 4]);
                }
            }
            self.saved = saved;
        }
        let (left, top) = (area.left.min(self.width), area.top.min(self.height));
        let (width, height) = (area.width.min(self.width - left), area.height.min(self.height - top));
        let area = Area { left, top, width, height };
        self.last = (area, disposal);
        self.drawn = self.drawn.with(area);
        let mut saved = std::mem::take(&mut self.saved);
        saved.clear();
        if disposal == Disposal::Restore {
            (0..height).for_each(|row| saved.extend_from_slice(self.line(area, row).as_flattened()));
        }
        self.saved = saved;
    }

    /// Whether the last frame may be a picture by itself: it covers less than a quarter, or around it nothing was drawn
    /// yet, and it is no mere patch.
    pub(super) fn has_picture_apart(&self) -> bool {
        let Area { width, height, .. } = self.last.0;
        let (area, whole) = (u64::from(width) * u64::from(height), u64::from(self.width) * u64::from(self.height));
        let is_alone = self.drawn == self.last.0 && area < whole;
        width.min(height) >= LEAST_SIDE && (area * 4 < whole || is_alone)
    }

    /// The area of the last frame: its size, and its pixels.
    pub(super) fn last_area(&self) -> ((u32, u32), Vec<u8>) {
        let Area { left, top, width, height } = self.last.0;
        let rows = self.rgba.chunks_exact(self.width.max(1) as usize * 4).skip(top as usize).take(height as usize);
        let columns = left as usize * 4..(left + width) as usize * 4;
        ((width, height), rows.flat_map(|row| &row[columns.clone()]).copied().collect())
    }

    /// The pixels of row `row` of the frame that lie on the screen.
    pub(super) fn row(&mut self, row: u32) -> &mut [[u8; 4]] {
        let area = self.last.0;
        if row < area.height { self.line(area, row) } else { &mut [] }
    }

    /// Draws a frame of that size: in place of what is there, or over it.
    pub(super) fn draw(&mut self, pixels: &Pixels, (width, height): (u32, u32), is_over: bool) {
        for y in 0..height {
            let start = y as usize * width as usize;
            for (x, pixel) in self.row(y).iter_mut().enumerate() {
                let rgba = match pixels {
                    Pixels::Luma(luma) => [luma[start + x], luma[start + x], luma[start + x], 255],
                    Pixels::Rgb(picture) => {
                        let [red, green, blue] = picture.as_raw().as_chunks().0[start + x];
                        [red, green, blue, 255]
                    }
                    Pixels::Rgba(picture) => picture.as_raw().as_chunks().0[start + x],
                    // Decoders of frames give pixels.
                    Pixels::Means(_) => return,
                };
                *pixel = if is_over && rgba[3] < 255 { blended(*pixel, rgba) } else { rgba };
            }
        }
    }

    fn line(&mut self, area: Area, row: u32) -> &mut [[u8; 4]] {
        let start = (area.top + row) as usize * self.width as usize + area.left as usize;
        &mut self.rgba.as_chunks_mut::<4>().0[start..start + area.width as usize]
    }
}

/// `over`, which may be transparent, on `under`, which may be too.
fn blended(under: [u8; 4], over: [u8; 4]) -> [u8; 4] {
    let (of_over, rest) = (u32::from(over[3]), 255 - u32::from(over[3]));
    let of_under = u32::from(under[3]) * rest;
    let alpha = of_over * 255 + of_under;
    if alpha == 0 {
        return under;
    }
    let tone = |channel: usize| {
        let sum = u32::from(over[channel]) * of_over * 255 + u32::from(under[channel]) * of_under;
        ((sum + alpha / 2) / alpha) as u8
    };
    [tone(0), tone(1), tone(2), ((alpha + 127) / 255) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];

    fn fill(screen: &mut Screen, area: Area, disposal: Disposal, colour: [u8; 4]) -> Vec<[u8; 4]> {
        screen.begin(area, disposal);
        (0..area.height).for_each(|row| screen.row(row).fill(colour));
        screen.rgba.as_chunks::<4>().0.to_vec()
    }

    #[test]
    fn a_frame_is_kept_cleared_or_undone_before_the_next() {
        let part = |left, width| Area { left, top: 0, width, height: 1 };
        let mut screen = Screen::new(3, 1);
        assert_eq!(fill(&mut screen, part(0, 3), Disposal::Keep, RED), [RED, RED, RED]);
        assert_eq!(fill(&mut screen, part(1, 1), Disposal::Restore, BLUE), [RED, BLUE, RED]);
        assert_eq!(fill(&mut screen, part(2, 1), Disposal::Clear, BLUE), [RED, RED, BLUE]);
        assert_eq!(fill(&mut screen, part(0, 1), Disposal::Keep, BLUE), [BLUE, RED, [0; 4]]);
    }

    #[test]
    fn what_lies_outside_of_the_canvas_is_not_drawn() {
        let mut screen = Screen::new(2, 1);
        let area = Area { left: 1, top: 0, width: 9, height: 9 };
        assert_eq!(fill(&mut screen, area, Disposal::Restore, RED), [[0; 4], RED]);
        let outside = Area { left: u32::MAX, top: u32::MAX, ..area };
        assert_eq!(fill(&mut screen, outside, Disposal::Clear, RED), [[0; 4]; 2]);
    }

    #[test]
    fn colours_are_blended_as_far_as_they_are_transparent() {
        assert_eq!(blended(RED, BLUE), BLUE);
        assert_eq!(blended(RED, [1, 2, 3, 0]), RED);
        assert_eq!(blended(RED, [0, 0, 255, 128]), [127, 0, 128, 255]);
        assert_eq!(blended([0; 4], [0, 0, 255, 128]), [0, 0, 255, 128]);
        assert_eq!(blended([9, 9, 9, 0], [1, 2, 3, 0]), [9, 9, 9, 0]);
    }
}
