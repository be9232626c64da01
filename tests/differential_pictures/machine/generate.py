"""File number `index` of a run with `seed`: depends on nothing else, but for the formats that PENSTOCK_PICTURES_ONLY
names, where that is set."""

import os
import random

import bases
import odd_chunks
import odd_jpeg
import odd_others
import odd_pdf

FORMATS = {
    "jpeg": (26, None), "png": (16, None), "webp": (10, None), "gif": (8, odd_others.gif), "bmp": (8, odd_others.bmp),
    "ico": (7, odd_others.ico), "tiff": (7, odd_others.tiff), "avif": (4, odd_others.avif), "tga": (3, odd_others.tga),
    "qoi": (2, odd_others.qoi), "pnm": (3, odd_others.pnm), "dib": (2, odd_others.dib), "psd": (1, odd_others.psd),
    "sun": (1, odd_others.sun), "fits": (1, odd_others.fits), "xpm": (1, odd_others.xpm),
    "pcx": (2, odd_others.simple("PCX")), "sgi": (2, odd_others.simple("SGI")), "dds": (1, odd_others.simple("DDS")),
    "jp2": (1, odd_others.simple("JPEG2000")), "xbm": (1, odd_others.bits("XBM")),
}
# One file in so many is a document, where there is a renderer on the other side.
DOCUMENT_EVERY = 10 if os.environ.get("PENSTOCK_PICTURES_DOCUMENTS") else 0
ONLY = os.environ.get("PENSTOCK_PICTURES_ONLY", "").split()
NAMES = [name for name, (weight, _) in FORMATS.items() for _ in range(weight) if not ONLY or name in ONLY]


class Pictures:
    """Drawn once each."""

    def __init__(self):
        self.drawn = {}

    def of(self, number, size):
        key = (number, size)
        if key not in self.drawn:
            self.drawn[key] = bases.draw(number, size)
        return self.drawn[key]

    def listed(self):
        return [self.of(number, size) for number in range(bases.LISTED) for size in bases.SIZES]


def changed(change, rng, data):
    """What cannot be changed so any more, after other changes, stays as it is."""
    try:
        return change(rng, data)
    except (IndexError, ValueError, OverflowError):
        return data


def make(seed, index, pictures):
    """Its format, and its bytes."""
    rng = random.Random(seed * 1_000_003 + index)
    size = rng.choice(bases.SIZES)
    picture = pictures.of(rng.randrange(bases.LISTED), size)
    decoy = pictures.of(1000 + rng.randrange(4), size)
    name = "pdf" if DOCUMENT_EVERY and (index + 1) % DOCUMENT_EVERY == 0 or ONLY == ["pdf"] else rng.choice(NAMES)
    if name == "pdf":
        data = odd_pdf.pdf(rng, picture, decoy)
    elif name == "jpeg":
        data = odd_jpeg.encode(rng, picture)
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            data = changed(odd_jpeg.change, rng, data)
        if rng.random() < 0.35:
            data = changed(odd_jpeg.damage, rng, data)
    elif name == "png":
        data = odd_chunks.png(rng, picture, decoy)
        for _ in range(rng.choice((0, 1, 1, 2))):
            data = changed(odd_chunks.change_png, rng, data)
        if rng.random() < 0.1:
            data = odd_chunks.recompressed(data, rng.choice((0, 1, 9)))
    elif name == "webp":
        data = odd_chunks.webp(rng, picture, decoy)
        if rng.random() < 0.6:
            data = changed(odd_chunks.change_webp, rng, data)
    else:
        data = FORMATS[name][1](rng, picture, decoy)
    if rng.random() < 0.06:
        data = bytearray(data)
        for _ in range(rng.choice((1, 3, 10))):
            data[rng.randrange(min(len(data), rng.choice((60, 4000))))] = rng.randrange(256)
        data = bytes(data)
    if rng.random() < 0.03:
        data = data[: len(data) * rng.randrange(50, 100) // 100]
    return name, data
