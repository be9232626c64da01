"""Pictures that claim much, and say little."""
import random
import struct
import zlib

from archives import STORED, deflated, zip_of


def le(form, *values):
    return struct.pack("<" + form, *values)


def segment(marker, content):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg(width, height, scans=0, components=3, frame=0xC2):
    """A progressive JPEG whose scans stand for many blocks in few bytes."""
    table = b"".join(bytes([i + 1, 0x11, 0]) for i in range(components))
    out = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64)
    out += segment(frame, struct.pack(">BHHB", 8, height, width, components) + table)
    out += segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0") + segment(0xC4, b"\x10" + bytes([1, 1] + [0] * 14) + b"\0\xe0")
    pairs = b"".join(bytes([i + 1, 0]) for i in range(components))
    last = bytes([0, 0, 1]) if frame == 0xC2 else bytes([0, 63, 0])
    out += segment(0xDA, bytes([components]) + pairs + last) + b"\0" * 10
    blocks = (width // 8 * (height // 8)) // 32767 + 1
    bits = ("10" + "1" * 14) * blocks
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    for number in range(scans):
        out += segment(0xDA, b"\1\1\0" + bytes([1, 63, 0x01 if number == 0 else 0x10])) + data
    return out + b"\xff\xd9"


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


PNG = b"\x89PNG\r\n\x1a\n"


def header(width, height, colours=6, depth=8, interlaced=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, interlaced))


def rows(length, count):
    packer = zlib.compressobj(9)
    row = b"\0" * (1 + length)
    return b"".join(packer.compress(row) for _ in range(count)) + packer.flush()


def png(width, height, colours=0, depth=8, interlaced=0, before=b""):
    channels = {0: 1, 2: 3, 6: 4}[colours]
    data = rows((width * channels * depth + 7) // 8, height)
    return PNG + header(width, height, colours, depth, interlaced) + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def apng(width, height, count, frame, disposal=1):
    out = PNG + header(width, height) + chunk(b"acTL", struct.pack(">II", count, 0))
    control = lambda n, w, h: chunk(b"fcTL", struct.pack(">IIIIIHHBB", n, w, h, 0, 0, 1, 10, disposal, 1))
    out += control(0, width, height) + chunk(b"IDAT", rows(width * 4, height))
    data = rows(frame * 4, frame)
    for number in range(1, 2 * count - 1, 2):
        out += control(number, frame, frame) + chunk(b"fdAT", struct.pack(">I", number + 1) + data)
    return out + chunk(b"IEND", b"")


def gif(width, height, count, disposal, frame=None):
    wide, high = frame or (width, height)
    one = b"\x21\xf9\x04" + bytes([disposal << 2 | 1, 1, 0, 0, 0])
    one += b"\x2c" + le("HHHHB", 0, 0, wide, high, 0) + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + le("HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + one * count + b"\x3b"


def bmp(width, height, compression, bits, data):
    palette = bytes(i % 256 for i in range(1024)) if bits <= 8 else b""
    head = le("IiiHHIIIIII", 40, width, height, 1, bits, compression, len(data), 0, 0, 0, 0)
    offset = 54 + len(palette)
    return b"BM" + le("IHHI", offset + len(data), 0, 0, offset) + head + palette + data


def icon(size, entry):
    count = max(1, (size - len(entry) - 6) // 16)
    count = min(count, 2000)
    place = le("BBBBHHII", 0, 0, 0, 0, 1, 8, len(entry), 6 + 16 * count)
    return le("HHH", 0, 1, count) + place * count + entry


def tiff(width, height, pages, compression=1, bits=1, strip=b"\0"):
    """Pages that share their samples; with compression 1 there are far too few of them."""
    out = bytearray(b"II*\0" + le("I", 8))
    data = 8 + pages * (2 + 12 * 9 + 4)
    for page in range(pages):
        tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, compression), (262, 3, 1, 1)]
        tags += [(273, 4, 1, data), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, len(strip))]
        following = len(out) + 2 + 12 * len(tags) + 4 if page + 1 < pages else 0
        out += le("H", len(tags)) + b"".join(le("HHII", *tag) for tag in tags) + le("I", following)
    return bytes(out) + strip


def dds(width, height, data):
    head = le("IIIIIII", 124, 0x1007, height, width, 0, 0, 0) + b"\0" * 44
    return b"DDS " + head + le("II4sIIIII", 32, 4, b"DXT1", 0, 0, 0, 0, 0) + b"\0" * 20 + data


