"""Hashes by `penstock hash --json`, and their distances."""

import json
import os
import subprocess
from dataclasses import dataclass

import numpy as np

BINARY = os.environ.get("PENSTOCK", "target/release/penstock")
# As the defaults of Penstock are.
MIN_QUALITY = 50
PDQ_DISTANCE = 31
HASH64_DISTANCE = 4
FAMILY = ("ahash", "dhash", "phash")


@dataclass
class Hashes:
    """PDQ in eight orientations as rows of bits, its quality, and the `img_hash` family; zeros where there is none."""

    dihedral: np.ndarray
    quality: int
    family: dict


def bits(text):
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8))


def hash_files(paths):
    """Hashes of each of `paths`, in order."""
    if not paths:
        return []
    output = subprocess.run([BINARY, "hash", "--json", *map(str, paths)], capture_output=True, text=True)
    lines = [json.loads(line) for line in output.stdout.splitlines()]
    assert [line["file"] for line in lines] == [str(path) for path in paths], output.stderr
    return [parse(line) for line in lines]


def parse(line):
    pdq = line.get("pdq") or {}
    hashes = pdq.get("dihedral") or ["00" * 32] * 8
    family = {name: bits(line[name]) for name in FAMILY if name in line}
    family = {name: value for name, value in family.items() if not is_degenerate(name, value)}
    return Hashes(np.stack([bits(text) for text in hashes]), pdq.get("quality") or 0, family)


def is_degenerate(name, value):
    """Whether Penstock would not look the hash up: `media::is_degenerate`."""
    if name == "phash":
        return value.sum() < 4
    rows = value.reshape(8, 8)
    if not 8 <= value.sum() <= 56 or (rows == rows[0]).all() or (rows.T == rows.T[0]).all():
        return True
    steps = [np.diff(rows.astype(int), axis=axis) for axis in (0, 1)]
    return name == "ahash" and all((step >= 0).all() or (step <= 0).all() for step in steps)


def distances(left, right):
    """Hamming distances of each row of bits in `left` to each in `right`."""
    left, right = (2.0 * rows.astype(np.float32) - 1 for rows in (left, right))
    return ((left.shape[1] - left @ right.T) / 2).astype(np.int32)
