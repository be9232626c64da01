//! Closes what a worker may have inherited without being meant to.
#![expect(unsafe_code, reason = "closes descriptors that no value in this process stands for")]

use std::fs;
use std::os::fd::RawFd;

/// Closes every descriptor but standard input, output and error.
///
/// Rust opens files so that children do not get them; libraries in C, and whoever started the proxy, may not have. To be
/// called first of all, while nothing here has opened anything.
pub(in crate::worker) fn close_inherited() {
    let Ok(listing) = fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<RawFd> = listing.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // SAFETY: nothing in this process owns a descriptor yet. The one that listed the folder is closed by now, and
        // closing what is not open fails without further effect.
        unsafe { libc::close(descriptor) };
    }
}
