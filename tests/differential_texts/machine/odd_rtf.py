"""RTF that shows a phrase in unusual ways."""

from spelling import spelled, words

PAGES = {
    1252: "cp1252",
    1251: "cp1251",
    1253: "cp1253",
    437: "cp437",
    850: "cp850",
    866: "cp866",
    10000: "mac-roman",
    65001: "utf-8",
    932: "cp932",
}
CHARSETS = {0: "cp1252", 204: "cp1251", 161: "cp1253", 77: "mac-roman", 238: "cp1250"}


def by_number(rng, character):
    code = ord(character)
    signed = code - 65536 if code > 32767 else code
    return rng.choice(
        (
            f"\\u{signed}?",
            f"\\u{signed} ?",
            f"\\uc0\\u{signed} ",
            f"{{\\uc0\\u{signed}}}",
            f"\\uc2\\u{signed}xx\\uc1 ",
            f"{{\\uc2\\u{signed}\\'3f\\'3f}}",
            f"\\u{signed}\\'3f",
            f"{{\\uc0\\u{signed} }}",
            f"\\uc3\\u{signed}\\'3fxx\\uc1 ",
            f"\\u{signed}\\~",
            f"\\u{signed}{{}}",
            f"{{\\u{signed}}}",
            f"\\u{signed}\n?",
            f"\\u{code}?",
            f"{{\\uc1\\u{signed}?}}",
        )
    )


def by_byte(rng, character, page):
    return "".join(rng.choice((f"\\'{byte:02x}", f"\\'{byte:02X}")) for byte in character.encode(page))


WITHIN = {
    "group": lambda r: r.choice(("{}", "{{}}", "{\\b}", "{\\b }", "{\\i0}")),
    "control": lambda r: r.choice(
        (
            "\\b ",
            "\\b0 ",
            "\\i\n",
            "\\cf0 ",
            "\\fs24 ",
            "\\plain ",
            "\\lang1033 ",
            "\\kerning0 ",
            "\\unknownword ",
            "\\x1 ",
            "\\nosupersub ",
        )
    ),
    "line end": lambda r: r.choice(("\n", "\r\n", "\r", "\n\n")),
    "destination": lambda r: r.choice(
        (
            "{\\*\\bkmkstart x}{\\*\\bkmkend x}",
            "{\\*\\unknown x}",
            "{\\*\\comment x}",
            "{\\xe{\\v x}}",
            "{\\*\\x {y} z}",
            "{\\tc x}",
            "{\\*\\xmlopen x}",
            "{\\*\\atnid x}",
            "{\\*\\datafield 00ff}",
            "{\\*\\passwordhash x}",
            "{\\bkmkstart x}",
            "{\\pict\\pngblip 00ff}",
            "{\\*\\generator x;}",
            "{\\info{\\title x}}",
            "{\\*\\shppict{\\pict 00}}",
            "{\\header x}",
            "{\\fonttbl{\\f3 x;}}",
            "{\\colortbl;}",
            "{\\stylesheet{x;}}",
            "{\\footer x}",
            "{\\nonshppict{\\pict 00}}",
            "{\\*\\rsidtbl \\rsid1}",
            "{\\*\\ftnsep x}",
            "{\\*\\themedata 00}",
            "{\\*\\annotation x}",
        )
    ),
    "hidden": lambda r: r.choice(
        ("{\\v x}", "\\v x\\v0 ", "{\\b{\\v no}}", "{\\v\\f0 x}", "{\\deleted x}", "\\v1 x\\v0 ", "{\\v {\\b x}y}")
    ),
    "optional hyphen": lambda r: r.choice(
        ("\\-", "\\-", "\\zwnj ", "\\zwj ", "\\u173?", "\\zwbo ", "\\zwnbo ", "\\u8203?")
    ),
    "binary": lambda r: r.choice(("{\\pict\\bin3 }}x}", "{\\*\\x\\bin2 {{}", "\\bin0 ")),
    "picture": lambda r: "{\\pict\\wmetafile8\\picw1\\pich1 00}",
}
BETWEEN = {
    "special": lambda r: r.choice(
        (
            "\\~",
            "\\emspace ",
            "\\enspace ",
            "\\tab ",
            "\\line ",
            "\\par ",
            "\\par\n",
            "\\\n",
            "\\\r\n",
            "\\sect ",
            "\\page ",
            "\\cell ",
            "\\'20",
            "\\u160?",
            "\\u32?",
            "\\qmspace ",
            "\\softline ",
            "\\column ",
            "{\\par}",
            "\\nestcell ",
            "\\row ",
            "\\lbr0 ",
            "\\lbr3 ",
        )
    ),
    "group": lambda r: r.choice((" {}", "{ }", " {\\b}", "\\b  ", "{\\b  }", " \\b0 ", "\\ltrch  ", "\\plain  ")),
}


