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
    """How many of the first lines have one colour: that of the first, the middle or the last pixel of the first."""
    if len(lines) == 0:
        return 0
    first = lines[0]
    for colour in (int(first[place]) for place in (0, len(first) // 2, len(first) - 1)):
        count = 0
        for line in lines:
            if (np.abs(line.astype(np.int16) - colour) <= TOLERANCE).mean() < UNIFORM_SHARE:
                break
            count += 1
        if count:
            return count
    return 0