def qoi(width, height):
    count = (width * height + 61) // 62
    return b"qoif" + struct.pack(">IIBB", width, height, 3, 0) + b"\xfd" * count + b"\0" * 7 + b"\1"


def tga(width, height, bits=24):
    packets = (width * height + 127) // 128
    return le("BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, width, height, bits, 0) + (b"\xff" + b"\0" * (bits // 8)) * packets


def lossless_webp(width, height):
    """One colour for all pixels: five prefix codes of one symbol, and no bit a pixel."""
    bits, count = 0, 0

    def put(value, length):
        nonlocal bits, count
        bits |= value << count
        count += length

    put(0x2F, 8), put(width - 1, 14), put(height - 1, 14), put(1, 1), put(0, 3)
    put(0, 1), put(0, 1), put(0, 1)
    for symbol in (0, 0, 0, 255, 0):
        put(1, 1), put(0, 1)
        put(1, 1) if symbol > 1 else put(0, 1)
        put(symbol, 8 if symbol > 1 else 1)
    data = bits.to_bytes((count + 7) // 8 + 4, "little")
    return b"VP8L" + le("I", len(data)) + data + b"\0" * (len(data) & 1)


def webp(width, height):
    frame = lossless_webp(width, height)
    return b"RIFF" + le("I", 4 + len(frame)) + b"WEBP" + frame


def webp_frames(width, height, count, frame, wide, high, flags):
    u24 = lambda value: le("I", value)[:3]
    body = b"VP8X" + le("I", 10) + bytes([0x12, 0, 0, 0]) + u24(width - 1) + u24(height - 1)
    body += b"ANIM" + le("I", 6) + b"\0" * 6
    content = u24(0) + u24(0) + u24(wide - 1) + u24(high - 1) + u24(10) + bytes([flags]) + frame
    body += (b"ANMF" + le("I", len(content)) + content + b"\0" * (len(content) & 1)) * count
    return b"RIFF" + le("I", len(body) + 4) + b"WEBP" + body


def several(size, picture, method=STORED):
    """Many of them in one archive, each different by a byte after its end."""
    packed = deflated(picture) if method else picture
    count = max(1, size // (len(packed) + 110))
    entries = []
    for number in range(min(count, 5000)):
        content = picture + b"%04d" % number
        packed = deflated(content) if method else content
        entries.append((b"%d" % number, method, packed, len(content), zlib.crc32(content)))
    return zip_of(entries)


def emf(records):
    head = bytearray(88)
    struct.pack_into("<II", head, 0, 1, 88)
    head[40:44] = b" EMF"
    return bytes(head) + records + le("IIIII", 14, 20, 0, 0, 20)


def emf_bitmaps(size):
    head = le("IiiHHIIIIII", 40, 9000, 9000, 1, 8, 1, 4, 0, 0, 0, 0) + b"\1\2\3\4" * 256 + b"\0\0\0\1"
    record = bytearray(80)
    struct.pack_into("<II", record, 0, 81, 80 + len(head))
    struct.pack_into("<IIII", record, 48, 80, 40 + 1024, 80 + 1064, 4)
    return emf((bytes(record) + head) * (size // (80 + len(head))))


def shapes(size):
    claim = jpeg(9000, 9000, frame=0xC0)
    blank = webp(9000, 9000)
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 1_000_000, 9))
    itext = chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress(b"some words " * 90_000, 9))
    yield "jpeg-claims", None, lambda: (claim * (size // len(claim)))
    yield "jpeg-claims-300", None, lambda: (claim + b"\0" * 100) * 300
    yield "jpeg-claims-15800", None, lambda: jpeg(15800, 15800) * max(1, size // 1000)
    yield "jpeg-claims-small", None, lambda: jpeg(1900, 1900, frame=0xC0) * (size // 500)
    yield "jpeg-scans", None, lambda: jpeg(8000, 8000, max(1, size // 140))
    yield "jpeg-scans-15800", None, lambda: jpeg(15800, 15800, 100)
    yield "jpeg-in-zip", None, lambda: several(size, claim)
    yield "png-ztxt", None, lambda: png(8, 8, before=text * (size // len(text)))
    yield "png-itxt", None, lambda: png(8, 8, before=itext * (size // len(itext)))
    yield "png-250mp", None, lambda: png(15800, 15800)
    yield "png-60mp-strip", None, lambda: png(1999, 32000, 2)
    yield "png-strips-in-zip", None, lambda: several(size, png(32, 32000), method=8)
    yield "png-lines-in-zip", None, lambda: several(size, png(32000, 8), method=8)
    yield "png-64mp-alpha", None, lambda: png(1999, 32000, 6)
    yield "png-interlaced", None, lambda: png(12000, 12000, 6, interlaced=1)
    yield "png-1bit-in-zip", None, lambda: several(size, png(15800, 15800, 0, 1), method=8)
    yield "png-many", None, lambda: several(size, png(3999, 3999, 2), method=8)
    yield "apng-dots", None, lambda: apng(5000, 5000, size // 130, 1)
    yield "apng-dots-restored", None, lambda: apng(5000, 5000, size // 130, 1, disposal=2)
    yield "apng-frames", None, lambda: apng(2500, 2500, 30, 2500)
    yield "gif-dots", None, lambda: gif(6500, 6500, size // 23, 1, (1, 1))
    yield "gif-dots-4000", None, lambda: gif(4000, 4000, 20_000, 1, (1, 1))
    yield "gif-screens-kept", None, lambda: gif(6500, 6500, size // 23, 1)
    yield "gif-screens-cleared", None, lambda: gif(6000, 6000, size // 23, 2)
    yield "gif-screens-restored", None, lambda: gif(5000, 5000, size // 23, 3)
    yield "bmp-rle-end", None, lambda: bmp(9000, 9000, 1, 8, b"\0\1")
    yield "bmp-rle-moves", None, lambda: bmp(9000, 8000, 1, 8, b"\0\2\1\1" * (size // 4) + b"\0\1")
    yield "bmp-rle-runs", None, lambda: bmp(32000, 4500, 1, 8, (b"\xff\x11" * 126 + b"\0\0") * 3500)
    yield "bmp-rle-lines", None, lambda: bmp(32000, 7000, 1, 8, b"\0\0" * (size // 2))
    yield "bmp-rle-in-zip", None, lambda: several(size, bmp(9000, 9000, 1, 8, b"\0\1"))
    yield "ico-many", None, lambda: icon(size, bmp(9000, 18000, 1, 8, b"\0\1")[14:])
    yield "ico-pngs", None, lambda: icon(size, png(5000, 5000))
    yield "tiff-blank", None, lambda: tiff(9000, 9000, 1)
    yield "tiff-pages", None, lambda: tiff(9000, 9000, size // 114, 5, 8, b"\x80\x00\x00")
    yield "tiff-fax-pages", None, lambda: tiff(15000, 16000, size // 114, 4, 1, b"\xff" * 2000)
    yield "tiff-packbits", None, lambda: tiff(15000, 16000, 20, 32773, 1, b"\x81\0" * (15000 // 8 * 16000 // 128))
    yield "tiff-in-zip", None, lambda: several(size, tiff(9000, 9000, 1, 32773, 1, b"\x81\0" * 79_000), method=8)
    yield "dds-huge", None, lambda: dds(15000, 15000, b"\0" * 1000)
    yield "dds-in-zip", None, lambda: several(size, dds(9000, 9000, b"\0" * 1000))
    yield "qoi", None, lambda: qoi(7000, 7000)
    yield "tga", None, lambda: tga(8000, 8000)
    yield "tga-in-zip", None, lambda: several(size, tga(5000, 5000), method=8)
    yield "qoi-in-zip", None, lambda: several(size, qoi(5000, 5000), method=8)
    yield "pnm", None, lambda: b"P6 9000 9000 255\n"
    yield "pnm-in-zip", None, lambda: several(size, b"P5 3000 3000 255\n" + b"\0" * 9_000_000, method=8)
    yield "webp-blank", None, lambda: blank
    yield "webp-in-zip", None, lambda: several(size, blank)
    yield "webp-strips-in-zip", None, lambda: several(size, webp(1990, 16000))
    yield "webp-dots", None, lambda: webp_frames(8000, 8000, size // 70, lossless_webp(1, 1), 1, 1, 0)
    yield "webp-frames", None, lambda: webp_frames(8000, 8000, 100, lossless_webp(8000, 8000), 8000, 8000, 1)
    yield "emf-bitmaps", None, lambda: emf_bitmaps(size)
    yield "signatures", None, lambda: signatures(size)


def signatures(size):
    starts = [b"\xff\xd8\xff\xe0\0\x10JFIF", PNG + header(9000, 9000), b"GIF89a\x10\x27\x10\x27\0\0\0,", b"RIFF\xff\0\0\0WEBPVP8 "]
    starts += [b"PK\3\4", b"%PDF-1.7", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08\0", b"BZh9", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"]
    choose = random.Random(5)
    out = bytearray()
    while len(out) < size:
        out += choose.choice(starts)
    return bytes(out)
