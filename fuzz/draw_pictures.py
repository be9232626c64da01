"""Draws the seeds of the target `pictures`: small ones, of every format and way of writing it that has code of its own.

    python -m pip install pillow==13.0.0 pillow-jxl-plugin==1.3.8 && python fuzz/draw_pictures.py

What is already in the corpus under another name stays: it is smaller still, or was found.
"""
import io
import struct
import zlib
from pathlib import Path

import pillow_jxl  # noqa: F401, registers itself
from PIL import Image

CORPUS = Path(__file__).parent / "corpus/pictures"
SIZE = (64, 48)


def drawn(size, turn=0):
    picture = Image.new("RGB", size)
    picture.putdata([((x * 5 + turn) % 256, (y * 7 + x * y // 9) % 256, (x * 3 ^ y * 2) % 256)
                     for y in range(size[1]) for x in range(size[0])])
    return picture


def save(name, picture, *more, **options):
    data = io.BytesIO()
    if more:
        options |= {"save_all": True, "append_images": list(more)}
    kinds = {"jpg": "JPEG", "tif": "TIFF", "jxl": "JXL", "mpo": "MPO", "qoi": "QOI", "ppm": "PPM"}
    ending = name.rsplit(".")[-1]
    picture.save(data, format=kinds.get(ending, ending.upper()), **options)
    (CORPUS / name).write_bytes(data.getvalue())
    return data.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def interlaced(name, picture, bits):
    """Adam7. Source: W3C PNG, third edition, §8.1."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    width, height = picture.size
    rows = b""
    for left, top, across, down in passes:
        for y in range(top, height, down):
            pixels = [picture.getpixel((x, y)) for x in range(left, width, across)]
            rows += b"\0" + b"".join(bytes([tone]) * (bits // 8) for pixel in pixels for tone in pixel)
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 1)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    (CORPUS / name).write_bytes(b"\x89PNG\r\n\x1a\n" + data)


one, two = drawn(SIZE), drawn(SIZE, 90)
save("small.jpg", one, quality=40)
save("small-full-chroma.jpg", one, quality=40, subsampling=0)
save("small-restarts.jpg", one, quality=40, restart_marker_rows=1)
save("small-progressive.jpg", one, quality=40, progressive=True)
save("small-grey-progressive.jpg", one.convert("L"), quality=40, progressive=True)
save("small-cmyk.jpg", one.convert("CMYK"), quality=40)
save("small.mpo", one, two, quality=40)
# The smallest of which the means of 8x8 are read alone; plain, so that it is short.
save("means.jpg", Image.new("RGB", (968, 964), (90, 120, 60)), quality=40, progressive=True)
turned = Image.Exif()
turned[0x0112] = 6
save("small-turned.jpg", one, quality=40, exif=turned)
save("small-sixteen-bits.png", one.convert("I;16"))
save("small-alpha.png", Image.merge("LA", (one.convert("L"), two.convert("L"))))
save("small-moving.png", one.quantize(8).convert("RGB"), two.quantize(8).convert("RGB"), duration=100)
interlaced("small-interlaced.png", one.quantize(8).convert("RGB"), 8)
interlaced("small-interlaced-sixteen-bits.png", one.quantize(8).convert("RGB"), 16)
save("small-moving.gif", one.quantize(16), two.quantize(16), duration=100)
save("small.webp", one, quality=30)
save("small-lossless.webp", one.quantize(8).convert("RGB"), lossless=True)
save("small-moving.webp", one, two, quality=30, duration=100)
save("small-lzw.tif", one.quantize(8), two.quantize(8), compression="tiff_lzw")
save("small-jpeg.tif", one, compression="jpeg", quality=40)
save("small-deflate.tif", one, compression="tiff_adobe_deflate")
save("small-runs.tif", one.convert("1"), compression="packbits")
save("small-fax.tif", one.convert("1"), compression="group4")
save("small.bmp", one.quantize(16))
save("small.tga", one.quantize(8).convert("RGB"), compression="tga_rle")
save("small.ppm", one.resize((24, 18)))
save("small.qoi", one.quantize(8).convert("RGB"))
save("small.dds", one, pixel_format="DXT1")
save("small.ico", one.resize((32, 32)), sizes=[(32, 32)])
save("small.jxl", one, quality=60)
save("small-lossless.jxl", one.quantize(8).convert("RGB"), lossless=True)

# Two frames more, each of which the next is drawn over: the last bit of what is the same says that it is the last frame.
still = (CORPUS / "still.jxl").read_bytes()
header = int.from_bytes(still[5:10], "little")
assert header >> 19 & 1 and header >> 35 == 0
layer = header & (1 << 19) - 1 | 1 << 20 | header >> 20 << 23
(CORPUS / "layers.jxl").write_bytes(still[:5] + (layer.to_bytes(5, "little") + still[10:]) * 2 + still[5:])
