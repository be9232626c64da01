"""GIF, BMP, ICO, TIFF, AVIF and the rest: screens, headers, folders, pages and frames that are unusual."""

import struct

from PIL import Image

from bases import odd_profile, png, written


def gif(rng, picture, decoy):
    frames = [picture]
    if rng.random() < 0.5:
        frames = [decoy] * rng.choice((1, 2, 8, 45))
        frames[rng.randrange(len(frames))] = picture
    first, rest = frames[0], frames[1:]
    options = {"save_all": True, "append_images": rest, "disposal": rng.choice((0, 1, 2, 3)), "optimize": False}
    options["duration"] = rng.choice((0, 20, 9000))
    if rng.random() < 0.3:
        options["interlace"] = 0
    data = bytearray(written(first, "GIF", **options))
    kind = rng.randrange(6)
    if kind == 0:
        data[6:10] = struct.pack("<HH", *rng.choice(((1, 1), (256, 4), (60, 60), (0, 0), (2000, 2000))))
    elif kind == 1:
        data[11] = rng.randrange(256)
    elif kind == 2:
        data[10] ^= rng.choice((0x08, 0x70))
    elif kind == 3 and rng.random() < 0.5:
        data[-1:] = b""
    elif kind == 4:
        data[-1:] = rng.choice((b"\0\0;", b"!\xfe\x03abc\0;", b"!\xf9\x04\x09\0\0\0\0;", b";;GIF89a"))
    return bytes(data)


def bmp_rows(picture, bits, stride_of=None):
    width, height = picture.size
    if bits == 8:
        raw, pixels = picture.convert("L").tobytes(), 1
    else:
        raw, pixels = picture.tobytes("raw", "BGR" if bits == 24 else "BGRX"), bits // 8
    stride = (width * pixels + 3) // 4 * 4
    rows = [raw[y * width * pixels : (y + 1) * width * pixels] for y in range(height)]
    return b"".join(row + bytes(stride - len(row)) for row in reversed(rows))


def bmp(rng, picture, decoy):
    size = rng.choice((12, 16, 20, 24, 28, 32, 36, 40, 42, 44, 46, 48, 52, 56, 60, 64, 108, 124))
    bits = rng.choice((8, 24, 32))
    width, height = picture.size
    flip = size >= 40 and rng.random() < 0.2
    if flip:
        rows = bmp_rows(picture.transpose(Image.FLIP_TOP_BOTTOM), bits)
    else:
        rows = bmp_rows(picture, bits)
    if size == 12:
        header = struct.pack("<IHHHH", 12, width, height, rng.choice((1, 0, 7)), bits)
        palette = b"".join(bytes((v, v, v)) for v in range(256)) if bits == 8 else b""
    else:
        full = struct.pack("<IiiHHIIiiII", size, width, -height if flip else height, rng.choice((1, 1, 0, 9)), bits, 0, rng.choice((0, len(rows), 7)), 2835, 2835, 0, 0)
        full += struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, rng.choice((0, 0, 0xFF000000)))
        header = (full + bytes(124))[:size]
        palette = b"".join(bytes((v, v, v, 0)) for v in range(256)) if bits == 8 else b""
    offset = 14 + len(header) + len(palette)
    gap = rng.choice((0, 0, 4, 17))
    stated = rng.choice((offset + gap, offset + gap, offset + gap, 0)) if not gap else offset + gap
    length = rng.choice((offset + len(rows), 0, 1 << 31))
    return b"BM" + struct.pack("<IHHI", length, rng.choice((0, 5)), 0, stated) + header + palette + bytes(gap) + rows


def dib(rng, picture, decoy):
    return bmp(rng, picture, decoy)[14:] if rng.random() < 0.5 else written(picture, "DIB")


