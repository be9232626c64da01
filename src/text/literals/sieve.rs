//! The first look at every sample of the text: one byte of one small table says that most of them start nothing, and
//! in which classes of patterns the others have to be looked up.

use super::plan::MANY;
use super::window::Window;

/// Samples that are looked at together.
pub(super) const GROUP: usize = 8;

/// Share of places from which on noting every sample without a branch is faster than asking group by group.
const DENSE: f32 = 0.012;

/// One byte for each hash of a few bytes, with a bit for every class of patterns that has them. Two sizes, so that the compiler knows them and
/// checks no bounds: one for the first cache and one for the second.
#[derive(Debug)]
pub(super) struct Sieve {
    table: Table,
    /// Share of the places in a text that are expected to pass.
    passing: f32,
}

/// A sample that passed: the classes to look it up in, and its place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed(u32);

impl Passed {
    #[inline(always)]
    const fn new(at: usize, classes: u8) -> Self {
        Self((at as u32) << u8::BITS | classes as u32)
    }

    #[inline(always)]
    pub(super) const fn at(self) -> usize {
        (self.0 >> u8::BITS) as usize
    }

    #[inline(always)]
    pub(super) const fn is_in(self, class: u8) -> bool {
        self.0 >> class & 1 != 0
    }
}

#[derive(Debug)]
enum Table {
    Small(Box<[u8; 1 << 14]>),
    Large(Box<[u8; 1 << 17]>),
    Huge(Box<[u8; 1 << 19]>),
}

impl Sieve {
    /// An empty one for so many windows.
    pub(super) fn for_windows(windows: usize) -> Self {
        let table = if windows < 1_000 {
            Table::Small(zeros())
        } else if windows <= MANY {
            Table::Large(zeros())
        } else {
            Table::Huge(zeros())
        };
        Self { table, passing: 0.0 }
    }

    /// Bytes of the table, which is also how many different places there are.
    pub(super) fn len(&self) -> usize {
        self.slots().len()
    }

    fn slots(&self) -> &[u8] {
        match &self.table {
            Table::Small(table) => &table[..],
            Table::Large(table) => &table[..],
            Table::Huge(table) => &table[..],
        }
    }

    fn slots_mut(&mut self) -> &mut [u8] {
        match &mut self.table {
            Table::Small(table) => &mut table[..],
            Table::Large(table) => &mut table[..],
            Table::Huge(table) => &mut table[..],
        }
    }

    /// Where in the table a window with this hash is.
    pub(super) fn slot(&self, hash: u64) -> usize {
        (hash >> (u64::BITS - self.len().trailing_zeros())) as usize
    }

    /// The classes that have what is at `slot`.
    pub(super) fn classes_at(&self, slot: usize) -> u8 {
        self.slots()[slot]
    }

    /// Lets through to `class` what is at `slot`, which is expected at this share of the places in a text.
    pub(super) fn open(&mut self, slot: usize, class: u8, share: f32) {
        if self.classes_at(slot) == 0 {
            self.passing += share;
        }
        self.slots_mut()[slot] |= 1 << class;
    }

    /// Notes in `passed` where in `bytes` samples pass, and returns how many did.
    ///
    /// Looks at whole groups only: see [`Window::group_span`]. `passed` has room for all samples.
    pub(super) fn sift(&self, window: &Window, bytes: &[u8], passed: &mut [Passed]) -> usize {
        match (&self.table, self.passing > DENSE) {
            (Table::Small(table), false) => by_stride::<_, false>(table, window, bytes, passed),
            (Table::Small(table), true) => by_stride::<_, true>(table, window, bytes, passed),
            (Table::Large(table), false) => by_stride::<_, false>(table, window, bytes, passed),
            (Table::Large(table), true) => by_stride::<_, true>(table, window, bytes, passed),
            (Table::Huge(table), _) => by_stride::<_, true>(table, window, bytes, passed),
        }
    }
}

fn zeros<const N: usize>() -> Box<[u8; N]> {
    match vec![0; N].into_boxed_slice().try_into() {
        Ok(table) => table,
        Err(_) => unreachable!("the slice has the length of the array"),
    }
}

fn by_stride<const N: usize, const IS_DENSE: bool>(
    table: &[u8; N],
    window: &Window,
    bytes: &[u8],
    passed: &mut [Passed],
) -> usize {
    match window.stride {
        1 => sift::<N, IS_DENSE, 1>(table, window, bytes, passed),
        2 => sift::<N, IS_DENSE, 2>(table, window, bytes, passed),
        4 => sift::<N, IS_DENSE, 4>(table, window, bytes, passed),
        _ => sift::<N, IS_DENSE, 8>(table, window, bytes, passed),
    }
}

/// No branch a sample, since one that is hard to predict costs more than the look itself.
fn sift<const N: usize, const IS_DENSE: bool, const STRIDE: usize>(
    table: &[u8; N],
    window: &Window,
    bytes: &[u8],
    passed: &mut [Passed],
) -> usize {
    let shift = u64::BITS - N.trailing_zeros();
    let (window, mut noted, mut at) = (*window, 0, 0);
    while let Some(samples) = bytes.get(at..at + GROUP * STRIDE + Window::MAX_WIDTH) {
        let mut hits = [0; GROUP];
        for (sample, hit) in hits.iter_mut().enumerate() {
            *hit = table[(window.hash_as::<false>(samples, sample * STRIDE) >> shift) as usize];
        }
        if (IS_DENSE || u64::from_le_bytes(hits) != 0)
            && let Some(room) = passed.get_mut(noted..noted + GROUP)
        {
            let mut count = 0;
            for (sample, hit) in hits.iter().enumerate() {
                room[count % GROUP] = Passed::new(at + sample * STRIDE, *hit);
                count += usize::from(*hit != 0);
            }
            noted += count;
        }
        at += GROUP * STRIDE;
    }
    noted
}
