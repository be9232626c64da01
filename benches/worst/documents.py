"""Documents that cost as much as they can."""
import base64
import random
import zlib

from archives import deflated, zip_of
from pictures import jpeg, le, png


def stream(words, content):
    return b"<<" + words + b"/Length %d>>\nstream\n" % len(content) + content + b"\nendstream"


PAGE = [
    (1, b"<</Type/Catalog/Pages 2 0 R>>"),
    (2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>"),
    (3, b"<</Type/Page/Parent 2 0 R/Resources<</XObject<</I 4 0 R>>>>/MediaBox[0 0 200 200]/Contents 9 0 R>>"),
    (9, stream(b"", b"/I Do")),
]


def pdf(objects, extra=b"", page=PAGE):
    body = b"".join(b"%d 0 obj\n" % number + content + b"\nendobj\n" for number, content in page + objects)
    return b"%PDF-1.7\n" + body + extra + b"trailer\n<</Root 1 0 R>>\n%%EOF\n"


def image(number, colours, width, height, content, filters=b"/Filter/FlateDecode"):
    words = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8" % (width, height)
    return number, stream(words + filters + b"/ColorSpace " + colours, content)


def small_images(count, colours):
    contents = (bytes([i % 256, i // 256]) + bytes(range(256)) * 16 for i in range(count))
    return [image(100 + i, colours, 64, 64, zlib.compress(content)) for i, content in enumerate(contents)]


def mosaic(images, placed):
    """A page on which the images of these numbers and objects are placed: number, left, bottom, width, height."""
    names = b"".join(b"/I%d %d 0 R" % (number, number) for number, _ in images)
    drawn = b"".join(b"q %d 0 0 %d %d %d cm /I%d Do Q\n" % (w, h, x, y, number) for number, x, y, w, h in placed)
    page = b"<</Type/Page/Parent 2 0 R/Resources<</XObject<<" + names + b">>>>/MediaBox[0 0 1000 1000]/Contents 9 0 R>>"
    return pdf(images, page=PAGE[:2] + [(3, page), (9, stream(b"/Filter/FlateDecode", zlib.compress(drawn)))])


def strips(count, width, height):
    images = [image(100 + i, b"/DeviceGray", width, height, zlib.compress(bytes([i % 251]) * width * height, 9)) for i in range(count)]
    return mosaic(images, [(100 + i, 0, i, 1000, 1) for i in range(count)])


def tiles(count):
    """A few images, drawn in many places."""
    images = [image(100 + i, b"/DeviceGray", 64, 64, zlib.compress(bytes(range(256)) * 16)) for i in range(4)]
    return mosaic(images, [(100 + i % 4, i % 1000 * 10, i // 1000 * 10, 10, 10) for i in range(count)])


def drawing(count, side):
    """Many pictures beside each other in a drawing."""
    picture = base64.b64encode(png(side, side))
    place = b'<image x="%d" y="%d" width="10" height="10" href="data:image/png;base64,'
    images = (place % (i % 100 * 10, i // 100 * 10) + picture + b'"/>' for i in range(count))
    return b"<svg>" + b"".join(images) + b"</svg>"


def with_function(function, more=()):
    noise = random.Random(3).randbytes(64 * 64)
    return pdf([image(4, b"[/Separation/X/DeviceRGB 6 0 R]", 64, 64, zlib.compress(noise)), (6, function), *more])


def array(number, count):
    return b"[" + b"%d 0 R " % number * count + b"]"


def text_page(size):
    """Words in fonts whose tables are long."""
    codes = b"".join(b"<%04x> <%04x>\n" % (i, i % 60000) for i in range(60000))
    table = b"beginbfchar\n" + codes + b"endbfchar\n"
    fonts = [(20 + i, b"<</Type/Font/Subtype/Type0/ToUnicode 10 0 R>>") for i in range(50)]
    names = b"".join(b"/F%d %d 0 R" % (i, 20 + i) for i in range(50))
    page = b"<</Type/Page/Parent 2 0 R/Resources<</Font<<" + names + b">>>>/Contents 1%03d 0 R>>"
    pages = [(2000 + i, page % (i % 10)) for i in range(size // 600)]
    words = b"".join(b"/F%d 1 Tf <00410042> Tj " % (i % 50) for i in range(20_000))
    contents = [(1000 + i, stream(b"/Filter/FlateDecode", zlib.compress(words + b"%d" % i))) for i in range(10)]
    return pdf([(10, stream(b"/Filter/FlateDecode", zlib.compress(table))), *fonts, *pages, *contents])


def office(name, content):
    types = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    entry = lambda name, content: (name, 8, deflated(content), len(content), zlib.crc32(content))
    return zip_of([entry(b"[Content_Types].xml", types), entry(name, content)])


def compound(size):
    """A compound file whose chain of sectors goes round."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + le("HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += le("IIIIIIIII", 0, 1, 1, 0, 4096, 2, 1, 0xFFFFFFFE, 0) + le("I", 0) + b"\xff" * (108 * 4)
    table = b"".join(le("I", value) for value in [0xFFFFFFFD, 1, 2, *range(4, 128)])
    entry = "a".encode("utf-16-le").ljust(64, b"\0") + le("HBBIII", 4, 2, 1, 2, 2, 2) + b"\0" * 36 + le("IQ", 3, size)
    sectors = max(4, size // 512)
    return (head[:512] + table[:512].ljust(512, b"\xff") + entry * (512 // len(entry)) * (sectors - 2))[:size]


def shapes(size):
    bomb = zlib.compress(b"\0" * 1_400_000, 9)
    bombs = [(100 + i, stream(b"/Filter/FlateDecode", bomb + b"%d" % i)) for i in range(size // 1500)]
    words = [(100 + i, stream(b"/Filter/FlateDecode", zlib.compress(b"(a%d) Tj " % i * 150_000, 6))) for i in range(size // 5000)]
    samples = stream(b"/FunctionType 0/Domain[0 1]/Range[0 1]/Size[1000000]/BitsPerSample 1/Filter/FlateDecode", zlib.compress(b"\x55" * 125_000, 9))
    program = stream(b"/FunctionType 4/Domain[0 1]/Range[0 1]", b"{" + b"dup sin pop " * 650 + b"}")
    power = b"<</FunctionType 2/N 1/Domain[0 1]>>"
    separation = b"[/Separation/X/DeviceRGB 5 0 R]"
    four = stream(b"/FunctionType 4/Domain[0 1 0 1 0 1 0 1]/Range[0 1 0 1 0 1]", b"{" + b"dup sin pop " * 650 + b"}")
    twice = zlib.compress(zlib.compress(b"\0" * 15_000_000, 9), 9)
    noise = random.Random(4).randbytes
    side = int((size / 4) ** 0.5) - 8
    yield "pdf-flate-60", None, lambda: pdf(bombs[:60])
    yield "pdf-flate", None, lambda: pdf(bombs)
    yield "pdf-words", None, lambda: pdf(words)
    yield "pdf-flate-twice", None, lambda: pdf([(100 + i, stream(b"/Filter[/FlateDecode/FlateDecode]", twice + b"%d" % i)) for i in range(size // 400)])
    yield "pdf-blank-pages", None, lambda: pdf([image(100 + i, b"/DeviceGray", 9000, 9000, zlib.compress(b"\0" * 81_000_000, 9)) for i in range(max(1, size // 80_000))])
    yield "pdf-fax", None, lambda: pdf([(100 + i, stream(b"/Type/XObject/Subtype/Image/Width 15000/Height 16000/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 15000/Rows 16000>>", b"\xff" * 2000 + b"%d" % i)) for i in range(size // 2300)])
    yield "pdf-runs", None, lambda: pdf([image(100 + i, b"/DeviceGray", 5000, 5000, b"\x81%c" % (i % 250) * 196_000, b"/Filter/RunLengthDecode") for i in range(max(1, size // 400_000))])
    yield "pdf-dct-claims", None, lambda: pdf([(100 + i, stream(b"/Type/XObject/Subtype/Image/Width 9000/Height 9000/Filter/DCTDecode", jpeg(9000, 9000, frame=0xC0) + b"%d" % i)) for i in range(size // 600)])
    yield "pdf-power-nested", None, lambda: with_function(array(7, 700), [(5, power), (7, array(5, 700))])
    yield "pdf-power-deep", None, lambda: with_function(array(7, 3000), [(5, power), (7, array(5, 3000))])
    yield "pdf-program-2000", None, lambda: with_function(array(5, 2000), [(5, program)])
    yield "pdf-samples-300", None, lambda: with_function(array(5, 300), [(5, samples)])
    yield "pdf-inks", None, lambda: pdf([image(4, b"[/DeviceN[/A/B/C/D]/DeviceRGB 5 0 R]", side, side, noise(side * side * 4), b""), (5, four)])
    yield "pdf-images-program", None, lambda: pdf([(5, program), *small_images(size // 330, separation)])
    yield "pdf-images-samples", None, lambda: pdf([(5, samples), *small_images(size // 330, separation)])
    yield "pdf-encrypt-trailers", None, lambda: pdf([], b"".join(b"trailer<</Encrypt %d 0 R>>\n" % i for i in range(size // 28)))
    yield "pdf-objects", None, lambda: pdf([(i + 100, b"<</A[(x)(y)]>>") for i in range(size // 40)])
    yield "pdf-fonts", None, lambda: text_page(size)
    yield "pdf-deep", None, lambda: pdf([(100, b"[" * (size // 2) + b"]" * (size // 2))])
    yield "pdf-inline", None, lambda: pdf([(100, stream(b"", b"BI /W 5000/H 5000/BPC 8/CS/G ID xxxx EI " * (size // 42)))])
    yield "pdf-strips", None, lambda: strips(size // 400, 1000, 16)
    yield "pdf-strips-large", None, lambda: strips(size // 2000, 9000, 160)
    yield "pdf-tiles", None, lambda: tiles(size // 4)
    yield "svg-images", "image/svg+xml", lambda: drawing(size // 250, 20)
    yield "svg-images-large", "image/svg+xml", lambda: drawing(size // 21_000, 4000)
    yield "docx-runs", None, lambda: office(b"word/document.xml", b"<w:document><w:body>" + b"<w:p><w:r><w:t>a</w:t></w:r></w:p>" * (size * 4) + b"</w:body></w:document>")
    yield "xlsx-strings", None, lambda: office(b"xl/sharedStrings.xml", b"<sst>" + b"<si><t>a</t></si>" * (size * 6) + b"</sst>")
    yield "docx-interleaved", None, lambda: office(b"word/document.xml", b"<r>" + (b"<a>x" * 120 + b"</a>x" * 120) * (size // 40) + b"</r>")
    yield "ole-round", None, lambda: compound(size)