def field(rng, shown):
    return rng.choice(
        (
            '{{\\field{{\\*\\fldinst HYPERLINK "x"}}{{\\fldrslt {}}}}}',
            '{{\\field{{\\*\\fldinst {{QUOTE "x"}}}}{{\\fldrslt{{\\b {}}}}}}}',
            "{{\\field\\flddirty{{\\*\\fldinst DATE}}{{\\fldrslt {}}}}}",
        )
    ).format(shown)


PLACES = {
    "paragraph": lambda r, s: s,
    "group": lambda r, s: r.choice(("{{{}}}", "{{{{\\b {}}}}}", "{{\\i {}}}")).format(s),
    "field": field,
    "table": lambda r, s: "\\trowd\\cellx3000\\intbl " + s + "\\cell\\row\\pard ",
    "footnote": lambda r, s: "{\\super\\chftn{\\footnote\\pard\\plain " + s + "}}",
    "header": lambda r, s: "{\\header\\pard " + s + "\\par}",
    "shape": (
        lambda r, s: (
            "{\\shp{\\*\\shpinst\\shpleft0\\shptop0\\shpright9000\\shpbottom3000{\\sp{\\sn shapeType}{\\sv"
            " 202}}{\\shptxt\\pard "
        )
        + s
        + "\\par}}}"
    ),
    "list text": lambda r, s: "{\\listtext " + s + "\\tab}x",
    "unicode pair": lambda r, s: "{\\upr{x}{\\*\\ud{" + s + "}}}",
    "annotation": lambda r, s: "{\\*\\atnid a}{\\*\\atnauthor b}\\chatn{\\*\\annotation\\pard " + s + "}",
    "letters": lambda r, s: s,
    "hidden around": lambda r, s: "{\\v x}" + s + "{\\v y}",
    "switched on": lambda r, s: "{\\v x\\plain " + s + "}",
}


def make(rng, phrase):
    """Name, media type, bytes, and what was done."""
    done = []
    page = rng.choice([number for number, name in PAGES.items() if fits(phrase, name)])
    kind = rng.choice(("plain", "numbers", "bytes", "mixed", "font charset"))
    if kind == "plain" and not phrase.isascii():
        kind = "numbers"
    head, charset = f"\\ansi\\ansicpg{page}\\deff0", PAGES[page]
    fonts = "{\\fonttbl{\\f0\\fnil Arial;}}"
    if kind == "font charset":
        number = rng.choice([number for number, name in CHARSETS.items() if fits(phrase, name)] or [0])
        charset = CHARSETS[number]
        head, fonts = "\\ansi\\ansicpg1252\\deff0", f"{{\\fonttbl{{\\f0\\fnil\\fcharset{number} Arial;}}}}"
        if not fits(phrase, charset):
            kind = "numbers"
    elif rng.random() < 0.1 and phrase.isascii():
        head = rng.choice(("\\mac", "\\pc", "\\pca", ""))
    done += [kind, head]

    def one(character):
        if kind == "plain" or kind == "mixed" and character.isascii() and rng.random() < 0.5:
            return character
        if kind in ("bytes", "font charset") or kind == "mixed" and rng.random() < 0.5:
            return by_byte(rng, character, charset)
        return by_number(rng, character)

    inside = rng.choice(list(WITHIN)) if rng.random() < 0.7 else None
    outside = rng.choice(list(BETWEEN)) if rng.random() < 0.4 else None
    done += [f"within: {inside}"] * bool(inside) + [f"between: {outside}"] * bool(outside)
    shown = spelled(
        rng,
        phrase,
        one,
        (lambda: WITHIN[inside](rng)) if inside else None,
        (lambda: BETWEEN[outside](rng)) if outside else None,
    )
    place = rng.choice(list(PLACES))
    done.append(f"in {place}")
    version = rng.choice(("\\rtf1", "\\rtf1", "\\rtf", "\\rtf0"))
    text = f"{{{version}{head}{fonts}\\pard {words(rng)} {PLACES[place](rng, shown)} {words(rng)}\\par}}"
    return "rtf", rng.choice(("application/rtf", "text/rtf")), text.encode("latin1"), done


def fits(text, charset):
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
