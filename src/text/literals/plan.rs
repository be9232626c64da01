//! Which patterns share a layer, and how it samples the text.

use super::Patterns;
use super::window::Window;

/// Patterns up to which the text is sampled at every other place only: each then lets two pieces of text through.
const FEW: usize = 2_000;

/// Patterns up to which four bytes tell most of them from most of the text.
pub(super) const MANY: usize = 100_000;

/// A layer to build, for the patterns of at least `shortest` bytes that no other layer with more has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned {
    pub(super) window: Window,
    pub(super) shortest: usize,
}

/// The layers for `patterns`, those with the longest first. Each goes over the text once, so there are as few as can
/// be: one, but for patterns of less than four bytes.
pub(super) fn plan(patterns: &Patterns) -> Vec<Planned> {
    let windows = if patterns.len() <= FEW {
        vec![Window::new(3, 2)]
    } else if patterns.len() <= MANY {
        vec![Window::new(4, 1)]
    } else {
        vec![Window::new(8, 1), Window::new(4, 1)]
    };
    let short = (1..=3).rev().map(|width| Window::new(width, 1));
    windows.into_iter().chain(short).map(|window| Planned { window, shortest: window.shortest() }).collect()
}
