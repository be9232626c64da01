"""Archives of 7-Zip that cost as much as they can: headers and coders by hand, as no tool writes them."""
import lzma
import random
import struct
import zlib

COPY, DELTA, X86, LZMA, LZMA2 = b"\0", b"\3", b"\3\3\1\3", b"\3\1\1", b"\x21"
PPMD, DEFLATE, BZIP2, FOUR_STREAMS = b"\3\4\1", b"\4\1\x08", b"\4\2\2", b"\3\3\1\x1b"


def number(value):
    """The bits set at the top of the first byte tell how many bytes follow."""
    for extra in range(8):
        if value < 1 << (7 + 7 * extra):
            head = (0xFF << (8 - extra)) & 0xFF | value >> (8 * extra)
            return bytes([head]) + (value & ((1 << (8 * extra)) - 1)).to_bytes(extra, "little")
    return b"\xff" + value.to_bytes(8, "little")


def coder(method, properties=b""):
    flags = len(method) | (0x20 if properties else 0)
    return bytes([flags]) + method + (number(len(properties)) + properties if properties else b"")


def chain(*coders):
    """A folder in which each coder is fed by the next one."""
    bonds = b"".join(number(i) + number(i + 1) for i in range(len(coders) - 1))
    return number(len(coders)) + b"".join(coders) + bonds


def streams(packed, folders, files=b""):
    """`packed` are the packed streams, `folders` pairs of a folder and the sizes that its coders give."""
    sizes = b"".join(number(len(stream)) for stream in packed)
    info = b"\x06" + number(0) + number(len(packed)) + b"\x09" + sizes + b"\0"
    info += b"\x07\x0b" + number(len(folders)) + b"\0" + b"".join(folder for folder, _ in folders)
    info += b"\x0c" + b"".join(number(size) for _, sizes in folders for size in sizes) + b"\0"
    return info + files + b"\0"


def archive(packed, header):
    body = b"".join(packed)
    start = struct.pack("<QQI", len(body), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + body + header


def of_folders(packed, folders, files=b""):
    return archive(packed, b"\1\4" + streams(packed, folders, files) + b"\0")


def same(count, folder, sizes, packed):
    return of_folders([packed] * count, [(folder, sizes)] * count)


def raw(content, method, dictionary=1 << 20):
    return lzma.compress(content, lzma.FORMAT_RAW, filters=[{"id": method, "preset": 6, "dict_size": dictionary}])


def lzma_coder(dictionary=1 << 20):
    return coder(LZMA, b"\x5d" + struct.pack("<I", dictionary))


def packed_headers(size):
    """A header that is packed in itself, four times, and grows each time."""
    names = b"\5" + number(1_000_000) + b"\0"
    header = b"\1" + names + b"\0" * size
    for _ in range(3):
        packed = raw(header, lzma.FILTER_LZMA1)
        header = b"\x17" + streams([packed], [(chain(lzma_coder()), [len(header)])])
        header += b"\0" * 100
    return archive([packed], header)


def shapes(size):
    noise = random.Random(6).randbytes
    zeros = 15_000_000
    bomb, bomb2 = raw(b"\0" * zeros, lzma.FILTER_LZMA1), raw(b"\0" * zeros, lzma.FILTER_LZMA2)
    branches = b"\xe8\0\0\0\0" * (size // 5)
    ppmd = coder(PPMD, b"\x20" + struct.pack("<I", 256 << 20))
    yield "7z-lzma-bombs", None, lambda: same(size // (len(bomb) + 30), chain(lzma_coder()), [zeros], bomb)
    yield "7z-lzma2-bombs", None, lambda: same(size // (len(bomb2) + 30), chain(coder(LZMA2, b"\x16")), [zeros], bomb2)
    yield "7z-dictionaries", None, lambda: same(size // 60, chain(lzma_coder(256 << 20)), [100], noise(40))
    yield "7z-models", None, lambda: same(size // 60, chain(ppmd), [1000], noise(40))
    yield "7z-model-long", None, lambda: same(3, chain(ppmd), [100_000_000], noise(size // 3))
    yield "7z-folders", None, lambda: same(size // 8, chain(coder(COPY)), [1], b"x")
    yield "7z-branches-32", None, lambda: same(1, chain(*[coder(X86)] * 31, coder(COPY)), [len(branches)] * 32, branches)
    yield "7z-deltas-32", None, lambda: same(1, chain(*[coder(DELTA, b"\0")] * 31, coder(COPY)), [size] * 32, noise(size))
    yield "7z-branches-of-bomb", None, lambda: same(
        size // 3_000, chain(*[coder(X86)] * 31, lzma_coder()), [zeros] * 32, bomb
    )
    yield "7z-deflate-bombs", None, lambda: same(
        size // 16_000, chain(coder(DEFLATE)), [zeros], zlib.compress(b"\0" * zeros, 9)[2:-4]
    )
    files = b"\x08\x0d" + number(size // 4) + b"\x09" + number(1) * (size // 4 - 1) + b"\0"
    yield "7z-small-files", None, lambda: of_folders([noise(size // 4)], [(chain(coder(COPY)), [size // 4])], files)
    yield "7z-packed-headers", None, lambda: packed_headers(size * 100)
    yield "7z-noise", None, lambda: same(1, chain(lzma_coder()), [size * 100], b"\0" + noise(size))
