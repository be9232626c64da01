"""Archives and compressed files that cost as much as they can."""
import bz2
import gzip
import lzma
import os
import random
import struct
import zlib

import texts

STORED, DEFLATED, BZIP2, XZ, PPMD = 0, 8, 12, 95, 98


def deflated(content):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def zip_of(entries):
    """A zip file of (name, method, packed, size, crc)."""
    body, directory = bytearray(), bytearray()
    for name, method, packed, size, crc in entries:
        head = (method, 0, 0x21, crc, len(packed), size, len(name))
        directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, *head, 0, 0, 0, 0, 0, len(body)) + name
        body += struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, *head, 0) + name + packed
    count = min(len(entries), 65535)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory) + end


def zip_plain(contents, method=DEFLATED):
    pack = {STORED: bytes, DEFLATED: deflated}[method]
    return zip_of([(b"%d" % i, method, pack(c), len(c), zlib.crc32(c)) for i, c in enumerate(contents)])


def zip_same(count, method, packed, size, crc=0):
    return zip_of([(b"%d" % i, method, packed, size, crc) for i in range(count)])


def nested(levels, entries, leaf):
    content = leaf
    for _ in range(levels):
        content = zip_plain([content] * entries)
    return content


def quine(levels, size):
    """An archive that holds itself at each level, beside what fills it."""
    content = b"x" * size
    for level in range(levels):
        content = zip_plain([content, content[: len(content) // 2], b"%d" % level], STORED)
        if len(content) > size:
            break
    return content


def tar_of(entries):
    blocks = bytearray()
    for name, content in entries:
        head = bytearray(512)
        head[: len(name)] = name
        head[100:108], head[124:136], head[156:157] = b"0000644\0", b"%011o\0" % len(content), b"0"
        head[257:265], head[148:156] = b"ustar\x0000", b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        blocks += head + content + b"\0" * (-len(content) % 512)
    return bytes(blocks) + b"\0" * 1024


def cpio(size):
    name = b"a\0"
    member = b"070701" + b"%08X" % 1 + b"%08X" % 0o100644 + b"0" * 32 + b"%08X" % 1 + b"0" * 32
    member += b"%08X" % len(name) + b"0" * 8 + name
    member += b"\0" * (-len(member) % 4) + b"x\0\0\0"
    return member * (size // len(member))


def ar_of_long_names(size):
    names = b"//" + b" " * 46 + b"%-10d`\n" % (size // 2) + b"n" * (size // 2)
    member = b"/0              " + b" " * 32 + b"%-10d`\n" % 2 + b"hi"
    return b"!<arch>\n" + names + member * (size // 2 // len(member))


def fibonacci(size):
    one, other = b"a", b"b"
    while len(other) < size:
        one, other = other, other + one
    return other[:size]


def ppmd_parameters(order, mib):
    return struct.pack("<H", (order - 1) | (mib - 1) << 4)


def repeated(packed, size):
    return packed * max(1, size // len(packed))


def shapes(size):
    noise = random.Random(1).randbytes
    zeros = b"\0" * 15_000_000
    bzip = bz2.compress(b"\0" * 45_000_000)
    yield "zip-nested-3x7", None, lambda: nested(7, 3, b"y" * 200_000)
    yield "zip-nested-2x8", None, lambda: nested(8, 2, b"y" * 1_000_000)
    yield "zip-nested-40x4", None, lambda: nested(4, 40, b"z" * 10)
    yield "zip-quine", None, lambda: quine(12, size)
    yield "zip-bombs", None, lambda: zip_same(size // 16_000, DEFLATED, deflated(zeros), len(zeros), zlib.crc32(zeros))
    yield "zip-text-bombs", None, lambda: zip_plain([texts.keyword_like(2_000_000)[:2_000_000]] * max(1, size // 9000))
    yield "zip-bzip2-bombs", None, lambda: zip_same(size // (len(bzip) + 100), BZIP2, bzip, 45_000_000)
    yield "zip-bzip2-fibonacci", None, lambda: zip_same(40, BZIP2, bz2.compress(fibonacci(5_000_000)), 5_000_000)
    yield "zip-ppmd-256m", None, lambda: zip_same(size // 250, PPMD, ppmd_parameters(16, 256) + noise(40), 1000)
    yield "zip-ppmd-long", None, lambda: zip_same(3, PPMD, ppmd_parameters(16, 256) + noise(size // 3), 100_000_000)
    raw = lzma.compress(zeros, lzma.FORMAT_XZ, preset=6)
    yield "zip-xz-bombs", None, lambda: zip_same(size // (len(raw) + 100), XZ, raw, len(zeros))
    yield "zip-many-entries", None, lambda: zip_plain([b"a"] * (size // 100), STORED)
    yield "zip-stored-texts", None, lambda: zip_plain([b"data:;base64,aGVsbG8= <a>"] * (size // 130), STORED)
    yield "tar-many", None, lambda: tar_of([(b"%d" % i, b"x") for i in range(size // 1024)])
    yield "tar-gz-bomb", None, lambda: gzip.compress(tar_of([(b"%d" % i, b"<a>" * 90_000) for i in range(size // 3_000)]))
    yield "cpio-many", None, lambda: cpio(size)
    yield "ar-long-names", None, lambda: ar_of_long_names(size)
    yield "gz-zeros", None, lambda: gzip.compress(b"\0" * (size * 190))
    yield "gz-text", None, lambda: gzip.compress(texts.keyword_like(size * 100))
    yield "gz-noise-letters", None, lambda: gzip.compress(bytes(random.Random(2).choices(b"ab<>&;= ", k=size * 2)))
    yield "gz-members", None, lambda: repeated(gzip.compress(b""), size)
    yield "gz-members-15mb", None, lambda: repeated(gzip.compress(zeros), size)
    yield "bz2-zeros", None, lambda: bz2.compress(b"\0" * 200_000_000)
    yield "bz2-fibonacci", None, lambda: bz2.compress(fibonacci(30_000_000))
    yield "bz2-empty-streams", None, lambda: repeated(bz2.compress(b""), size)
    yield "bz2-streams", None, lambda: repeated(bz2.compress(b"\0" * 900_000), size)
    yield "bz2-noise", None, lambda: bz2.compress(noise(size))
    yield "xz-streams", None, lambda: repeated(lzma.compress(b"a" * 200_000), size)
    yield "xz-empty-streams", None, lambda: repeated(lzma.compress(b""), size)
    yield "lzma-noise", None, lambda: lzma.compress(noise(size), lzma.FORMAT_ALONE)
    yield "random", None, lambda: os.urandom(size)
