"""PDF: a listed picture that pages put together in ways of their own, in files whose structure is unusual.

No stream holds the picture as it is, but for some. What a page shows besides is little: programs show whole pages, and
these have to be near the listed picture.
"""

import zlib

from PIL import Image, ImageOps

from bases import written

# ITU-T T.4 and JBIG2 are written by no library at hand.
FILTERS = ("Flate", "DCT", "DCT", "Hex", "85", "JPX", "plain")


class File:
    """Objects by their numbers, from 1 on; the first is the catalogue, the second the root of the pages."""

    def __init__(self):
        self.objects = [None, None]

    def add(self, dictionary, data=None):
        self.objects.append((dictionary, data))
        return len(self.objects)

    def written(self, rng):
        header = rng.choice((b"%PDF-1.7\n", b"%PDF-1.3\r\n%\xe2\xe3\xcf\xd3\r\n", b"junk before\n%PDF-1.4\n"))
        out, places = bytearray(header), []
        order = list(range(len(self.objects)))
        if rng.random() < 0.2:
            rng.shuffle(order)
        places = [0] * len(order)
        for number in order:
            dictionary, data = self.objects[number]
            places[number] = len(out)
            out += b"%d 0 obj\n<<%s" % (number + 1, dictionary)
            if data is None:
                out += b">>\nendobj\n"
            else:
                out += b"/Length %d>>\nstream\n" % rng.choice([len(data)] * 12 + [0, len(data) + 9])
                out += data + b"\nendstream\nendobj\n"
        start = len(out)
        if rng.random() < 0.7:
            out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
            shift = rng.choice((0, 0, 0, 0, 7))
            out += b"".join(b"%010d 00000 n \n" % (place + shift) for place in places)
        out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start)
        return bytes(out)


def base85(data):
    import base64

    return base64.a85encode(data) + b"~>"


