"""Compound files, and what old documents of Office have in them, that cost as much as they can."""
import random
import struct
import zlib

from pictures import bmp, le

SECTOR, FREE, END, TABLE = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
SMALLEST = 4096


def entry(name, kind, right, child, start, size):
    name = (name + "\0").encode("utf-16-le")
    head = name[:64].ljust(64, b"\0") + le("HBBIII", min(len(name), 64), kind, 1, FREE, right, child)
    return head + b"\0" * 36 + le("IQ", start, size)


def compound(streams, shared=1):
    """A file of `streams`, pairs of a name and a content; each is in the directory `shared` times."""
    sectors, table, entries = bytearray(), [], []

    def add(content):
        start, count = len(table), max(1, -(-len(content) // SECTOR))
        table.extend([*range(start + 1, start + count), END])
        sectors.extend(content.ljust(count * SECTOR, b"\0"))
        return start

    total = len(streams) * shared
    for name, content in streams:
        content = content.ljust(SMALLEST, b"\0")
        start = add(content)
        for copy in range(shared):
            number = len(entries) + 1
            right = number + 1 if number < total else FREE
            entries.append(entry(f"{name}{copy or ''}", 2, right, FREE, start, len(content)))
    directory = add(entry("Root Entry", 5, FREE, 1, END, 0) + b"".join(entries))
    count = 1
    while count * 128 < len(table) + count:
        count += 1
    places = [*range(len(table), len(table) + count)]
    assert count <= 109
    numbers = table + [TABLE] * count
    numbers += [FREE] * (count * 128 - len(numbers))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + le("HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += le("IIIIIIIII", 0, count, directory, 0, SMALLEST, END, 0, END, 0)
    head += struct.pack("<109I", *places, *[FREE] * (109 - count))
    return head + bytes(sectors) + struct.pack(f"<{len(numbers)}I", *numbers)


def fill(piece, size):
    return piece * max(1, size // len(piece))


def word(size):
    """A document whose pieces all show the same text."""
    text = fill(b"some words of a text ", size // 4)
    count = size // 16
    places = struct.pack(f"<{count + 1}I", *range(0, (count + 1) * 1000, 1000))
    pieces = le("HIH", 0, 0x40000000 | (1024 * 2), 0) * count
    table = b"\2" + le("I", len(places) + len(pieces)) + places + pieces
    document = bytearray(1024)
    struct.pack_into("<HH", document, 0, 0xA5EC, 0xC1)
    struct.pack_into("<II", document, 0x18, 1024, 1024 + len(text))
    struct.pack_into("<II", document, 0x1A2, 0, len(table))
    return compound([("WordDocument", bytes(document) + text), ("0Table", table)])


def record(kind, content):
    return le("HH", kind, len(content)) + content


def sheet(records):
    return record(0x0809, le("HHHHII", 0x0600, 5, 0, 0, 0, 0)) + records


def workbook(size, kind, content):
    return compound([("Workbook", sheet(fill(record(kind, content), size)))])


def sheets(size):
    """Sheets that begin at each record of each other."""
    heads = b"".join(record(0x0085, le("IHBB", 20 + 12 * i, 0, 1, 0) + b"a") for i in range(size // 13))
    return compound([("Workbook", sheet(heads))])


def atoms(size, kind, content, version=0):
    return compound([("PowerPoint Document", fill(le("HHI", version, kind, len(content)) + content, size))])


def blips(size, content):
    head = le("HHI", 0x3D4 << 4, 0xF01A, len(content) + 50) + b"\0" * 50
    return compound([("WordDocument", b"\0" * 1024), ("Data", fill(head + content, size))])


def bitmaps(size):
    bitmap = bmp(9000, 9000, 1, 8, b"\0\1")[14:]
    head = le("HHI", 0x7A8 << 4, 0xF01F, len(bitmap) + 17) + b"\0" * 17
    return compound([("Data", fill(head + bitmap, size))])


def properties(size):
    """Properties that all lie in each other."""
    count = size // 8
    values = b"".join(le("II", 2 + i, 8 * count + 8 + i % 4000) for i in range(count))
    one_set = le("II", len(values), count) + values + le("II", 0x1E, 3000) + b"words " * 1000
    head = le("HHI", 0xFFFE, 0, 0) + b"\0" * 16 + le("I", 1) + b"\0" * 16 + le("I", 48)
    return compound([("\5SummaryInformation", head + one_set)])


def packed_rtf(size):
    return le("II", size, size * 10) + b"LZFu" + le("I", 0) + fill(b"\xff" + b"\x0c\xff" * 8, size)


def shapes(size):
    bomb = zlib.compress(b"\0" * 1_400_000, 9)
    cells = le("HHHHB", 0, 0, 0, 5, 0) + b"words"
    small = [(f"s{i}", b"%d data:;base64,aGVsbG8= " % i * 30) for i in range(size // 4300)]
    yield "ole-streams", None, lambda: compound(small)
    yield "ole-shared", None, lambda: compound([("a", random.Random(8).randbytes(size * 2 // 3))], size // 3 // 128)
    yield "ole-shared-texts", None, lambda: compound([("a", fill(b"kil yourself <b>", size * 2 // 3))], size // 3 // 128)
    yield "ole-names", None, lambda: compound([("data:,%41" + "x" * 20, b"")], size // 128)
    yield "ole-pieces", None, lambda: word(size)
    yield "ole-cells", None, lambda: workbook(size, 0x0204, cells)
    yield "ole-empty-records", None, lambda: workbook(size, 0x0200, b"")
    yield "ole-strings", None, lambda: workbook(size, 0x00FC, le("II", 1, 1 << 30) + le("HB", 1, 0) + b"a")
    yield "ole-sheets", None, lambda: sheets(size)
    yield "ole-drawings", None, lambda: workbook(size, 0x00EC, b"\x0f\0\x00\xf0" * 4)
    yield "ole-bitmaps-of-sheets", None, lambda: workbook(size, 0x00E9, b"\0" * 8 + bmp(9000, 9000, 1, 8, b"\0\1")[14:])
    yield "ole-slides", None, lambda: atoms(size, 0x0FA8, b"word")
    yield "ole-slides-nested", None, lambda: atoms(size, 0x03E8, b"", 15)
    yield "ole-objects", None, lambda: atoms(size, 0x1011, b"\0\0\0\0" + bomb, 16)
    yield "ole-metafiles", None, lambda: blips(size, bomb)
    yield "ole-bitmaps", None, lambda: bitmaps(size)
    yield "ole-properties", None, lambda: properties(size)
    yield "ole-mail", None, lambda: compound([("__substg1.0_1000001F", "words ".encode("utf-16-le") * 400)], size // 200)
    yield "ole-packed-rtf", None, lambda: compound([("__substg1.0_10090102", packed_rtf(size))])
    yield "ole-attachments", None, lambda: compound([("__substg1.0_37010102", b"%PDF-1.7 1 0 obj" * 300)], size // 200)
