//! Renders pages of PDF through pdfium, within limits. Runs in the worker only.
//!
//! Pages that show nothing but letters of fonts are left out: pictures are looked for. Of the others those come first
//! where most of the page is covered, each as a whole and then what lies together on it, since a picture in the middle
//! of a page has another hash than the page.

mod ffi;
mod places;

use std::time::Duration;

use super::bounds::{UNSUPPORTED, check_size};
use super::drawn::Drawn;
use super::protocol::Pages;
use crate::content::DecodeLimits;
use crate::media::{DecodeError, PICTURES_A_PAGE};

pub(super) use ffi::Pdfium;

use ffi::{Closed, Page, Place, Unrendered};
use places::Layout;

/// Pixels of the longer side of a page: hashes look at fewer.
const SIDE: f32 = 768.0;

/// Pixels of the longer side of what lies on a page, where that is shown smaller than [`LEAST`].
const SIDE_OF_PLACE: f32 = 512.0;

/// Pixels of the longer side from which on a part of a page is taken from the page as it was rendered.
const LEAST: i32 = 320;

/// Longest side of a page of which a small part is rendered.
const LONGEST: f32 = 500_000.0;

/// Pages that are looked at before those to be rendered are chosen.
const MAX_SCANNED: usize = 512;

/// Things on all those pages: they are kept in memory.
const MAX_OBJECTS: usize = 1 << 18;

/// A page that is to be rendered.
struct Candidate<'d> {
    page: Page<'d>,
    size: (i32, i32),
    layout: Layout,
}

/// Processor time of this process, of which a file gets so much.
#[derive(Clone, Copy)]
struct Budget {
    start: Duration,
    work: Duration,
}

impl Budget {
    fn of(work: Duration) -> Self {
        Self { start: time_of_process(), work }
    }

    /// Whether so many quarters of it are used up. The proxy waits for all four, and no longer.
    fn is_used(&self, quarters: u32) -> bool {
        time_of_process().saturating_sub(self.start) >= self.work / 4 * quarters
    }
}

fn time_of_process() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Hands pictures of the pages of `file` to `sink`: of as many pages as [`DecodeLimits::max_frames`] has room for, and
/// in three quarters of the time that [`DecodeLimits::deadline`] gives. What became of them is noted in `pages`.
///
/// # Errors
/// It is no document that pdfium opens, or no page of it shows anything. What `sink` returns, at once.
pub(super) fn render<E: From<DecodeError>>(
    library: &Pdfium,
    file: &[u8],
    limits: &DecodeLimits,
    pages: &mut Pages,
    sink: &mut dyn FnMut(&Drawn) -> Result<(), E>,
) -> Result<(), E> {
    let budget = Budget::of(limits.deadline);
    let document = library.read(file).map_err(|closed| match closed {
        Closed::Locked => DecodeError::Unsupported(UNSUPPORTED),
        Closed::Broken => DecodeError::Broken("pdfium does not open it".into()),
    })?;
    let side = SIDE.min(limits.max_side as f32);
    let (mut candidates, mut objects, mut scanned) = (Vec::new(), 0, 0);
    let count = document.page_count();
    for index in 0..count.min(MAX_SCANNED) {
        if objects >= MAX_OBJECTS || budget.is_used(1) && scanned > 0 {
            break;
        }
        scanned += 1;
        let Some(page) = document.page(index) else { continue };
        objects += page.object_count();
        candidates.extend(Candidate::of(page, side));
    }
    candidates.sort_by(|one, other| other.layout.worth().total_cmp(&one.layout.worth()));
    let most = limits.max_frames / PICTURES_A_PAGE;
    let worth_it = candidates.len() + (count - scanned);
    // Each page is closed before the next one is rendered: what it keeps of its pictures is large.
    for candidate in candidates.into_iter().take(most) {
        if budget.is_used(if candidate.layout.is_plain() { 2 } else { 3 }) {
            continue;
        }
        match candidate.show(limits, &budget, sink)? {
            Ok(()) => pages.rendered += 1,
            Err(Unrendered::Late) => pages.late += 1,
            Err(Unrendered::Failed) => pages.failed += 1,
        }
    }
    let done = pages.rendered + pages.late + pages.failed;
    pages.left_out = u32::try_from(worth_it).unwrap_or(u32::MAX).saturating_sub(done);
    if pages.rendered == 0 {
        return Err(DecodeError::Broken("no page was rendered".into()).into());
    }
    Ok(())
}

