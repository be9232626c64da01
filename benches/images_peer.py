"""The peer and the floor of the images bench, and the pictures for it.

    images_peer.py FOLDER QUICK

Writes the generated pictures into FOLDER, those that are not there yet, and prints a line of JSON with their paths and the
versions of the libraries. Then answers each line `floor PATH` or `peer PATH` with a line `{"ms": least, "hash": PDQ}`,
from bytes that are in memory:

- floor: libjpeg-turbo decodes the luma plane, into memory that is there already (`null` where it has none to give);
- peer: hashlib's SHA-256, Pillow's decoding to RGB, and pdqhash's eight hashes.
"""

import hashlib
import io
import json
import sys
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pdqhash
import simplejpeg
from PIL import Image

SEED = 7
# A call is repeated until it has taken so long, at least once.
SECONDS = 0.02

MEGAPIXELS = {
    "0.1": (400, 250),
    "0.25": (512, 512),
    "1.6": (1600, 1004),
    "3": (2048, 1536),
    "12": (4000, 3000),
    "24": (6000, 4000),
    "50": (8660, 5774),
}
KINDS = {
    "baseline-420": {"quality": 85, "subsampling": 2},
    "progressive-420": {"quality": 85, "subsampling": 2, "progressive": True},
    "baseline-444": {"quality": 92, "subsampling": 0},
    "progressive-444": {"quality": 92, "subsampling": 0, "progressive": True},
    "baseline-420-q60": {"quality": 60, "subsampling": 2},
    "progressive-420-q60": {"quality": 60, "subsampling": 2, "progressive": True},
    "baseline-grey": {"quality": 85},
    "progressive-grey": {"quality": 85, "progressive": True},
    "baseline-cmyk": {"quality": 85},
}
# Every kind where the targets are, the usual two elsewhere.
EVERY_KIND = {"1.6", "12"}
MODES = {"grey": "L", "cmyk": "CMYK"}


@cache
def photo(size):
    """Structure of every size, as in a photo: noise in octaves, those of half the width weaker, and edges."""
    chance = np.random.default_rng([SEED, *size])
    width, height = size

    def octaves(finest):
        plane, strength, cells = np.zeros((height, width), np.float32), 60.0, 4
        while cells <= min(width, finest):
            grid = chance.normal(0, strength, (max(2, cells * height // width), cells)).astype(np.float32)
            plane += np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC))
            strength, cells = strength * 0.62, cells * 2
        return plane

    # With the noise of a sensor, files are as large as those of phones: two to three bits a pixel.
    luma = octaves(1 << 20) + chance.standard_normal((height, width), np.float32) * 4
    luma += np.where(octaves(16) > 20, 45, 0).astype(np.float32)
    chroma = [octaves(128) * 0.4 for _ in range(2)]
    planes = [np.clip(plane + 128, 0, 255).astype(np.uint8) for plane in (luma, *chroma)]
    return Image.merge("YCbCr", [Image.fromarray(plane) for plane in planes]).convert("RGB")


def generate(folder, is_quick):
    folder.mkdir(parents=True, exist_ok=True)
    result = []
    for megapixels, size in MEGAPIXELS.items():
        if is_quick and size[0] > 4000:
            continue
        kinds = list(KINDS) if megapixels in EVERY_KIND else list(KINDS)[:2]
        for kind in kinds:
            path = folder / f"{megapixels}-{kind}.jpg"
            if not path.exists():
                photo(size).convert(MODES.get(kind.split("-")[1], "RGB")).save(path, **KINDS[kind])
            result.append(str(path))
        photo.cache_clear()
    return result


def least(work):
    """The least time of `work` in milliseconds, and what it gave."""
    best, start = float("inf"), time.perf_counter()
    while True:
        before = time.perf_counter()
        result = work()
        now = time.perf_counter()
        best = min(best, now - before)
        if now - start >= SECONDS:
            return best * 1e3, result


@cache
def content(path):
    return Path(path).read_bytes()


def floor(path):
    content_, (height, width, space, _) = content(path), simplejpeg.decode_jpeg_header(content(path))
    if space == "CMYK":
        return None, None
    plane = np.zeros((height, width, 1), np.uint8)
    return least(lambda: simplejpeg.decode_jpeg(content_, "GRAY", buffer=plane))[0], None


def peer(path):
    def work():
        hashlib.sha256(content(path)).digest()
        with Image.open(io.BytesIO(content(path))) as picture:
            return pdqhash.compute_dihedral(np.asarray(picture.convert("RGB")))[0]

    ms, hashes = least(work)
    return ms, np.packbits(hashes[0]).tobytes().hex()


def main():
    Image.MAX_IMAGE_PIXELS = None
    pictures = generate(Path(sys.argv[1]), sys.argv[2] == "1")
    versions = {package: version(package) for package in ("numpy", "pdqhash", "pillow", "simplejpeg")}
    print(json.dumps({"pictures": pictures, "versions": versions}), flush=True)
    for line in sys.stdin:
        work, path = line.rstrip("\n").split(" ", 1)
        ms, hash = {"floor": floor, "peer": peer}[work](path)
        print(json.dumps({"ms": ms, "hash": hash}), flush=True)


main()
