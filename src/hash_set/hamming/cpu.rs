//! What plain Rust cannot ask of the processor: counting bits in one instruction, and fetching memory ahead of use.
//!
//! The baseline of x86-64 is the processor of 2003, which counts bits in a dozen instructions. [`run`] compiles a piece
//! of work a second time for the processors of today, and takes that copy where it can. Both copies are the same code,
//! so they answer the same; a test compares them.
#![expect(unsafe_code, reason = "calling code for a processor that was asked for first, and prefetching")]

/// Work that exists once for any processor and once for a recent one.
pub(super) trait Work {
    /// What it comes to.
    type Output;

    /// Does it. Must be `#[inline(always)]`, and so must all that it calls in its loops: only what is inlined is
    /// compiled for the recent processor.
    fn run(self) -> Self::Output;
}

/// Does `work` with the instructions this processor has.
#[inline]
pub(super) fn run<T: Work>(work: T) -> T::Output {
    #[cfg(target_arch = "x86_64")]
    if is_recent() {
        // SAFETY: `is_recent` has just found every feature that the function was compiled for.
        return unsafe { run_recent(work) };
    }
    work.run()
}

/// What searching gains from of x86-64-v3 (Intel since 2013, AMD since 2015). Not AVX2: compilers count the bits of four
/// words with it in more instructions than one after the other.
#[cfg(target_arch = "x86_64")]
fn is_recent() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("popcnt") && has!("bmi1") && has!("bmi2") && has!("lzcnt")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt,bmi1,bmi2,lzcnt")]
fn run_recent<T: Work>(work: T) -> T::Output {
    work.run()
}

/// Starts loading the cache line of `slice[index]`; nothing where there is no such element, or no way to ask.
#[inline(always)]
pub(in crate::hash_set) fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = slice.get(index) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing into the program and never faults, and the pointer is to an element.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index);
}

#[cfg(test)]
mod tests {
    use super::*;

    struct CountOnes<'a>(&'a [[u64; 4]]);

    impl Work for CountOnes<'_> {
        type Output = Vec<u32>;

        #[inline(always)]
        fn run(self) -> Vec<u32> {
            self.0.iter().map(|words| words.iter().map(|word| word.count_ones()).sum()).collect()
        }
    }

    #[test]
    fn both_copies_of_a_work_answer_the_same() {
        let hashes: Vec<[u64; 4]> =
            (0..1000_u64).map(|n| [n, n.wrapping_mul(0x9e37_79b9_7f4a_7c15), !n, n << 40]).collect();
        assert_eq!(run(CountOnes(&hashes)), CountOnes(&hashes).run());
    }

    #[test]
    fn prefetching_past_the_end_is_nothing() {
        prefetch(&[1, 2, 3], 2);
        prefetch(&[1, 2, 3], 3);
        prefetch::<u64>(&[], usize::MAX);
    }
}