impl<'d> Candidate<'d> {
    /// `page`, if there is anything to be seen on it.
    fn of(page: Page<'d>, side: f32) -> Option<Self> {
        let (width, height) = page.size();
        let size = scaled((width, height), side / width.max(height))?;
        let layout = Layout::of(page.objects(MAX_OBJECTS, size), size);
        layout.shows_something().then_some(Self { page, size, layout })
    }

    /// Hands out the page, and what lies on it.
    fn show<E>(
        &self,
        limits: &DecodeLimits,
        budget: &Budget,
        sink: &mut dyn FnMut(&Drawn) -> Result<(), E>,
    ) -> Result<Result<(), Unrendered>, E> {
        let is_late = || budget.is_used(3);
        let all = Place { left: 0, top: 0, right: self.size.0, bottom: self.size.1 };
        let whole = match self.render(all, self.size, limits, &is_late) {
            Ok(whole) => whole,
            Err(why) => return Ok(Err(why)),
        };
        sink(&whole)?;
        for place in self.layout.places(PICTURES_A_PAGE - 1) {
            let longer = (place.right - place.left).max(place.bottom - place.top);
            if longer >= LEAST {
                sink(&cut(&whole, place))?;
            } else if let Some(Ok(closer)) = self.closer(place, longer, limits, &is_late) {
                sink(&closer)?;
            }
        }
        Ok(Ok(()))
    }

    /// What is at `place`, larger than on the page as it is rendered otherwise.
    fn closer(
        &self,
        place: Place,
        longer: i32,
        limits: &DecodeLimits,
        is_late: &dyn Fn() -> bool,
    ) -> Option<Result<Drawn, Unrendered>> {
        let longest = self.size.0.max(self.size.1) as f32;
        let scale = (SIDE_OF_PLACE.min(limits.max_side as f32) / longer as f32).min(LONGEST / longest);
        let at = |edge: i32| (edge as f32 * scale) as i32;
        let window =
            Place { left: at(place.left), top: at(place.top), right: at(place.right), bottom: at(place.bottom) };
        let size = scaled((self.size.0 as f32, self.size.1 as f32), scale)?;
        Some(self.render(window, size, limits, is_late))
    }

    fn render(
        &self,
        window: Place,
        size: (i32, i32),
        limits: &DecodeLimits,
        is_late: &dyn Fn() -> bool,
    ) -> Result<Drawn, Unrendered> {
        let side = |from: i32, to: i32| u32::try_from(to - from).unwrap_or(0);
        let (width, height) = (side(window.left, window.right), side(window.top, window.bottom));
        check_size(width, height, limits).map_err(|_| Unrendered::Failed)?;
        let rgba = self.page.render(window, size, is_late)?;
        Ok(Drawn { size: (width, height), rgba })
    }
}

/// Pixels of both sides; `None` where there is no such size.
fn scaled((width, height): (f32, f32), scale: f32) -> Option<(i32, i32)> {
    let is_size = width > 0.0 && height > 0.0 && scale.is_finite() && scale > 0.0;
    let pixels = |length: f32| (length * scale).round().clamp(1.0, LONGEST) as i32;
    is_size.then(|| (pixels(width), pixels(height)))
}

/// The part of `whole` at `place`, which is in it.
fn cut(whole: &Drawn, place: Place) -> Drawn {
    let at = |edge: i32| usize::try_from(edge).unwrap_or(0);
    let rows = whole.rows().skip(at(place.top)).take(at(place.bottom - place.top));
    let rgba = rows.flat_map(|row| &row[at(place.left) * 4..at(place.right) * 4]).copied().collect();
    let side = |from: i32, to: i32| u32::try_from(to - from).unwrap_or(0);
    Drawn { size: (side(place.left, place.right), side(place.top, place.bottom)), rgba }
}
