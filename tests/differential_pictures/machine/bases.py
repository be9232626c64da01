"""Pictures that are drawn by a seed, some of which are listed, and files of them in every format that Pillow writes."""

import io
import random
import zlib

from PIL import Image, ImageCms, ImageDraw, ImageFile

# Pillow gives up where its buffer is too small for what it writes at once: a profile beside many restart markers.
ImageFile.MAXBLOCK = 1 << 22
LISTED = 6
SIZES = [(320, 214), (211, 300), (256, 256)]
LARGE = (1500, 1010)


def draw(number, size):
    """Shapes over a gradient: enough structure for a hash of full quality, and unrelated for every number."""
    rng = random.Random(number * 7919 + 17)
    small = Image.new("RGB", (240, 240))
    pen = ImageDraw.Draw(small)
    low, high = rng.randrange(60), rng.randrange(120, 200)
    for y in range(240):
        tone = low + (high - low) * y // 240
        pen.line((0, y, 240, y), fill=(tone, tone, min(255, tone + 30)))
    for _ in range(26):
        x, y, w, h = rng.randrange(-20, 220), rng.randrange(-20, 220), rng.randrange(12, 90), rng.randrange(12, 90)
        light = rng.choice((0, 20, 60, 130, 190, 235, 255))
        fill = tuple(max(0, min(255, light + rng.randrange(-25, 26))) for _ in range(3))
        (pen.ellipse if rng.random() < 0.5 else pen.rectangle)((x, y, x + w, y + h), fill=fill)
    return small.resize(size, Image.BICUBIC)


def written(picture, kind, **options):
    into = io.BytesIO()
    picture.save(into, kind, **options)
    return into.getvalue()


def png(picture):
    return written(picture, "PNG", compress_level=1)


# ICC profiles: Pillow has the usual ones, the odd ones are put together here. Source: ICC.1:2022, §7 to §10.


def _tag_curve(points):
    return b"curv" + bytes(4) + len(points).to_bytes(4, "big") + b"".join(p.to_bytes(2, "big") for p in points)


def _tag_parametric(gamma):
    return b"para" + bytes(4) + bytes((0, 0, 0, 0)) + int(gamma * 65536).to_bytes(4, "big")


def _tag_xyz(x, y, z):
    return b"XYZ " + bytes(4) + b"".join(int(v * 65536).to_bytes(4, "big", signed=True) for v in (x, y, z))


def profile(curve, is_grey=False, swap=False, version=0x02400000):
    """A matrix profile with the primaries of sRGB, in another order on demand."""
    columns = [(0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)]
    if swap:
        columns.reverse()
    tags = [(b"wtpt", _tag_xyz(0.9642, 1.0, 0.8249))]
    if is_grey:
        tags.append((b"kTRC", curve))
    else:
        tags += [(name, _tag_xyz(*column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns)]
        tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    tags += [(b"desc", b"desc" + bytes(4) + (4).to_bytes(4, "big") + b"odd\0" + bytes(78)), (b"cprt", b"text" + bytes(4) + b"no\0")]
    place, directory, data = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags:
        content += bytes(-len(content) % 4)
        directory += name + (place + len(data)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        data += content
    head = bytearray(128)
    head[0:4] = (place + len(data)).to_bytes(4, "big")
    head[8:12] = version.to_bytes(4, "big")
    head[12:24] = b"mntr" + (b"GRAY" if is_grey else b"RGB ") + b"XYZ "
    head[36:40] = b"acsp"
    head[68:80] = b"".join(int(v * 65536).to_bytes(4, "big") for v in (0.9642, 1.0, 0.8249))
    return bytes(head) + len(tags).to_bytes(4, "big") + directory + data


def falling(steps=256):
    return _tag_curve([65535 - 65535 * i // (steps - 1) for i in range(steps)])


def odd_profile(rng, is_grey=False):
    """A profile, and what has to be done to samples so that with it they are shown as they were."""
    kind = rng.randrange(5)
    if kind == 0:
        return profile(falling(rng.choice((2, 17, 256, 1024))), is_grey), lambda p: p.point(lambda v: 255 - v)
    if kind == 1:
        gamma = rng.choice((0.5, 4.0, 6.0))
        # Written so that light comes out as sRGB would have it, nearly.
        return profile(_tag_parametric(gamma), is_grey), lambda p: p.point(lambda v: round(255 * (v / 255) ** (2.2 / gamma)))
    if kind == 2:
        half = [(i + 128) % 256 * 257 for i in range(256)]
        return profile(_tag_curve(half), is_grey), lambda p: p.point(lambda v: (v_linear(v) - 128) % 256)
    if kind == 3:
        return profile(_tag_curve([]), is_grey), lambda p: p.point(v_linear)
    usual = ImageCms.ImageCmsProfile(ImageCms.createProfile(rng.choice(("sRGB", "sRGB")))).tobytes()
    return usual, lambda p: p


def v_linear(v):
    return round(255 * (v / 255) ** 2.2)


def chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
