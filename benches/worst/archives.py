"""Archives and compressed files that cost as much as they can."""
import base64
import bz2
import gzip
import lzma
import os
import random
import struct
import zlib

import texts

# A member of lzip without content.
LZIP_EMPTY = "4c5a4950010c0083fffbffffc00000000000000000000000000000002400000000000000"

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


def lz4_frame(blocks, more=b""):
    """A frame of blocks that may copy from each other; each is (packed, whether it is compressed)."""
    body = b"".join(struct.pack("<I", len(b) | (0 if packed else 1 << 31)) + b for b, packed in blocks)
    return b"\x04\x22\x4d\x18\x40\x70\x00" + body + b"\0\0\0\0" + more


def lz4_bomb(size):
    """Each block is one byte, and a copy of it 4 MiB long."""
    block = b"\x1f" + b"a" + b"\x01\0" + b"\xff" * 16_400 + b"\0" + b"\x50abcde"
    return lz4_frame([(block, True)] * max(1, size // len(block)))


def compress_z(codes, bits=16):
    """What `compress` makes of codes of nine bits that never get longer: the table is emptied all the time."""
    stream = "".join(format(code, "09b")[::-1] for code in codes)
    stream += "0" * (-len(stream) % 8)
    packed = bytes(int(stream[at : at + 8][::-1], 2) for at in range(0, len(stream), 8))
    return b"\x1f\x9d" + bytes([0x80 | bits]) + packed


def cabinet(folders, blocks, method, block, files):
    """Folders that all share the same blocks, of which each becomes 32 KiB."""
    start = 36 + 8 * folders + 18 * files
    data = (struct.pack("<IHH", 0, len(block), 32768) + block) * blocks
    header = b"MSCF" + struct.pack("<IIIII", 0, start + len(data), 0, 36 + 8 * folders, 0)
    header += struct.pack("<BBHHHHH", 3, 1, folders, files, 0, 1, 0)
    entry = b"".join(struct.pack("<IIHHHH", 1 << 30, 0, at % max(folders, 1), 0, 0, 0) + b"a\0" for at in range(files))
    return header + struct.pack("<IHH", start, blocks, method) * folders + entry + data


def iso(size, shared):
    """Records of one folder that all lead to the same folder, or to files that overlap."""
    sectors = size // 2048
    image = bytearray(b"\0" * (sectors * 2048))
    record = bytearray(34)
    record[0], record[25], record[32], record[33] = 34, 2 if shared else 0, 1, 65
    struct.pack_into("<I", record, 2, 20)
    struct.pack_into("<I", record, 10, size - 20 * 2048)
    descriptor = bytearray(2048)
    descriptor[:6], descriptor[128:130] = b"\x01CD001", struct.pack("<H", 2048)
    descriptor[156:190] = record
    image[16 * 2048 : 17 * 2048], image[17 * 2048 : 17 * 2048 + 7] = descriptor, b"\xffCD001\x01"
    for sector in range(20, sectors):
        for at in range(60):
            struct.pack_into("<I", record, 2, 20 if shared else 20 + (sector * 60 + at) % (sectors - 20))
            image[sector * 2048 + at * 34 : sector * 2048 + at * 34 + 34] = record
    return bytes(image)


def sqlite_pages(size):
    """Pages whose cells all lie on each other, each a row as long as can be, over the same pages."""
    page = bytearray(4096)
    page[0], page[3:5], page[5:7] = 13, struct.pack(">H", 1000), struct.pack(">H", 3000)
    for cell in range(1000):
        struct.pack_into(">H", page, 8 + 2 * cell, 3000)
    page[3000:3006] = b"\xbf\xff\x7f\x01\x03\xc0"
    head = bytearray(page)
    head[100:200], head[:100] = page[:100], b"SQLite format 3\0\x10\0\x01\x01\0\x40\x20\x20" + b"\0" * 76
    return bytes(head) + bytes(page) * (size // 4096 - 1)


def git_pack(size):
    """One object, and changes to changes to it, each of which copies all of it many times."""
    base = b"a" * 60_000
    def head(kind, length):
        first, length = kind << 4 | length & 15, length >> 4
        out = bytearray([first | (0x80 if length else 0)])
        while length:
            out.append(length & 127 | (0x80 if length > 127 else 0))
            length >>= 7
        return bytes(out)
    def number(value):
        out = bytearray()
        while True:
            out.append(value & 127 | (0x80 if value > 127 else 0))
            value >>= 7
            if not value:
                return bytes(out)
    change = number(len(base)) + number(len(base) * 100) + (b"\xb0" + struct.pack("<H", len(base))) * 100
    first = head(3, len(base)) + zlib.compress(base)
    body, at = bytearray(first), 12 + len(first)
    count = 1
    while len(body) < size:
        distance = at - 12
        coded = bytearray([distance & 127])
        distance >>= 7
        while distance:
            distance -= 1
            coded.insert(0, 0x80 | distance & 127)
            distance >>= 7
        item = head(6, len(change)) + bytes(coded) + zlib.compress(change)
        body += item
        at, count = at + len(item), count + 1
    return b"PACK" + struct.pack(">II", 2, count) + bytes(body)


def xar(size, count):
    """Files that all lie in the same place of the heap, which is a bomb."""
    bomb = zlib.compress(b"\0" * 15_000_000)
    place = b"<offset>0</offset><length>%d</length>" % len(bomb)
    file = b'<file><data>' + place + b'<encoding style="application/x-gzip"/></data></file>'
    toc = zlib.compress(b"<xar><toc>" + file * count + b"</toc></xar>")
    return b"xar!" + struct.pack(">HHQQI", 28, 1, len(toc), 0, 0) + toc + bomb


def tnef(size):
    property_ = struct.pack("<HHII", 0x1F, 0x37, 1, 4) + b"a\0\0\0"
    properties = struct.pack("<I", size // 16) + property_ * (size // 16)
    return struct.pack("<IHBII", 0x223E9F78, 1, 1, 0x00069003, len(properties)) + properties + b"\0\0"


def rar_stored(count):
    """Headers of RAR 5, each of an empty file."""
    def vint_block(body):
        block = bytes([len(body)]) + body
        return struct.pack("<I", zlib.crc32(block)) + block
    file = vint_block(b"\x02\x02\0\0\0\0\0\x01\x01a")
    return b"Rar!\x1a\x07\x01\0" + vint_block(b"\x01\x00\x00") + file * count


def msgpack_deep(size):
    return b"\x91" * size


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
    yield "lz4-bomb", None, lambda: lz4_bomb(size)
    yield "lz4-empty-blocks", None, lambda: lz4_frame([(b"", False)] * (size // 4))
    yield "lz4-literals", None, lambda: lz4_frame([(b"\x10a", True)] * (size // 6))
    yield "lzip-members", None, lambda: repeated(bytes.fromhex(LZIP_EMPTY), size)
    yield "compress-clears", None, lambda: compress_z([97] + [98, 256] * (size // 3))
    yield "compress-growing", None, lambda: compress_z([97] + [256 + 1] * 200 + [98] * size)
    yield "cab-mszip-bombs", None, lambda: cabinet(1, size // 60, 1, b"CK" + deflated(b"\0" * 32768), 100)
    yield "cab-shared-blocks", None, lambda: cabinet(2000, 1000, 1, b"CK" + deflated(b"\0" * 32768), 2000)
    yield "cab-lzx-noise", None, lambda: cabinet(1, size // 8000, 21 << 8 | 3, noise(7992), 10)
    yield "cab-overlapping-files", None, lambda: cabinet(1, 3, 0, noise(32768), size // 18)
    yield "iso-folders-in-a-circle", None, lambda: iso(size, True)
    yield "iso-overlapping-files", None, lambda: iso(size, False)
    yield "sqlite-overlapping-rows", None, lambda: sqlite_pages(size)
    yield "git-changes", None, lambda: git_pack(size)
    yield "xar-one-bomb", None, lambda: xar(size, size // 20)
    yield "tnef-properties", None, lambda: tnef(size)
    yield "rar-empty-files", None, lambda: rar_stored(size // 14)
    yield "msgpack-deep", "application/msgpack", lambda: msgpack_deep(size)
    yield "cbor-deep", "application/cbor", lambda: b"\x9f" * size
    yield "cbor-strings", "application/cbor", lambda: b"\x61a" * (size // 2)
    element = b"\x02a\0\x02\0\0\0b\0"
    yield "bson-strings", "application/bson", lambda: struct.pack("<I", size) + element * (size // 9) + b"\0"
    yield "php-strings", None, lambda: b"a:1:{" + b's:1:"a";' * (size // 8)
    yield "pickle-strings", None, lambda: b"\x80\x04" + b"\x8c\x01a" * (size // 3) + b"."
    yield "hex-lines", "text/plain", lambda: (b"4556494c2d46494c452d42595445534556 " * (size // 35))
    yield "base64-runs", "text/plain", lambda: b"RVZJTC1GSUxFLUJZVEVT " * (size // 21)
    encoded = base64.b64encode(gzip.compress(b"a" * 9000)) + b" "
    yield "base64-of-gzip-runs", "text/plain", lambda: encoded * (size // len(encoded))
    yield "byte-arrays", "text/plain", lambda: b"[1,2,3,4,5,6,7,8,9,10,11,12]" * (size // 28)
    yield "uuencoded", "text/plain", lambda: b"begin 644 a\n#86)C\n`\nend\n" * (size // 23)
    yield "opaque-words", None, lambda: (b"\x00\x01\xff\xfe abcdefgh" * (size // 13))
    yield "opaque-wide-words", None, lambda: ("abcdefg".encode("utf-16-le") + b"\xff\xfe\xff") * (size // 17)
    yield "zlib-in-noise", None, lambda: (zlib.compress(b"a" * 900) + b"\x01\xff\x02") * (size // 24)
    yield "zlib-starts", None, lambda: b"\x78\x9c\x4b\x4c" * (size // 4)
    yield "zlib-bombs-in-noise", None, lambda: (b"\xff" + zlib.compress(zeros)) * max(1, size // 15_000)
    yield "brotli-like", None, lambda: b"\x8b\xff\xff" + noise(size)