def icon_picture(rng, picture):
    if rng.random() < 0.5:
        return png(picture)
    bits = rng.choice((24, 32))
    size = rng.choice((40, 40, 40, 64, 108))
    header = struct.pack("<IiiHHIIiiII", size, picture.width, picture.height * 2, rng.choice((1, 0, 4)), bits, 0, 0, 0, 0, 0, 0)
    header += bytes(size - 40)
    mask = bytes((picture.width + 31) // 32 * 4 * picture.height)
    return header + bmp_rows(picture, bits) + mask


def ico(rng, picture, decoy):
    count = rng.choice((1, 1, 2, 3, 40, 80))
    small = picture.resize((128, 128))
    all_of = [icon_picture(rng, decoy.resize((rng.choice((16, 32, 48)),) * 2)) for _ in range(count - 1)]
    at = rng.randrange(count)
    all_of.insert(at, icon_picture(rng, small if rng.random() < 0.5 else picture.resize((256, 256))))
    broken = rng.random() < 0.15
    folder, data = b"", b""
    for n, content in enumerate(all_of):
        side = rng.choice((0, 16, 128, 255))
        place = 6 + 16 * count + len(data)
        length = rng.choice((len(content), len(content), 0, 0xFFFFFFFF))
        if broken and n != at:
            place = 0xFFFFFF
        folder += struct.pack("<BBBBHHII", side, side, 0, rng.choice((0, 0, 7)), rng.choice((0, 1, 4, 99)), rng.choice((0, 24, 32, 77)), length, place)
        data += content
    return struct.pack("<HHH", 0, rng.choice((1, 1, 2)), count) + folder + data


def tiff(rng, picture, decoy):
    compression = rng.choice(("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "tiff_lzw", "lzma", "zstd", "group4"))
    if compression == "group4":
        picture, decoy = picture.convert("1"), decoy.convert("1")
    pages = [decoy] * rng.choice((0, 0, 1, 3, 26, 45))
    pages.insert(rng.randrange(len(pages) + 1), picture)
    options = {"compression": compression, "save_all": True, "append_images": pages[1:]}
    if rng.random() < 0.2 and compression != "group4" and len(pages) == 1:
        icc, undo = odd_profile(rng)
        pages, options["icc_profile"] = [undo(picture)], icc
    try:
        data = bytearray(written(pages[0], "TIFF", **options))
    except Exception:
        return written(picture.copy(), "TIFF", save_all=True, append_images=[decoy.copy()])
    if rng.random() < 0.3:
        data[rng.randrange(8, min(len(data), 4000))] ^= 1 << rng.randrange(8)
    return bytes(data)


def avif(rng, picture, decoy):
    options = {"speed": 10, "quality": 70}
    if rng.random() < 0.25:
        frames = [decoy] * rng.choice((1, 3))
        options.update(save_all=True, append_images=frames + [picture], duration=rng.choice((100, 20000)))
        return written(decoy, "AVIF", **options)
    if rng.random() < 0.3:
        icc, undo = odd_profile(rng)
        picture, options["icc_profile"] = undo(picture), icc
    data = written(picture, "AVIF", **options)
    kind = rng.randrange(5)
    length = int.from_bytes(data[:4], "big")
    if kind == 0:
        return data
    if kind == 1:
        # Offsets are from the start of the file, so what is longer is made up for by fewer brands.
        brands = data[8:length]
        return (1).to_bytes(4, "big") + b"ftyp" + length.to_bytes(8, "big") + brands[: length - 16] + data[length:]
    if kind == 2:
        odd = bytearray(data)
        odd[rng.choice((8, 16, 20)) :][:4] = b"zzzz"
        return bytes(odd)
    odd = bytearray(data)
    at = rng.randrange(8, min(len(odd), 500))
    odd[at] ^= 1 << rng.randrange(8)
    return bytes(odd)


def tga(rng, picture, decoy):
    data = bytearray(written(picture, "TGA", compression=rng.choice((None, "tga_rle"))))
    kind = rng.randrange(6)
    if kind == 0:
        data[17] |= rng.choice((0x40, 0x80, 0xC0, 0x10))
    elif kind == 1:
        data[-26:] = b""
    elif kind == 2:
        data += bytes(rng.randrange(1, 50))
    elif kind == 3:
        data[18:18], data[0] = b"id" * 5, 10
    elif kind == 4:
        data = data[: len(data) * rng.choice((5, 9)) // 10]
    return bytes(data)


def qoi(rng, picture, decoy):
    data = bytearray(written(picture, "QOI"))
    if rng.random() < 0.5:
        data[rng.choice((12, 13))] = rng.choice((0, 1, 2, 3, 4, 5, 255))
    return bytes(data)


def pnm(rng, picture, decoy):
    data = written(picture.convert(rng.choice(("RGB", "L", "1"))), "PPM")
    kind = rng.randrange(5)
    if kind == 0:
        data = data[:2] + b"\n# " + bytes(rng.choice((b"abc", b"a" * 2000))) + b"\n" + data[3:]
    elif kind == 1:
        data = data[:2] + b" \t\r\n" + data[3:]
    elif kind == 2:
        data = data[: len(data) * 9 // 10]
    elif kind == 3 and data[:2] == b"P6":
        head = data.split(b"\n255\n", 1)
        if len(head) == 2:
            numbers = b" ".join(b"%d" % v for v in head[1])
            data = b"P3" + head[0][2:] + b"\n255\n" + numbers
    return data


def simple(kind):
    def write(rng, picture, decoy):
        data = bytearray(written(picture, kind))
        if rng.random() < 0.3:
            data[rng.randrange(min(len(data), 200))] ^= 1 << rng.randrange(8)
        return bytes(data)

    return write


def bits(kind):
    return lambda rng, picture, decoy: written(picture.convert("1"), kind)


def psd(rng, picture, decoy):
    width, height = picture.size
    planes = [band.tobytes() for band in picture.split()]
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, height, width, 8, 3) + bytes(12)
    if rng.random() < 0.5:
        return head + b"\0\0" + b"".join(planes)
    rows, counts = b"", b""
    for plane in planes:
        for y in range(height):
            row = plane[y * width : (y + 1) * width]
            packed = b"".join(bytes((len(row[n : n + 128]) - 1,)) + row[n : n + 128] for n in range(0, width, 128))
            rows, counts = rows + packed, counts + len(packed).to_bytes(2, "big")
    return head + b"\0\1" + counts + rows


def sun(rng, picture, decoy):
    kind = rng.choice((0, 1, 3))
    raw = picture.tobytes("raw", "RGB" if kind == 3 else "BGR")
    width, height = picture.size
    rows = b"".join(raw[y * width * 3 : (y + 1) * width * 3] + bytes(width * 3 % 2) for y in range(height))
    return struct.pack(">8I", 0x59A66A95, width, height, 24, len(rows), kind, 0, 0) + rows


def fits(rng, picture, decoy):
    width, height = picture.size
    cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    2"]
    cards += [f"NAXIS1  = {width:>20}", f"NAXIS2  = {height:>20}", "END"]
    head = "".join(f"{card:<80}" for card in cards).encode().ljust(2880)
    data = picture.convert("L").transpose(Image.FLIP_TOP_BOTTOM).tobytes()
    return head + data + bytes(-len(data) % 2880)


def xpm(rng, picture, decoy):
    paletted = picture.quantize(60)
    palette = paletted.getpalette()
    letters = [chr(n) for n in range(32, 127) if chr(n) not in '"\\?']
    lines = [f"{picture.width} {picture.height} 60 1"]
    for n in range(60):
        rgb = (palette[3 * n : 3 * n + 3] + [0, 0, 0])[:3]
        lines.append(letters[n] + " c #%02x%02x%02x" % tuple(rgb))
    raw = paletted.tobytes()
    for y in range(picture.height):
        lines.append("".join(letters[v] for v in raw[y * picture.width : (y + 1) * picture.width]))
    return ("/* XPM */\nstatic char *a[] = {\n" + ",\n".join(f'"{line}"' for line in lines) + "};\n").encode()
