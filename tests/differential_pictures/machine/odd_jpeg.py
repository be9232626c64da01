"""JPEG with segments added, doubled, reordered, lengths and counts that lie, and scans with damage."""

from PIL import Image

from bases import LARGE, odd_profile, written

JFIF = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"


def adobe(transform):
    return b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([transform])


def segments(jpeg):
    """Segments one by one, scans with their data."""
    out, at = [jpeg[:2]], 2
    while at + 4 <= len(jpeg):
        marker = jpeg[at + 1]
        if marker == 0xD9:
            break
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if marker == 0xDA:
            while end + 1 < len(jpeg) and not (jpeg[end] == 0xFF and jpeg[end + 1] not in (0, *range(0xD0, 0xD8))):
                end += 1
        out.append(jpeg[at:end])
        at = end
    return out + [jpeg[at:]]


def encode(rng, picture, allow_large=True):
    if allow_large and rng.random() < 0.12:
        picture = picture.resize(LARGE, Image.BICUBIC)
    options = {"quality": rng.choice((60, 80, 92)), "progressive": rng.random() < 0.4}
    if rng.random() < 0.3:
        options["subsampling"] = rng.choice((0, 1, 2))
    if rng.random() < 0.25:
        options["restart_marker_blocks" if rng.random() < 0.5 else "restart_marker_rows"] = rng.choice((1, 3, 7))
    if rng.random() < 0.15:
        picture = picture.convert(rng.choice(("L", "CMYK")))
    elif rng.random() < 0.12:
        options.update(keep_rgb=True, subsampling=0)
    if rng.random() < 0.15 and picture.mode in ("L", "RGB"):
        icc, undo = odd_profile(rng, picture.mode == "L")
        picture, options["icc_profile"] = undo(picture), icc
    if rng.random() < 0.1:
        exif = Image.Exif()
        exif[0x112] = rng.randrange(1, 9)
        options["exif"] = exif
    return written(picture, "JPEG", **options)


def scan_bytes(parts):
    return [n for n, part in enumerate(parts) if part[:2] == b"\xff\xda" and len(part) > 60]


def damage(rng, jpeg):
    parts = segments(jpeg)
    scans = scan_bytes(parts)
    if not scans:
        return jpeg
    n = rng.choice(scans)
    data = bytearray(parts[n])
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(20, len(data))
        kind = rng.randrange(5)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at : at + rng.randrange(1, 40)]
        elif kind == 2:
            data[at:at] = bytes(rng.randrange(255) for _ in range(rng.randrange(1, 20)))
        elif kind == 3:
            data[at:at] = bytes((0xFF, 0xD0 + rng.randrange(8)))
        else:
            data[at:at] = b"\xff" * rng.randrange(1, 5) + b"\0"
    parts[n] = bytes(data)
    return b"".join(parts)


def change(rng, jpeg):
    """One change of structure."""
    parts = segments(jpeg)
    kind = rng.randrange(14)
    heads = [n for n in range(1, len(parts) - 1) if parts[n][:2] != b"\xff\xda"]
    pick = rng.choice(heads) if heads else 1
    if kind == 0:
        parts.insert(rng.choice((1, 2, pick)), adobe(rng.choice((0, 1, 2, 255))))
    elif kind == 1:
        parts.insert(rng.choice((1, pick)), JFIF)
    elif kind == 2:
        parts = [part for part in parts if part[:2] not in (b"\xff\xe0", b"\xff\xee")]
    elif kind == 3:
        table = next((p for p in parts if p[:2] == b"\xff\xdb"), b"")
        odd = bytearray(table)
        for at in range(5, len(odd)):
            odd[at] = rng.choice((1, 255, odd[at]))
        parts.insert(rng.choice((len(parts) - 1, pick, max(scan_bytes(parts), default=1))), bytes(odd))
    elif kind == 4:
        parts.insert(pick, parts[pick])
    elif kind == 5:
        other = rng.choice(heads)
        parts[pick], parts[other] = parts[other], parts[pick]
    elif kind == 6:
        frame = next((n for n, p in enumerate(parts) if p[:2] in (b"\xff\xc0", b"\xff\xc2")), None)
        if frame is not None:
            p = bytearray(parts[frame])
            ids = rng.choice((b"RGB", b"\1\2\3", b"\0\1\2", b"\1\1\1", b"YCc"))
            names = dict(zip((p[10 + 3 * n] for n in range(p[9])), ids))
            for n in range(min(p[9], 3)):
                p[10 + 3 * n] = names[p[10 + 3 * n]]
            parts[frame] = bytes(p)
            for n in scan_bytes(parts):
                s = bytearray(parts[n])
                for c in range(s[4]):
                    s[5 + 2 * c] = names.get(s[5 + 2 * c], s[5 + 2 * c])
                parts[n] = bytes(s)
    elif kind == 7:
        parts.insert(1, b"\xff" * rng.randrange(1, 9) + b"\xfe\0\x06abcd")
    elif kind == 8:
        parts.insert(pick, bytes(rng.randrange(255) for _ in range(rng.randrange(1, 9))))
    elif kind == 9:
        interval = rng.choice((0, 1, 2, 5, 1000)).to_bytes(2, "big")
        parts.insert(rng.choice((pick, len(parts) - 1)), b"\xff\xdd\0\4" + interval)
    elif kind == 10:
        frame = next((n for n, p in enumerate(parts) if p[:2] in (b"\xff\xc0", b"\xff\xc2")), 1)
        p = bytearray(parts[frame])
        if rng.random() < 0.5:
            p[5:7] = b"\0\0"
            parts.insert(len(parts) - 1, b"\xff\xdc\0\4" + parts[frame][5:7])
        else:
            p[5:7] = max(1, int.from_bytes(p[5:7], "big") + rng.choice((-9, 5, 30))).to_bytes(2, "big")
        parts[frame] = bytes(p)
    elif kind == 11:
        parts = parts[: -1] + [b""] if rng.random() < 0.5 else parts + [parts[-1] * 2, b"\0\0tail"]
    elif kind == 12:
        scans = scan_bytes(parts)
        if len(scans) > 1:
            n = rng.choice(scans)
            if rng.random() < 0.5:
                del parts[n]
            else:
                parts.insert(n, parts[n])
    else:
        parts.insert(1, b"\xff\xe1" + (8).to_bytes(2, "big") + b"Exif\0\0")
    return b"".join(parts)
