"""Bodies made of what the fuzz targets begin with, and of pictures and archives of real tools: repeated, and damaged."""
import random
import zlib
from pathlib import Path

from archives import STORED, zip_of

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "carving": "fuzz/corpus/carving",
    "containers": "fuzz/corpus/containers",
    "encodings": "fuzz/corpus/encodings",
    "form": "fuzz/corpus/form",
    "grpc": "fuzz/corpus/grpc",
    "json": "fuzz/corpus/json",
    "multipart": "fuzz/corpus/multipart",
    "pictures": "fuzz/corpus/pictures",
    "text": "fuzz/corpus/text_scan",
    "xml": "fuzz/corpus/xml",
    "real-archives": "tests/fixtures/containers",
    "real-pictures": "tests/fixtures/pictures",
    "jpeg2000": "tests/fixtures/pictures/jpeg2000",
    "heif": "tests/fixtures/pictures/heif",
}
TYPES = {
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
    "xml": "application/xml",
    "grpc": "application/grpc",
}
LARGEST = 100_000


def seeds(folder):
    files = sorted(path for path in (ROOT / folder).iterdir() if path.is_file())
    return [path.read_bytes() for path in files if 0 < path.stat().st_size <= LARGEST]


def damaged(content, choose):
    """A few bytes changed, a stretch doubled or left out, numbers made large."""
    content = bytearray(content)
    for _ in range(choose.randrange(1, 6)):
        at = choose.randrange(len(content))
        way = choose.randrange(4)
        if way == 0:
            content[at] = choose.randrange(256)
        elif way == 1:
            content[at : at + 4] = choose.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\x23\x28", b"\0\0\0\1"])
        elif way == 2:
            content[at:at] = content[at : at + choose.randrange(1, 200)] * choose.choice([1, 2, 50])
        elif len(content) > 20:
            del content[at : at + choose.randrange(1, 20)]
    return bytes(content)


def packed(contents, size):
    """A zip of as many of `contents` as there is room for."""
    entries, length = [], 0
    for number, content in enumerate(contents):
        length += len(content) + 110
        if length > size or number >= 9000:
            break
        entries.append((b"%d" % number, STORED, content, len(content), zlib.crc32(content)))
    return zip_of(entries)


def numbered(files):
    number = 0
    while True:
        for content in files:
            number += 1
            yield content + b"%d" % number


def mutations(files, seed):
    choose = random.Random(seed)
    while True:
        yield damaged(choose.choice(files), choose)


def joined(files, size, seed):
    out, choose = bytearray(), random.Random(seed)
    while len(out) < size:
        out += damaged(choose.choice(files), choose)
    return bytes(out)


def shapes(size):
    for name, folder in FOLDERS.items():
        files = seeds(folder)
        yield f"seeds-{name}", None, lambda files=files: packed(numbered(files), size)
        yield f"seeds-{name}-damaged", None, lambda files=files: packed(mutations(files, 1), size)
        yield f"seeds-{name}-joined", TYPES.get(name), lambda files=files: joined(files, size, 2)
