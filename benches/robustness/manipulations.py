"""What happens to pictures on their way from one upload to the next."""

import io
import random
from dataclasses import dataclass
from typing import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

# What a manipulated picture is saved with, as an editor or a phone would.
QUALITY = 90


@dataclass
class Manipulation:
    """`apply` takes a picture and a source of chance, and gives a picture, or a file with its suffix."""

    group: str
    label: str
    apply: Callable

    def file(self, picture, seed):
        """The bytes and the suffix of the manipulated picture. Equal for an equal seed."""
        result = self.apply(picture, random.Random(seed))
        return result if isinstance(result, tuple) else encoded(result, "JPEG", quality=QUALITY)


def encoded(picture, format, **options):
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue(), "jpg" if format == "JPEG" else format.lower()


def resized(picture, percent):
    size = [max(8, round(side * percent / 100)) for side in picture.size]
    return picture.resize(size, Image.Resampling.BICUBIC)


def avif(picture, quality):
    """Through AVIF and back: written as PNG, so that any build of Penstock reads it."""
    data, _ = encoded(picture, "AVIF", quality=quality, speed=8)
    return encoded(Image.open(io.BytesIO(data)), "PNG", compress_level=1)


def gamma(picture, value):
    table = [round(255 * (level / 255) ** value) for level in range(256)]
    return picture.point(table * 3)


def noisy(picture, chance, sigma):
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, sigma, (picture.height, picture.width, 3))
    return Image.fromarray((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8))


def font(size):
    return ImageFont.load_default(size)


def watermarked(picture, chance, share, opacity):
    """A line of text over `share` of the width: small ones in a corner, large ones over the middle."""
    text = "© example.org"
    size = max(8, int(picture.width * share / 7))
    layer = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(layer)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font(size))
    room = picture.width - right, picture.height - bottom
    place = chance.choice([(0.02, 0.02), (0.98, 0.02), (0.02, 0.98), (0.98, 0.98)]) if share < 0.5 else (0.5, 0.5)
    position = tuple(space * part for space, part in zip(room, place))
    draw.text(position, text, font=font(size), fill=(255, 255, 255, opacity), stroke_width=1, stroke_fill=(0, 0, 0, opacity))
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def captioned(picture, chance, percent):
    """A bar above or below with two lines of text."""
    height = round(picture.height * percent / 100)
    paper, ink = chance.choice([("white", "black"), ("black", "white")])
    at_top = chance.random() < 0.5
    result = Image.new("RGB", (picture.width, picture.height + height), paper)
    result.paste(picture, (0, height if at_top else 0))
    text = "when the upload passes\nand nobody looked at it"
    draw = ImageDraw.Draw(result)
    middle = height / 2 if at_top else picture.height + height / 2
    draw.multiline_text(
        (picture.width / 2, middle), text, ink, font(max(8, height * 0.3)), anchor="mm", align="center"
    )
    return result


def bordered(picture, chance, percent):
    """A frame of one colour, so wide on each side."""
    colour = chance.choice(["white", "black", "#d8cfc0", "#203050"])
    return ImageOps.expand(picture, round(min(picture.size) * percent / 100), colour)


def letterboxed(picture, percent):
    """Black bars above and below, together so much of the new height."""
    bar = round(picture.height * percent / (100 - percent) / 2)
    result = Image.new("RGB", (picture.width, picture.height + 2 * bar))
    result.paste(picture, (0, bar))
    return result


def pillarboxed(picture, percent):
    return letterboxed(picture.transpose(Image.Transpose.ROTATE_90), percent).transpose(Image.Transpose.ROTATE_270)


def cropped(picture, chance, percent):
    """`percent` of the width and of the height cut away, at chance's choice of place."""
    width, height = (round(side * (1 - percent / 100)) for side in picture.size)
    x, y = chance.randint(0, picture.width - width), chance.randint(0, picture.height - height)
    return picture.crop((x, y, x + width, y + height))


def rotated(picture, chance, degrees):
    """Straightened as an editor does it: turned, and cut to the largest rectangle of the same shape inside."""
    angle = degrees * chance.choice([-1, 1])
    turned = picture.rotate(angle, Image.Resampling.BICUBIC)
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    shape = max(picture.width / picture.height, picture.height / picture.width)
    scale = 1 / (cosine + shape * sine)
    width, height = (side * scale for side in picture.size)
    x, y = (picture.width - width) / 2, (picture.height - height) / 2
    return turned.crop((round(x), round(y), round(x + width), round(y + height)))


def screenshot(picture, chance):
    """Shown by a browser: bars with text above, a margin around."""
    width, height = picture.size
    margin, bar = round(width * 0.03), round(height * 0.1)
    result = Image.new("RGB", (width + 2 * margin, height + bar + margin), chance.choice(["#ffffff", "#1e1e1e"]))
    draw = ImageDraw.Draw(result)
    draw.rectangle((0, 0, result.width, bar * 0.7), fill="#dee1e6")
    draw.rounded_rectangle((bar, bar * 0.12, result.width - bar, bar * 0.58), bar * 0.2, fill="#ffffff")
    draw.text((bar * 1.3, bar * 0.35), "https://example.org/photo", "#333333", font(max(8, bar * 0.25)), anchor="lm")
    result.paste(picture, (margin, bar))
    return encoded(result, "PNG", compress_level=1)


