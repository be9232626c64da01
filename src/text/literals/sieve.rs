//! The first look at every sample of the text: one byte of one small table says that most of them start nothing, and
//! in which classes of patterns the others have to be looked up.

use super::plan::MANY;
use super::window::Window;

/// Samples that are looked at together.
pub(super) const GROUP: usize = 8;

/// Share of places from which on noting every sample without a branch is faster than asking group by group.
const DENSE: f32 = 0.012;

/// What is known of each hash of a few bytes: which classes of patterns have them, or, where there are very many, only that
/// some do. The sizes are known to the compiler, which checks no bounds then: one for the first cache, others for the second.
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
    Bits(Box<[u64; 1 << 16]>),
}

/// The places of a table.
trait Slots {
    /// How many there are, as an exponent of two.
    const EXPONENT: u32;

    /// A bit for each class that may have what is at `slot`.
    fn classes_at(&self, slot: usize) -> u8;

    fn open(&mut self, slot: usize, class: u8);
}

/// A byte for each place.
impl<const N: usize> Slots for [u8; N] {
    const EXPONENT: u32 = N.trailing_zeros();

    #[inline(always)]
    fn classes_at(&self, slot: usize) -> u8 {
        self[slot]
    }

    fn open(&mut self, slot: usize, class: u8) {
        self[slot] |= 1 << class;
    }
}

/// A bit for each place: eight times as many, of which any class may have what is there.
impl<const N: usize> Slots for [u64; N] {
    const EXPONENT: u32 = N.trailing_zeros() + u64::BITS.trailing_zeros();

    #[inline(always)]
    fn classes_at(&self, slot: usize) -> u8 {
        ((self[slot / u64::BITS as usize] >> (slot % u64::BITS as usize)) as u8 & 1).wrapping_neg()
    }

    fn open(&mut self, slot: usize, _class: u8) {
        self[slot / u64::BITS as usize] |= 1 << (slot % u64::BITS as usize);
    }
}

impl Sieve {
    /// An empty one for so many windows.
    pub(super) fn for_windows(windows: usize) -> Self {
        let table = if windows < 1_000 {
            Table::Small(zeros())
        } else if windows <= MANY {
            Table::Large(zeros())
        } else {
            Table::Bits(zeros())
        };
        Self { table, passing: 0.0 }
    }

    /// Bytes of the table.
    pub(super) fn bytes(&self) -> usize {
        match &self.table {
            Table::Small(table) => size_of_val(&**table),
            Table::Large(table) => size_of_val(&**table),
            Table::Bits(table) => size_of_val(&**table),
        }
    }

    /// How many different places there are in the table.
    pub(super) fn slots(&self) -> usize {
        1 << self.exponent()
    }

    const fn exponent(&self) -> u32 {
        match &self.table {
            Table::Small(_) => <[u8; 1 << 14]>::EXPONENT,
            Table::Large(_) => <[u8; 1 << 17]>::EXPONENT,
            Table::Bits(_) => <[u64; 1 << 16]>::EXPONENT,
        }
    }

    /// Where in the table a window with this hash is.
    pub(super) fn slot(&self, hash: u64) -> usize {
        (hash >> (u64::BITS - self.exponent())) as usize
    }

    /// The classes that may have what is at `slot`.
    pub(super) fn classes_at(&self, slot: usize) -> u8 {
        match &self.table {
            Table::Small(table) => table.classes_at(slot),
            Table::Large(table) => table.classes_at(slot),
            Table::Bits(table) => table.classes_at(slot),
        }
    }

    /// Lets through to `class` what is at `slot`, which is expected at this share of the places in a text.
    pub(super) fn open(&mut self, slot: usize, class: u8, share: f32) {
        if self.classes_at(slot) == 0 {
            self.passing += share;
        }
        match &mut self.table {
            Table::Small(table) => table.open(slot, class),
            Table::Large(table) => table.open(slot, class),
            Table::Bits(table) => table.open(slot, class),
        }
    }

    /// Notes in `passed` where in `bytes` samples pass, and returns how many did.
    ///
    /// Looks at whole groups only: see [`Window::group_span`]. `passed` has room for all samples.
    pub(super) fn sift(&self, window: &Window, bytes: &[u8], passed: &mut [Passed]) -> usize {
        match (&self.table, self.passing > DENSE) {
            (Table::Small(table), false) => by_stride::<_, false>(&**table, window, bytes, passed),
            (Table::Small(table), true) => by_stride::<_, true>(&**table, window, bytes, passed),
            (Table::Large(table), false) => by_stride::<_, false>(&**table, window, bytes, passed),
            (Table::Large(table), true) => by_stride::<_, true>(&**table, window, bytes, passed),
            (Table::Bits(table), _) => by_stride::<_, true>(&**table, window, bytes, passed),
        }
    }
}

fn zeros<T: Clone + Default, const N: usize>() -> Box<[T; N]> {
    match vec![T::default(); N].into_boxed_slice().try_into() {
        Ok(table) => table,
        Err(_) => unreachable!("the slice has the length of the array"),
    }
}

fn by_stride<T: Slots, const IS_DENSE: bool>(table: &T, window: &Window, bytes: &[u8], passed: &mut [Passed]) -> usize {
    match window.stride {
        1 => sift::<T, IS_DENSE, 1>(table, window, bytes, passed),
        2 => sift::<T, IS_DENSE, 2>(table, window, bytes, passed),
        4 => sift::<T, IS_DENSE, 4>(table, window, bytes, passed),
        _ => sift::<T, IS_DENSE, 8>(table, window, bytes, passed),
    }
}

/// No branch a sample, since one that is hard to predict costs more than the look itself.
fn sift<T: Slots, const IS_DENSE: bool, const STRIDE: usize>(
    table: &T,
    window: &Window,
    bytes: &[u8],
    passed: &mut [Passed],
) -> usize {
    let shift = u64::BITS - T::EXPONENT;
    let (window, mut noted, mut at) = (*window, 0, 0);
    while let Some(samples) = bytes.get(at..at + GROUP * STRIDE + Window::MAX_WIDTH) {
        let mut hits = [0; GROUP];
        for (sample, hit) in hits.iter_mut().enumerate() {
            *hit = table.classes_at((window.hash_as::<false>(samples, sample * STRIDE) >> shift) as usize);
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