def image(rng, file, picture, more=b"", only=None):
    """An object that is `picture`, through some filter."""
    kind = only or rng.choice(FILTERS)
    grey = picture.mode == "L"
    space = b"DeviceGray" if grey else b"DeviceRGB"
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8" % picture.size
    raw = picture.tobytes()
    if kind == "DCT":
        return file.add(head + b"/ColorSpace/" + space + b"/Filter/DCTDecode" + more, written(picture, "JPEG", quality=92))
    if kind == "JPX":
        return file.add(head + b"/Filter/JPXDecode" + more, written(picture, "JPEG2000"))
    if not grey and rng.random() < 0.2:
        raw = picture.convert("CMYK").tobytes()
        space = b"DeviceCMYK"
    if rng.random() < 0.15:
        raw = bytes(255 - byte for byte in raw)
        more += b"/Decode[" + b"1 0 " * (len(raw) // (picture.width * picture.height)) + b"]"
    if kind == "Hex":
        return file.add(head + b"/ColorSpace/" + space + b"/Filter/ASCIIHexDecode" + more, raw.hex().encode() + b">")
    if kind == "85":
        both = b"/Filter[/ASCII85Decode/FlateDecode]"
        return file.add(head + b"/ColorSpace/" + space + both + more, base85(zlib.compress(raw)))
    if kind == "plain":
        return file.add(head + b"/ColorSpace/" + space + more, raw)
    return file.add(head + b"/ColorSpace/" + space + b"/Filter/FlateDecode" + more, zlib.compress(raw))


def pieces(rng, picture):
    """Rectangles that cover the picture: strips, tiles, or bricks whose edges are not in line."""
    width, height = picture.size
    columns, rows = rng.choice(((1, 2), (1, 8), (2, 3), (3, 2), (4, 4), (5, 1), (2, 1)))
    is_bricks = rng.random() < 0.4
    for column in range(columns):
        left, right = width * column // columns, width * (column + 1) // columns
        edges = [height * row // rows for row in range(rows + 1)]
        if is_bricks:
            edges[1:-1] = sorted({min(height - 1, max(1, edge + rng.randrange(-height // 12, height // 12))) for edge in edges[1:-1]})
        for top, bottom in zip(edges, edges[1:]):
            if top < bottom:
                yield left, top, right, bottom


def whole(rng, file, picture, decoy):
    name = image(rng, file, picture)
    return b"q %d 0 0 %d 0 0 cm /I Do Q" % picture.size, b"/XObject<</I %d 0 R>>" % name


def tiled(rng, file, picture, decoy):
    names, draw = b"", []
    for number, (left, top, right, bottom) in enumerate(pieces(rng, picture)):
        piece = picture.crop((left, top, right, bottom))
        place = (right - left, bottom - top, left, picture.height - bottom)
        if rng.random() < 0.2:
            piece, matrix = ImageOps.mirror(piece), b"-%d 0 0 %d %d %d" % (place[0], place[1], right, place[3])
        else:
            matrix = b"%d 0 0 %d %d %d" % place
        names += b"/I%d %d 0 R" % (number, image(rng, file, piece))
        draw.append(b"q %s cm /I%d Do Q" % (matrix, number))
    rng.shuffle(draw)
    return b"\n".join(draw), b"/XObject<<" + names + b">>"


def masked(rng, file, picture, decoy):
    """Two pictures on each other, each of which is something else where a mask hides it."""
    width, height = picture.size
    left = Image.new("L", picture.size, 0)
    left.paste(255, (0, 0, width // 2, height))
    draw, names = b"", b""
    for number, mask in enumerate((left, ImageOps.invert(left))):
        mixed = decoy.copy()
        mixed.paste(picture, (0, 0), mask)
        hide = image(rng, file, mask.resize(rng.choice((picture.size, (64, 64)))), only="Flate")
        names += b"/I%d %d 0 R" % (number, image(rng, file, mixed, b"/SMask %d 0 R" % hide, only=rng.choice(("Flate", "DCT"))))
        draw += b"q %d 0 0 %d 0 0 cm /I%d Do Q\n" % (width, height, number)
    return draw, b"/XObject<<" + names + b">>"


def clipped(rng, file, picture, decoy):
    width, height = picture.size
    larger = decoy.resize((2 * width, 2 * height))
    larger.paste(picture, (width // 2, height // 2))
    name = image(rng, file, larger)
    draw = b"q 0 0 %d %d re W n %d 0 0 %d %d %d cm /I Do Q" % (width, height, 2 * width, 2 * height, -width // 2, -height // 2)
    return draw, b"/XObject<</I %d 0 R>>" % name


def in_form(rng, file, picture, decoy):
    draw, names = rng.choice((tiled, clipped, whole))(rng, file, picture, decoy)
    form = file.add(
        b"/Type/XObject/Subtype/Form/BBox[0 0 %d %d]/Matrix[2 0 0 2 7 9]/Resources<<%s>>" % (*picture.size, names), draw
    )
    return b"q .5 0 0 .5 -3.5 -4.5 cm /F Do Q", b"/XObject<</F %d 0 R>>" % form


def in_pattern(rng, file, picture, decoy):
    draw, names = rng.choice((tiled, whole))(rng, file, picture, decoy)
    size = picture.size
    pattern = file.add(
        b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 %d %d]/XStep %d/YStep %d/Resources<<%s>>"
        % (*size, *size, names),
        draw,
    )
    return b"/Pattern cs /P scn 0 0 %d %d re f" % size, b"/Pattern<</P %d 0 R>>" % pattern


def rectangles(rng, file, picture, decoy):
    small, unit = picture.resize((80, 60)), (picture.width / 80, picture.height / 60)
    out = []
    for at, (red, green, blue) in enumerate(small.getdata()):
        x, y = at % 80 * unit[0], (59 - at // 80) * unit[1]
        colour = "%.3f %.3f %.3f" % (red / 255, green / 255, blue / 255)
        out.append("%s rg %.2f %.2f %.2f %.2f re f" % (colour, x, y, unit[0] * 1.1, unit[1] * 1.1))
    return "\n".join(out).encode(), b""


def mesh(rng, file, picture, decoy):
    small = picture.resize((96, 64))
    points = bytearray()
    for at, colour in enumerate(small.getdata()):
        points += bytes((at % 96 * 255 // 95, 255 - at // 96 * 255 // 63, *colour))
    shading = file.add(
        b"/ShadingType 5/ColorSpace/DeviceRGB/BitsPerCoordinate 8/BitsPerComponent 8/VerticesPerRow 96"
        b"/Decode[0 %d 0 %d 0 1 0 1 0 1]" % picture.size,
        bytes(points),
    )
    return b"/S sh", b"/Shading<</S %d 0 R>>" % shading


def letters(rng, file, picture, decoy):
    draw, _ = rectangles(rng, file, picture, decoy)
    letter = file.add(b"", b"%d 0 d0\n" % picture.width + draw)
    font = file.add(
        b"/Type/Font/Subtype/Type3/FontBBox[0 0 %d %d]/FontMatrix[.01 0 0 .01 0 0]/CharProcs<</a %d 0 R>>"
        b"/Encoding<</Type/Encoding/Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[%d]"
        % (*picture.size, letter, picture.width)
    )
    return b"BT /T 100 Tf 0 0 Td (a) Tj ET", b"/Font<</T %d 0 R>>" % font


WAYS = (whole, tiled, tiled, masked, clipped, in_form, in_pattern, rectangles, mesh, letters)


def pdf(rng, picture, decoy):
    file = File()
    width, height = picture.size
    draw, names = rng.choice(WAYS)(rng, file, picture, decoy)
    if rng.random() < 0.3:
        half = len(draw) // 2
        cut = draw.find(b"\n", half)
        draws = [draw[:cut], draw[cut:]] if cut > 0 else [draw]
    else:
        draws = [draw]
    contents = []
    for data in draws:
        if rng.random() < 0.5:
            contents.append(file.add(b"/Filter/FlateDecode", zlib.compress(data)))
        else:
            contents.append(file.add(b"", data))
    box, more = b"[0 0 %d %d]" % picture.size, b""
    kind = rng.randrange(8)
    if kind == 0:
        more = b"/Rotate %d" % rng.choice((90, 180, 270, -90))
    elif kind == 1:
        box, more = b"[-40 -30 %d %d]" % (width + 90, height + 120), b"/CropBox[0 0 %d %d]" % picture.size
    elif kind == 2:
        more = b"/UserUnit 3"
    elif kind == 3:
        box = b"[-60 -80 %d %d]" % (width + 60, height + 80)
    content = b"[" + b" ".join(b"%d 0 R" % one for one in contents) + b"]"
    resources, inherited = b"/Resources<<" + names + b">>", b""
    if rng.random() < 0.3:
        inherited, resources = resources, b""
    page = file.add(b"/Type/Page/Parent 2 0 R/MediaBox" + box + b"/Contents" + content + resources + more)
    kids = [page]
    if rng.random() < 0.3:
        other = image(rng, file, decoy)
        for _ in range(rng.choice((1, 3, 12))):
            text = file.add(b"", b"q %d 0 0 %d 0 0 cm /O Do Q" % picture.size)
            kids.insert(
                rng.randrange(len(kids) + 1),
                file.add(
                    b"/Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R/Resources<</XObject<</O %d 0 R>>>>"
                    % (*picture.size, text, other)
                ),
            )
    file.objects[0] = (b"/Type/Catalog/Pages 2 0 R", None)
    file.objects[1] = (b"/Type/Pages/Kids[" + b" ".join(b"%d 0 R" % kid for kid in kids) + b"]/Count %d" % len(kids) + inherited, None)
    return file.written(rng)
