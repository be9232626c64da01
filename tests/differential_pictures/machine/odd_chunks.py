"""PNG and WebP: chunks added, doubled, reordered, lengths and sums that lie, frames, profiles."""

import zlib

from PIL import Image

from bases import chunk, odd_profile, written


def png_chunks(png):
    out, at = [], 8
    while at + 12 <= len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        out.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += 12 + length
    return out


def put(chunks):
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


def png(rng, picture, decoy):
    mode = rng.choice(("RGB", "RGB", "L", "P", "RGBA", "LA", "1", "I;16"))
    options = {"compress_level": 1}
    frames = []
    if rng.random() < 0.2:
        frames = [decoy] * rng.choice((1, 2, 40))
        frames[rng.randrange(len(frames))] = picture
        first = rng.choice((decoy, picture))
        options.update(save_all=True, append_images=frames, duration=rng.choice((50, 1000)), default_image=rng.random() < 0.5)
        data = written(first, "PNG", **options)
    elif mode == "I;16":
        gamma = rng.choice((0.45455, 1.0, 6.0, 12.0))
        table = [min(65535, round(65535 * (v / 255) ** (2.2 * gamma))) for v in range(256)]
        wide = b"".join(table[v].to_bytes(2, "little") for v in picture.convert("L").tobytes())
        data = written(Image.frombytes("I;16", picture.size, wide), "PNG", **options)
        data = put_after_header(data, b"gAMA", round(gamma * 100000).to_bytes(4, "big"))
    else:
        if rng.random() < 0.25 and mode in ("RGB", "L", "RGBA"):
            icc, undo = odd_profile(rng, mode == "L")
            picture, options["icc_profile"] = undo(picture.convert("L" if mode == "L" else "RGB")), icc
        picture = picture.convert(mode)
        if mode in ("RGBA", "LA") and rng.random() < 0.7:
            picture.putalpha(decoy.convert("L").resize(picture.size))
        data = written(picture, "PNG", **options)
    return data


def put_after_header(data, kind, content):
    chunks = png_chunks(data)
    return put(chunks[:1] + [(kind, content)] + chunks[1:])


def change_png(rng, data):
    chunks = png_chunks(data)
    kind = rng.randrange(9)
    at = rng.randrange(1, max(2, len(chunks)))
    if kind == 0:
        gamma = rng.choice((1, 1000, 22000, 45455, 100000, 1000000)).to_bytes(4, "big")
        chunks.insert(rng.choice((1, at)), (b"gAMA", gamma))
    elif kind == 1:
        xy = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]
        rng.shuffle(xy)
        chunks.insert(1, (b"cHRM", b"".join(v.to_bytes(4, "big") for v in xy)))
    elif kind == 2:
        chunks.insert(at, chunks[min(at, len(chunks) - 1)])
    elif kind == 3:
        chunks.append((b"fcTL", bytes(26)))
    elif kind == 4:
        count = rng.choice((0, 1, 2, 99)).to_bytes(4, "big")
        chunks.insert(1, (b"acTL", count + bytes(4)))
    elif kind == 5 and len(chunks) > 3:
        other = rng.randrange(1, len(chunks) - 1)
        chunks[other], chunks[min(at, len(chunks) - 1)] = chunks[min(at, len(chunks) - 1)], chunks[other]
    elif kind == 6:
        data = bytearray(put(chunks))
        data[rng.randrange(8, len(data))] ^= 1 << rng.randrange(8)
        return bytes(data)
    elif kind == 7:
        chunks.insert(1, (b"cICP", bytes((rng.choice((1, 9, 12)), rng.choice((1, 8, 13, 16, 18)), 0, 1))))
    else:
        chunks.insert(1, (rng.choice((b"tRNS", b"sRGB", b"bKGD", b"sBIT", b"PLTE")), bytes(rng.choice((1, 2, 3, 6, 12)))))
    return put(chunks)


def webp(rng, picture, decoy):
    options = {"quality": 80, "lossless": rng.random() < 0.3, "method": 0}
    if rng.random() < 0.3:
        frames = [decoy] * rng.choice((1, 2, 40))
        frames[rng.randrange(len(frames))] = picture
        options.update(save_all=True, append_images=frames, duration=rng.choice((50, 60000)), minimize_size=False)
        return written(rng.choice((decoy, picture)), "WEBP", **options)
    if rng.random() < 0.3:
        icc, undo = odd_profile(rng)
        picture, options["icc_profile"] = undo(picture), icc
    if rng.random() < 0.2:
        picture = picture.convert("RGBA")
        picture.putalpha(decoy.convert("L").resize(picture.size))
    return written(picture, "WEBP", **options)


def change_webp(rng, data):
    chunks, at = [], 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        chunks.append(data[at : at + 8 + length + length % 2])
        at += 8 + length + length % 2
    kind, at = rng.randrange(6), rng.randrange(len(chunks))
    if kind == 0:
        chunks.insert(rng.choice((at, len(chunks))), b"JUNK" + (400).to_bytes(4, "little") + b"ANMF" * 100)
    elif kind == 1:
        chunks.insert(at, chunks[at])
    elif kind == 2:
        other = rng.randrange(len(chunks))
        chunks[at], chunks[other] = chunks[other], chunks[at]
    elif kind == 3:
        body = bytearray(chunks[at])
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        chunks[at] = bytes(body)
    elif kind == 4 and chunks[0][:4] == b"VP8X":
        flags = bytearray(chunks[0])
        flags[8] ^= rng.choice((0x02, 0x10, 0x20, 0x08))
        chunks[0] = bytes(flags)
    body = b"WEBP" + b"".join(chunks)
    length = len(body) if kind != 5 else rng.choice((0, 10, len(body) - 20, len(body) + 100))
    return b"RIFF" + length.to_bytes(4, "little") + body


def recompressed(data, level):
    """The data of a PNG packed anew, in pieces."""
    chunks = png_chunks(data)
    packed = b"".join(content for kind, content in chunks if kind == b"IDAT")
    try:
        packed = zlib.compress(zlib.decompress(packed), level)
    except zlib.error:
        return data
    kept = [c for c in chunks if c[0] != b"IDAT"]
    pieces = [(b"IDAT", packed[n : n + 5000]) for n in range(0, len(packed), 5000)]
    return put(kept[:-1] + pieces + kept[-1:])
