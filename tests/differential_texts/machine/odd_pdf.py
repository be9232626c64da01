"""PDF that shows a phrase in unusual ways: files of our own, some of them written again by pikepdf, and of reportlab."""

import io
import zlib

import pikepdf

from spelling import words

GLYPHS = {" ": "space", "ä": "adieresis", "ö": "odieresis", "ü": "udieresis"}


def glyph_name(rng, character):
    names = [f"uni{ord(character):04X}", f"u{ord(character):04X}"]
    if character.isascii() and character.isalpha():
        names += [character, character, character + ".alt"]
    elif character in GLYPHS:
        names += [GLYPHS[character]] * 3
    return rng.choice(names)


class Font:
    """How a font is described, and what codes its characters have."""

    def __init__(self, rng, text, done):
        self.kind = rng.choice(("ansi", "ansi", "differences", "unicode", "composite", "composite", "type3"))
        if self.kind == "ansi" and not text.isascii():
            self.kind = "composite"
        done.append(f"font {self.kind}")
        self.size = 2 if self.kind == "composite" else 1
        characters = sorted(set(text) | set("abcdefghijklmnopqrstuvwxyz "))
        first = rng.choice((33, 65, 128))
        codes = list(range(first, first + len(characters)))
        if self.size == 2 and rng.random() < 0.6:
            codes = [rng.randrange(3, 0xFFF0) for _ in characters]
        rng.shuffle(codes)
        if self.kind == "ansi":
            codes = [ord(character) for character in characters]
        self.codes = dict(zip(characters, codes))
        self.rng = rng

    def encode(self, text):
        return b"".join(self.codes[character].to_bytes(self.size, "big") for character in text)

    def to_unicode(self):
        rng, width = self.rng, self.size * 2
        pairs = sorted((code, character) for character, code in self.codes.items())
        lines = []
        style = rng.choice(("chars", "ranges", "arrays", "comments"))
        for code, character in pairs:
            units = character.encode("utf-16-be").hex()
            if style == "chars" or style == "comments":
                comment = "% x\n" if style == "comments" else ""
                lines.append(f"{comment}1 beginbfchar <{code:0{width}x}> <{units}> endbfchar")
            elif style == "ranges":
                lines.append(f"1 beginbfrange <{code:0{width}X}><{code:0{width}X}><{units}> endbfrange")
            else:
                lines.append(f"1 beginbfrange\n<{code:0{width}x}> <{code:0{width}x}> [<{units}>]\nendbfrange")
        top = "f" * width
        return (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
            f"1 begincodespacerange <{'0' * width}> <{top}> endcodespacerange\n"
            + "\n".join(lines)
            + "\nendcmap CMapName currentdict /CMap defineresource pop end end"
        ).encode()

    def objects(self, file):
        """The number of its object in `file`."""
        if self.kind == "ansi":
            encoding = self.rng.choice(
                ("", "/Encoding/WinAnsiEncoding", "/Encoding/MacRomanEncoding", "/Encoding/StandardEncoding")
            )
            return file.add(f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica{encoding}>>".encode())
        if self.kind == "differences":
            pairs = sorted((code, character) for character, code in self.codes.items())
            items = " ".join(f"{code}/{glyph_name(self.rng, character)}" for code, character in pairs)
            encoding = file.add(f"<</Type/Encoding/Differences[{items}]>>".encode())
            return file.add(f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding {encoding} 0 R>>".encode())
        unicode = file.stream(b"", self.to_unicode())
        if self.kind == "unicode":
            return file.add(f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode {unicode} 0 R>>".encode())
        if self.kind == "type3":
            proc = file.stream(b"", b"500 0 d0 0 0 400 400 re f")
            items = " ".join(f"{code}/g{code}" for code in sorted(self.codes.values()))
            procs = "".join(f"/g{code} {proc} 0 R" for code in self.codes.values())
            return file.add(
                (
                    "<</Type/Font/Subtype/Type3/FontBBox[0 0 500 500]/FontMatrix[.001 0 0 .001 0 0]/FirstChar"
                    " 0/LastChar"
                    f" 255/Widths[{'500 ' * 256}]/Encoding<</Differences[{items}]>>/CharProcs<<{procs}>>/ToUnicode"
                    f" {unicode} 0 R>>"
                ).encode()
            )
        described = file.add(
            b"<</Type/FontDescriptor/FontName/X/Flags 4/FontBBox[0 0 9 9]/ItalicAngle 0/Ascent 9/Descent 0/CapHeight"
            b" 9/StemV 9>>"
        )
        below = file.add(
            (
                "<</Type/Font/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement"
                f" 0>>/FontDescriptor {described} 0 R/DW 500>>"
            ).encode()
        )
        return file.add(
            (
                f"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[{below} 0 R]/ToUnicode"
                f" {unicode} 0 R>>"
            ).encode()
        )


class File:
    def __init__(self, rng):
        self.rng, self.objects = rng, []

    def add(self, data):
        self.objects.append(data)
        return len(self.objects)

    def stream(self, dictionary, data):
        draw = self.rng.random()
        if draw < 0.4:
            data, dictionary = zlib.compress(data), dictionary + b"/Filter/FlateDecode"
        elif draw < 0.5:
            data, dictionary = data.hex().encode() + b">", dictionary + b"/Filter/ASCIIHexDecode"
        elif draw < 0.55:
            data, dictionary = zlib.compress(data).hex().encode() + b">", dictionary + b"/Filter[/AHx/Fl]"
        return self.add(b"<<" + dictionary + f"/Length {len(data)}>>stream\n".encode() + data + b"\nendstream")

    def finish(self, root):
        out, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
        for number, data in enumerate(self.objects, 1):
            places.append(len(out))
            out += f"{number} 0 obj\n".encode() + data + b"\nendobj\n"
        table = len(out)
        out += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{place:010} 00000 n \n".encode() for place in places)
        return out + f"trailer<</Size {len(places) + 1}/Root {root} 0 R>>\nstartxref\n{table}\n%%EOF\n".encode()


def string(rng, data):
    """A string of a content stream."""
    if rng.random() < 0.4:
        digits = data.hex()
        if rng.random() < 0.4:
            digits = " ".join(digits) if rng.random() < 0.5 else digits.upper()
        return b"<" + digits.encode() + b">"
    out = b""
    for byte in data:
        if byte in b"()\\\r":
            out += b"\\" + bytes([byte]) if byte != 13 else b"\\r"
        elif rng.random() < 0.1:
            out += rng.choice((b"\\%03o" % byte, b"\\\n" + bytes([byte])))
        else:
            out += bytes([byte])
    return b"(" + out + b")"


def pieces(rng, text, longest):
    at = 0
    while at < len(text):
        length = rng.randint(1, longest)
        yield text[at : at + length]
        at += length


def width(text, size):
    return len(text) * size * 0.5


def plain(rng, font, text):
    return (
        b"BT /F 12 Tf 50 700 Td "
        + string(rng, font.encode(text))
        + rng.choice((b" Tj ET", b" ' ET", b"Tj ET", b"Tj\nET"))
    )


def kerned(rng, font, text):
    inner = b"".join(
        string(rng, font.encode(piece)) + rng.choice((b"-20 ", b" 15", b"0.5", b" -3.25 ", b" 0 "))
        for piece in pieces(rng, text, 3)
    )
    return b"BT /F 12 Tf 50 700 Td [" + inner + b"] TJ ET"


def kerned_spaces(rng, font, text):
    """Spaces are moves within an array."""
    gap = rng.choice((b"-300", b"-600", b" -250 ", b"-1000"))
    return (
        b"BT /F 12 Tf 50 700 Td [" + gap.join(string(rng, font.encode(word)) for word in text.split(" ")) + b"] TJ ET"
    )


def by_letter(rng, font, text):
    out, kind = b"BT /F 12 Tf 50 700 Td ", rng.choice(("Td", "Tm", "BT", "cm", "Tj"))
    at = 50.0
    for character in text:
        shown = string(rng, font.encode(character)) + b" Tj "
        if kind == "Td":
            out += shown + b"6 0 Td "
        elif kind == "Tm":
            out += b"1 0 0 1 %.2f 700 Tm " % at + shown
        elif kind == "BT":
            out += b"ET BT /F 12 Tf %.2f 700 Td " % at + shown
        elif kind == "cm":
            out += b"ET q 1 0 0 1 %.2f 0 cm BT /F 12 Tf 0 700 Td " % at + shown + b"ET Q BT "
        else:
            out += shown
        at += 6
    return out + b" ET"


def reordered(rng, font, text):
    places = [
        (50 + 6 * index, character) for index, character in enumerate(text) if character != " " or rng.random() < 0.5
    ]
    order = rng.choice(("reversed", "shuffled", "odd first"))
    if order == "reversed":
        places.reverse()
    elif order == "shuffled":
        rng.shuffle(places)
    else:
        places = places[::2] + places[1::2]
    return (
        b"BT /F 12 Tf "
        + b"".join(
            b"1 0 0 1 %d 700 Tm " % at + string(rng, font.encode(character)) + b"Tj " for at, character in places
        )
        + b"ET"
    )


def word_by_word(rng, font, text):
    """Words in any order, and their letters in theirs."""
    parts, at = [], 50
    for word in text.split(" "):
        parts.append(b"BT /F 12 Tf %d 700 Td " % at + string(rng, font.encode(word)) + b" Tj ET\n")
        at += 6 * (len(word) + 1)
    rng.shuffle(parts)
    return b"".join(parts)


def rotated(rng, font, text):
    matrix = rng.choice(
        (
            b"0 1 -1 0 300 300",
            b"0 -1 1 0 300 600",
            b"-1 0 0 -1 500 500",
            b".7 .7 -.7 .7 100 100",
            b"1 0 .3 1 50 700",
            b"1 0 0 -1 50 700",
        )
    )
    inner = b"".join(string(rng, font.encode(piece)) + b" Tj " for piece in pieces(rng, text, 4))
    if rng.random() < 0.5:
        return b"q " + matrix + b" cm BT /F 12 Tf " + inner + b"ET Q"
    return b"BT /F 12 Tf " + matrix + b" Tm " + inner + b"ET"


def spaced(rng, font, text):
    state = rng.choice(
        (
            b"2 Tc",
            b"-.5 Tc",
            b"5 Tw",
            b"60 Tz",
            b"150 Tz",
            b"3 Ts",
            b"3 Tr",
            b"2 Tr",
            b"7 Tr",
            b"1 Tc 3 Tw 90 Tz",
            b"20 TL",
            b"10 Tc",
        )
    )
    return b"BT /F 12 Tf " + state + b" 50 700 Td " + string(rng, font.encode(text)) + b" Tj ET"


def lines(rng, font, text):
    """A word a line, by each of the operators that begin one."""
    out = b"BT /F 12 Tf 14 TL 50 700 Td "
    for word in text.split(" "):
        shown = string(rng, font.encode(word))
        out += rng.choice(
            (
                shown + b" Tj T* ",
                shown + b" ' ",
                b"0 0 " + shown + b' " ',
                shown + b" Tj 0 -14 TD ",
                shown + b" Tj 0 -14 Td ",
            )
        )
    return out + b"ET"


def sized(rng, font, text):
    """Letters in different sizes."""
    out = b"BT 50 700 Td "
    for piece in pieces(rng, text, 3):
        out += b"/F %d Tf " % rng.choice((10, 12, 14, 20)) + string(rng, font.encode(piece)) + b" Tj "
    return out + b"ET"


def marked(rng, font, text):
    out = b"BT /F 12 Tf 50 700 Td "
    for piece in pieces(rng, text, 4):
        out += (
            rng.choice((b"/Span BMC ", b"/P <</MCID 0>> BDC ", b"/Artifact BMC "))
            + string(rng, font.encode(piece))
            + b" Tj EMC "
        )
    return out + b"ET"


def actual(rng, font, text):
    """Other letters are drawn, and what they are is said."""
    value = b"\xfe\xff" + text.encode("utf-16-be")
    drawn = string(rng, font.encode("x" * len(text)))
    return b"/Span <</ActualText " + string(rng, value) + b">> BDC BT /F 12 Tf 50 700 Td " + drawn + b" Tj ET EMC"


def actual_letters(rng, font, text):
    out = b"BT /F 12 Tf 50 700 Td "
    for character in text:
        value = b"\xfe\xff" + character.encode("utf-16-be")
        out += b"/Span<</ActualText " + string(rng, value) + b">>BDC " + string(rng, font.encode("x")) + b" Tj EMC "
    return out + b"ET"


def commented(rng, font, text):
    inner = b"".join(string(rng, font.encode(piece)) + b"Tj % (x) Tj\n" for piece in pieces(rng, text, 3))
    return b"BT%x\n/F 12 Tf%\n50 700 Td " + inner + b"ET"


def with_image(rng, font, text):
    half = len(text) // 2
    image = b" BI /W 2 /H 2 /BPC 8 /CS /G ID (x)T EI "
    return (
        b"BT /F 12 Tf 50 700 Td "
        + string(rng, font.encode(text[:half]))
        + b"Tj ET"
        + image
        + b"BT /F 12 Tf %d 700 Td " % (50 + 6 * half)
        + string(rng, font.encode(text[half:]))
        + b"Tj ET"
    )


def doubled(rng, font, text):
    """Drawn twice, a little apart, as bold letters are."""
    out = b"BT /F 12 Tf "
    for index, character in enumerate(text):
        for shift in (0, 0.4):
            out += b"1 0 0 1 %.2f 700 Tm " % (50 + 6 * index + shift) + string(rng, font.encode(character)) + b" Tj "
    return out + b"ET"


def noise_between(rng, font, text):
    """Other letters drawn far away between those of the phrase."""
    out = b"BT /F 12 Tf "
    for index, character in enumerate(text):
        out += b"1 0 0 1 %d 700 Tm " % (50 + 6 * index) + string(rng, font.encode(character)) + b" Tj "
        if rng.random() < 0.5:
            out += (
                b"1 0 0 1 %d %d Tm " % (rng.randint(50, 500), rng.choice((100, 120, 140)))
                + string(rng, font.encode(rng.choice("qxz")))
                + b" Tj "
            )
    return out + b"ET"


def columns(rng, font, text):
    """Beside a column of other words, line by line."""
    out = b"BT /F 12 Tf "
    for index, word in enumerate(text.split(" ")):
        y = 700 - 14 * index
        first = b"1 0 0 1 50 %d Tm " % y + string(rng, font.encode(word)) + b" Tj "
        second = b"1 0 0 1 350 %d Tm " % y + string(rng, font.encode("beside it")) + b" Tj "
        out += first + second
    return out + b"ET"


DRAWN = [
    plain,
    kerned,
    kerned,
    kerned_spaces,
    by_letter,
    by_letter,
    reordered,
    word_by_word,
    rotated,
    spaced,
    lines,
    sized,
    marked,
    actual,
    actual_letters,
    commented,
    with_image,
    doubled,
    noise_between,
    columns,
]
HOLDERS = (
    "page",
    "page",
    "page",
    "form",
    "nested form",
    "many streams",
    "inherited",
    "annotation",
    "field",
    "pattern",
    "glyph",
    "layer",
)


def own(rng, phrase, done):
    file = File(rng)
    font = Font(rng, phrase + "beside it", done)
    draw = rng.choice(DRAWN)
    done.append(draw.__name__)
    content = draw(rng, font, phrase)
    font_number = font.objects(file)
    resources = f"<</Font<</F {font_number} 0 R>>>>"
    holder = rng.choice(HOLDERS)
    if holder != "page":
        done.append(f"in {holder}")
    page_extra, contents = "", None
    box = b"/BBox[0 0 600 800]"
    if holder in ("form", "nested form"):
        form = file.stream(b"/Type/XObject/Subtype/Form" + box + f"/Resources{resources}".encode(), content)
        if holder == "nested form":
            form = file.stream(
                b"/Type/XObject/Subtype/Form" + box + f"/Resources<</XObject<</X {form} 0 R>>>>".encode(), b"q /X Do Q"
            )
        resources = f"<</XObject<</X {form} 0 R>>>>"
        contents = f"{file.stream(b'', b'/X Do')} 0 R"
    elif holder == "many streams":
        cuts = sorted(rng.sample([i for i, b in enumerate(content) if b == 32 and safe(content, i)] or [0], 1))
        parts = [content[: cuts[0]], content[cuts[0] :]]
        contents = "[" + " ".join(f"{file.stream(b'', part)} 0 R" for part in parts) + "]"
    elif holder in ("annotation", "field"):
        form = file.stream(b"/Type/XObject/Subtype/Form" + box + f"/Resources{resources}".encode(), content)
        kind = "/Subtype/FreeText" if holder == "annotation" else "/Subtype/Widget/FT/Tx/T(x)/F 4"
        note = file.add(f"<</Type/Annot{kind}/Rect[0 0 600 800]/F 4/AP<</N {form} 0 R>>>>".encode())
        page_extra, contents = f"/Annots[{note} 0 R]", f"{file.stream(b'', b'q Q')} 0 R"
    elif holder == "pattern":
        pattern = file.stream(
            b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 600 800]/XStep 600/YStep 800"
            + f"/Resources{resources}".encode(),
            content,
        )
        resources = f"<</Pattern<</P {pattern} 0 R>>>>"
        contents = f"{file.stream(b'', b'/Pattern cs /P scn 0 0 600 800 re f')} 0 R"
    elif holder == "glyph":
        proc = file.stream(b"", b"600 0 d0 " + content)
        outer = file.add(
            (
                "<</Type/Font/Subtype/Type3/FontBBox[0 0 600 800]/FontMatrix[1 0 0 1 0 0]/FirstChar 65/LastChar"
                f" 65/Widths[600]/Encoding<</Differences[65/a]>>/CharProcs<</a {proc} 0 R>>/Resources{resources}>>"
            ).encode()
        )
        resources = f"<</Font<</G {outer} 0 R>>>>"
        contents = f"{file.stream(b'', b'BT /G 1 Tf (A) Tj ET')} 0 R"
    elif holder == "layer":
        group = file.add(b"<</Type/OCG/Name(x)>>")
        resources = resources[:-2] + f"/Properties<</L {group} 0 R>>>>"
        contents = f"{file.stream(b'', b'/OC /L BDC ' + content + b' EMC')} 0 R"
    contents = contents or f"{file.stream(b'', content)} 0 R"
    own_resources, parents = (resources, "") if holder != "inherited" else (None, f"/Resources {resources}")
    page = file.add(
        (
            f"<</Type/Page/Parent {len(file.objects) + 2} 0 R/MediaBox[0 0 600 800]/Contents {contents}"
            + (f"/Resources {own_resources}" if own_resources else "")
            + page_extra
            + ">>"
        ).encode()
    )
    pages = file.add(f"<</Type/Pages/Kids[{page} 0 R]/Count 1{parents}>>".encode())
    return file.finish(file.add(f"<</Type/Catalog/Pages {pages} 0 R>>".encode()))


def safe(content, at):
    """Whether no string is open before `at`."""
    before = content[:at]
    return (
        before.count(b"(") == before.count(b")")
        and before.count(b"<") == before.count(b">")
        and before.count(b"[") == before.count(b"]")
    )


def by_reportlab(rng, phrase, done):
    from reportlab.pdfgen import canvas

    done.append("reportlab")
    into = io.BytesIO()
    page = canvas.Canvas(into, pageCompression=rng.choice((0, 1)))
    kind = rng.choice(("string", "spaced", "lines", "right", "rotated", "paragraph"))
    done.append(kind)
    if kind == "string":
        page.drawString(72, 700, phrase)
    elif kind == "spaced":
        text = page.beginText(72, 700)
        text.setCharSpace(rng.choice((1, 3, 6)))
        text.textLine(phrase)
        page.drawText(text)
    elif kind == "lines":
        text = page.beginText(72, 700)
        for word in phrase.split():
            text.textLine(word)
        page.drawText(text)
    elif kind == "right":
        page.drawRightString(500, 700, phrase)
    elif kind == "rotated":
        page.rotate(rng.choice((30, 90, 180)))
        page.drawString(100, -100 if rng.random() < 0.5 else 100, phrase)
    else:
        from reportlab.lib.styles import getSampleStyleSheet
        from reportlab.platypus import Paragraph

        paragraph = Paragraph(
            words(rng, 20, 40) + " " + phrase + " " + words(rng, 9, 20), getSampleStyleSheet()["Normal"]
        )
        paragraph.wrapOn(page, rng.choice((90, 200, 400)), 700)
        paragraph.drawOn(page, 72, 300)
    page.save()
    return into.getvalue()


def rewritten(rng, data, done):
    """The same file as pikepdf writes it."""
    how = rng.choice(("objects", "linear", "encrypted", "uncompressed", "aes"))
    done.append(f"pikepdf {how}")
    into = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(data)) as file:
            if how == "objects":
                file.save(into, object_stream_mode=pikepdf.ObjectStreamMode.generate)
            elif how == "linear":
                file.save(into, linearize=True)
            elif how == "uncompressed":
                file.save(into, stream_decode_level=pikepdf.StreamDecodeLevel.generalized, compress_streams=False)
            else:
                file.save(
                    into, encryption=pikepdf.Encryption(owner="x", user="", R=4 if how == "encrypted" else 6, aes=True)
                )
    except pikepdf.PdfError:
        return data
    return into.getvalue()


def make(rng, phrase):
    """Name, media type, bytes, and what was done."""
    done = []
    simple = phrase.isascii() or all(ord(character) < 256 for character in phrase)
    data = by_reportlab(rng, phrase, done) if simple and rng.random() < 0.15 else own(rng, phrase, done)
    if rng.random() < 0.25:
        data = rewritten(rng, data, done)
    return "pdf", "application/pdf", data, done