def turned_by_exif(picture):
    """Stored on its side, with the EXIF orientation that shows it upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=QUALITY, exif=exif)


def of(group, label, apply):
    return Manipulation(group, label, apply)


def enhanced(group, enhancer, factors):
    return [of(group, f"× {factor}", lambda p, _, f=factor: enhancer(p).enhance(f)) for factor in factors]


def by_percent(group, apply, percents):
    return [of(group, f"{percent} %", lambda p, chance, n=percent: apply(p, chance, n)) for percent in percents]


TRANSPOSE = Image.Transpose
ALL = [
    of("as it is", "saved again", lambda p, _: p),
    *by_percent("resize", lambda p, _, n: resized(p, n), [25, 50, 75, 150, 400]),
    of("resize", "shape to 1:1", lambda p, _: p.resize((p.height, p.height), Image.Resampling.BICUBIC)),
    *[of("JPEG", f"quality {q}", lambda p, _, q=q: encoded(p, "JPEG", quality=q)) for q in (95, 75, 50, 30, 20, 10)],
    of("JPEG", "progressive 75", lambda p, _: encoded(p, "JPEG", quality=75, progressive=True)),
    *[of("WebP", f"quality {q}", lambda p, _, q=q: encoded(p, "WEBP", quality=q, method=2)) for q in (80, 40)],
    *[of("AVIF", f"quality {q}", lambda p, _, q=q: avif(p, q)) for q in (70, 40)],
    of("format", "PNG", lambda p, _: encoded(p, "PNG", compress_level=1)),
    of("format", "GIF, 256 colours", lambda p, _: encoded(p.quantize(256), "GIF")),
    *[of("blur", f"radius {r}", lambda p, _, r=r: p.filter(ImageFilter.GaussianBlur(r))) for r in (1, 2, 5)],
    *[of("sharpen", f"{n} %", lambda p, _, n=n: p.filter(ImageFilter.UnsharpMask(2, n))) for n in (100, 300)],
    *enhanced("brightness", ImageEnhance.Brightness, [0.5, 0.75, 1.25, 1.5]),
    *enhanced("contrast", ImageEnhance.Contrast, [0.5, 0.75, 1.25, 1.5]),
    *[of("gamma", str(value), lambda p, _, v=value: gamma(p, v)) for value in (0.5, 0.75, 1.5, 2.0)],
    *enhanced("saturation", ImageEnhance.Color, [0.5, 1.5]),
    of("grey", "", lambda p, _: p.convert("L")),
    of("negative", "", lambda p, _: ImageOps.invert(p)),
    *[of("noise", f"σ {s}", lambda p, chance, s=s: noisy(p, chance, s)) for s in (5, 15, 30)],
    of("watermark", "small", lambda p, chance: watermarked(p, chance, 0.25, 200)),
    of("watermark", "large", lambda p, chance: watermarked(p, chance, 0.8, 128)),
    *by_percent("caption bar", captioned, [10, 20]),
    *by_percent("border", bordered, [2, 5, 10, 20]),
    *by_percent("letterbox", lambda p, _, n: letterboxed(p, n), [5, 10, 20, 40]),
    *by_percent("pillarbox", lambda p, _, n: pillarboxed(p, n), [10, 20]),
    *by_percent("crop", cropped, [2, 5, 10, 20]),
    *[of("rotation", f"{n}°", lambda p, chance, n=n: rotated(p, chance, n)) for n in (1, 2, 3, 5)],
    of("quarter turns", "90°", lambda p, _: p.transpose(TRANSPOSE.ROTATE_90)),
    of("quarter turns", "180°", lambda p, _: p.transpose(TRANSPOSE.ROTATE_180)),
    of("quarter turns", "270°", lambda p, _: p.transpose(TRANSPOSE.ROTATE_270)),
    of("EXIF turn", "", lambda p, _: turned_by_exif(p)),
    of("mirror", "left to right", lambda p, _: ImageOps.mirror(p)),
    of("mirror", "top to bottom", lambda p, _: ImageOps.flip(p)),
    of("screenshot frame", "", lambda p, chance: screenshot(p, chance)),
    of("several at once", "mirror, 60 %, gamma, letterbox", lambda p, chance: letterboxed(gamma(resized(ImageOps.mirror(p), 60), 1.2), 20)),
    *by_percent("border, quality 50", lambda p, c, n: encoded(bordered(p, c, n), "JPEG", quality=50), [2, 5, 10]),
    *by_percent("letterbox, quality 30", lambda p, _, n: encoded(letterboxed(p, n), "JPEG", quality=30), [10, 20]),
]
