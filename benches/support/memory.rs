//! The allocator of the binary, which counts while it is asked to.
#![expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one only counts what it passes on")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

use tikv_jemallocator::Jemalloc;

/// Jemalloc, as the binary has it.
pub(crate) struct Counting;

thread_local! {
    static CALLS: Cell<Option<Calls>> = const { Cell::new(None) };
}

/// What was allocated, or made larger.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calls {
    /// How often.
    pub(crate) count: usize,
    /// Bytes of all together.
    pub(crate) bytes: usize,
    /// Bytes of the largest.
    pub(crate) largest: usize,
    /// Bytes that are held now, beyond what was held before.
    pub(crate) held: isize,
    /// The most bytes that were held at a time, beyond what was held before.
    pub(crate) peak: isize,
}

/// What `work` allocates on this thread.
pub(crate) fn calls_of<T>(work: impl FnOnce() -> T) -> Calls {
    CALLS.set(Some(Calls::default()));
    drop(work());
    CALLS.take().unwrap_or_default()
}

/// What was allocated on this thread so far, within [`calls_of`].
pub(crate) fn calls() -> Calls {
    CALLS.get().unwrap_or_default()
}

/// Counts that `size` bytes were asked for, if any, and how many more are held now.
fn count(size: Option<usize>, change: isize) {
    if let Some(mut calls) = CALLS.get() {
        if let Some(size) = size {
            calls.count += 1;
            calls.bytes += size;
            calls.largest = calls.largest.max(size);
        }
        calls.held += change;
        calls.peak = calls.peak.max(calls.held);
        CALLS.set(Some(calls));
    }
}

// SAFETY: every call goes to jemalloc as it came; counting touches nothing of the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(Some(layout.size()), layout.size().cast_signed());
        // SAFETY: the caller's promises are those that jemalloc wants.
        unsafe { Jemalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(Some(layout.size()), layout.size().cast_signed());
        // SAFETY: likewise.
        unsafe { Jemalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(None, -layout.size().cast_signed());
        // SAFETY: likewise.
        unsafe { Jemalloc.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(Some(size), size.cast_signed() - layout.size().cast_signed());
        // SAFETY: likewise.
        unsafe { Jemalloc.realloc(pointer, layout, size) }
    }
}
