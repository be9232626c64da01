"""Borders of one colour, found by the rule of `src/media/trim.rs`."""

import numpy as np

TOLERANCE = 2
UNIFORM_SHARE = 0.6
MIN_SHARE = 0.01
MAX_SHARE = 0.4


def without_borders(luma):
    """`(left, top, right, bottom)` of what a plane has inside its borders, or None when it has none."""
    height, width = luma.shape
    top, bottom = borders(luma)
    left, right = borders(luma[top : height - bottom].T)
    if max(top, bottom) < MIN_SHARE * height and max(left, right) < MIN_SHARE * width:
        return None
    return left, top, width - right, height - bottom


def borders(lines):
    """How many lines at the start and at the end belong to a border."""
    limit = int(len(lines) * MAX_SHARE)
    return border(lines[:limit]), border(lines[::-1][:limit])


def border(lines):
    """How many of the first lines have the colour of the first pixel."""
    for number, line in enumerate(lines):
        near = np.abs(line.astype(np.int16) - int(lines[0][0])) <= TOLERANCE
        if near.mean() < UNIFORM_SHARE:
            return number
    return len(lines)
