"""HTML, XHTML and SVG that show a phrase in unusual ways. Each function adds to the list of what it did."""

import html
import unicodedata

from spelling import spelled, words

NAMED = {"ä": "auml", "ö": "ouml", "ü": "uuml", "ß": "szlig", "ό": "oacgr", "ξ": "xi", "λ": "lambda", "ο": "omicron"}
BARE = {"ä", "ö", "ü", "ß"}


def reference(rng, character, is_xml=False):
    """`character` as a character reference of some form."""
    code = ord(character)
    forms = [f"&#{code};", f"&#x{code:x};", f"&#X{code:X};", f"&#{code:08d};", f"&#x{code:08x};"]
    if is_xml:
        forms = [f"&#{code};", f"&#x{code:x};", f"&#x{code:06X};"]
    else:
        if character in NAMED and NAMED[character] != "oacgr":
            forms += [f"&{NAMED[character]};"] * 3
        if character in BARE:
            forms += [f"&{NAMED[character]}"]
    return rng.choice(forms)


def one_of(rng, done, is_xml=False):
    """How single characters are written in one document."""
    kind = rng.choice(("plain", "plain", "references", "some", "bare", "decomposed"))
    if is_xml and kind == "bare":
        kind = "references"
    if kind != "plain":
        done.append(kind)

    def one(character):
        if kind == "plain" or kind == "some" and rng.random() < 0.6:
            return html.escape(character) if character in "<&" else character
        if kind == "bare":
            # Without the semicolon: what follows must be no digit, and is an empty element.
            return f"&#{ord(character)}" + rng.choice(("<b></b>", "<!---->", "<wbr>"))
        if kind == "decomposed":
            return unicodedata.normalize("NFD", character)
        return reference(rng, character, is_xml)

    return one


def noise(rng):
    return "".join(rng.choice("qxjwvk") for _ in range(rng.randint(1, 4)))


WITHIN = {
    "comment": lambda r: rng_choice(
        r, ("<!-- -->", "<!---->", "<!-->", "<!--->", "<!--x--!>", "<!-- a > b -->", "<!-- <b -->")
    ),
    "comment with text": lambda r: f"<!-- {noise(r)} -->",
    "bogus comment": lambda r: rng_choice(
        r, ("<!x>", "<?x>", "</ x>", "<!>", "<![x]>", "</>", "<!DOCTYPE x>", "<?xml version='1.0'?>")
    ),
    "cdata in html": lambda r: rng_choice(r, ("<![CDATA[]]>", "<![CDATA[ x ]]>", "<![CDATA[x>")),
    "inline": lambda r: rng_choice(
        r, ("<b></b>", "</b>", "<i>", "</i>", "<span>", "</span>", "<em></em>", "<a href=x>", "</a>", "<u/>")
    ),
    "odd tag": lambda r: rng_choice(
        r,
        (
            "<b a='>'>",
            '<b a=">" c>',
            "<b\n>",
            "<B/ >",
            "<b/a=x>",
            "</b x='>'>",
            "<b a=\"'\" b='\"'>",
            "<b =>",
            "<b a==x>",
            "<b\fa\t=\n'>'>",
            "<b a=x'>",
            "<b a=`>",
            "<b \"'>",
            "</b/>",
            "<b a='x'b='>'>",
            "<b a=b=c>",
            "<b a = '>' >",
            "<b/='>'>",
            "<b ='>'>",
        ),
    ),
    "unknown": lambda r: rng_choice(
        r, ("<foo>", "</foo>", "<x-y></x-y>", "<a:b>", "<font color=red></font>", "<nobr>", "<blink>", "<ø>")[:7]
    ),
    "wbr": lambda r: rng_choice(r, ("<wbr>", "<wbr/>", "<WBR>")),
    "soft hyphen": lambda r: rng_choice(r, ("&shy;", "&#173;", "&#xad;", "\u00ad", "&shy")),
    "no width": lambda r: rng_choice(
        r, ("&#8203;", "&ZeroWidthSpace;", "&zwnj;", "\u200b", "\u2060", "&NoBreak;", "&#xfeff;", "&lrm;")
    ),
    "null": lambda r: "\0",
    "template": lambda r: f"<template>{noise(r)}</template>",
    "script": lambda r: rng_choice(
        r,
        (
            f"<script>{noise(r)}=1</script>",
            "<script></script>",
            "<script>/* <!-- <script> */</script>",
            "<script type=text/plain></b></script>",
            "<style>b{}</style>",
            "<style>/*</b>*/</style >",
        ),
    ),
    "hidden": (
        lambda r: rng_choice(
            r,
            (
                "<span hidden>{}</span>",
                "<span hidden=hidden>{}</span>",
                "<span HIDDEN=''>{}</span>",
                "<i hidden=until-found>{}</i>",
                "<span style=display:none>{}</span>",
                "<span style='display: none !important'>{}</span>",
                '<span style="color:red;display :none">{}</span>',
                "<span style='DISPLAY:NONE'>{}</span>",
                "<span style='display:/**/none'>{}</span>",
                "<span style='d\\69splay:none'>{}</span>",
                "<span style='display&colon;none'>{}</span>",
                "<span style='disp&#108;ay:none'>{}</span>",
                "<b style='visibility:hidden;position:absolute'>{}</b>",
                "<input type=hidden value={}>",
                "<datalist>{}</datalist>",
                "<span class=h>{}</span>",
                "<span class='a h'>{}</span>",
                "<span id=hh>{}</span>",
                "<s>{}</s>",
                "<x-h>{}</x-h>",
                "<span data-h>{}</span>",
                "<q class=p><b>{}</b></q>",
            ),
        ).format(noise(r))
    ),
    "hidden block": (
        lambda r: rng_choice(
            r,
            (
                "<div hidden>{}</div>",
                "<div style=display:none>{}</div>",
                "<p style='display:none'>{}</p>",
                "<dialog>{}</dialog>",
                "<ul hidden><li>{}</ul>",
                "<title>{}</title>",
                "<noscript>{}</noscript>",
                "<noembed>{}</noembed>",
                "<noframes>{}</noframes>",
                "<audio>{}</audio>",
                "<video>{}</video>",
                "<canvas>{}</canvas>",
                "<iframe>{}</iframe>",
                "<math><annotation>{}</annotation></math>",
                "<svg><title>{}</title></svg>",
                "<svg><desc>{}</desc></svg>",
                "<svg><defs><text>{}</text></defs></svg>",
                "<rp>{}</rp>",
                "<object type=text/html data='data:,'>{}</object>",
            ),
        ).format(noise(r))
    ),
    "empty svg": lambda r: rng_choice(
        r, ("<svg></svg>", "<svg/>", "<math></math>", "<img>", "<img src=x alt=''>", "<object></object>")
    ),
    "float": (
        lambda r: rng_choice(
            r,
            (
                "<span style='font-size:0'>{}</span>",
                "<span style='opacity:0;position:absolute'>{}</span>",
                "<span style='position:absolute;left:-9999px'>{}</span>",
                "<span style='color:transparent;position:absolute'>{}</span>",
                "<span style='position:absolute;clip:rect(0,0,0,0)'>{}</span>",
            ),
        ).format(noise(r))
    ),
    "inline block": lambda r: rng_choice(
        r,
        (
            "<div style=display:inline></div>",
            "<p style='display:contents'></p>",
            "<li style=display:inline>",
            "<div style=display:inline-block></div>",
        ),
    ),
    "control": lambda r: rng_choice(r, ("&#127;", "&#1;", "\x01", "\x7f", "&#x200d;")),
}
BETWEEN = {
    "entity": lambda r: rng_choice(
        r,
        (
            "&nbsp;",
            "&#32;",
            "&#x20;",
            "&NewLine;",
            "&Tab;",
            "&#10;",
            "&#9;",
            "&#160;",
            "&ensp;",
            "&emsp;",
            "&thinsp;",
            "&#x3000;",
            "&nbsp",
            "&MediumSpace;",
            "&hairsp;",
        ),
    ),
    "break": lambda r: rng_choice(r, ("<br>", "<br/>", "</br>", "<br clear=all>", "<hr>", "<BR\n>")),
    "block": lambda r: rng_choice(
        r,
        (
            "</div><div>",
            "<p>",
            "</p>",
            "<li>",
            "</td><td>",
            "<div></div>",
            "<h1></h1>",
            "<table></table>",
            "<center></center>",
            "<pre></pre>",
            "<dt>",
            "<ul></ul>",
            "<article></article>",
            "<x-y style=display:block></x-y>",
        ),
    ),
    "white": lambda r: rng_choice(r, ("\n", "\t", " \n ", "\r\n", "\f", "  ")),
    "comment": lambda r: rng_choice(r, (" <!-- x -->", "<!-- x --> ", " <!-- x --> ", "\n<!--\n-->\n")),
    "hidden": lambda r: rng_choice(
        r, (" <span hidden>x</span>", " <i style=display:none>nor</i> ", " <script>x</script> ", "<p hidden>not</p>")
    ),
    "styled": lambda r: rng_choice(
        r,
        (
            "<span style='display:block'></span>",
            "<span style=white-space:pre> </span>",
            "<b style='display:table-cell'></b>",
        ),
    ),
    "controls": lambda r: rng_choice(r, ("<b> </b>", "</b> <i>", " <wbr>", "&shy; ", " &zwnj;", "<s> </s>")),
}
STYLE = (
    "<style>.h{display:none} #hh{display:none} x-h{display:none} [data-h]{display:none} .p b{display:none}"
    " s{text-decoration:none}</style>"
)


def rng_choice(rng, options):
    return rng.choice(options)


def phrase_in(rng, phrase, done, is_xml=False):
    one = one_of(rng, done, is_xml)
    inside = rng.choice(list(WITHIN)) if rng.random() < 0.75 else None
    outside = rng.choice(list(BETWEEN)) if rng.random() < 0.5 else None
    if is_xml:
        inside = rng.choice(("comment", "cdata", "pi", "element", "hidden", "entity", None))
        outside = rng.choice(("entity", "break", "white", None))
    done.extend(f"within: {inside}" for _ in range(1) if inside)
    done.extend(f"between: {outside}" for _ in range(1) if outside)
    within = BETWEEN_XML if is_xml else WITHIN
    between = BETWEEN_XML_SPACES if is_xml else BETWEEN
    return spelled(
        rng,
        phrase,
        one,
        (lambda: within[inside](rng)) if inside else None,
        (lambda: between[outside](rng)) if outside else None,
    )


BETWEEN_XML = {
    "comment": lambda r: rng_choice(r, ("<!-- x -->", "<!---->", "<!-- <b> -->")),
    "cdata": lambda r: rng_choice(r, ("<![CDATA[]]>", "<b><![CDATA[]]></b>")),
    "pi": lambda r: rng_choice(r, ("<?x?>", "<?x > y?>", "<?php echo '>' ?>")),
    "element": lambda r: rng_choice(
        r,
        (
            "<b/>",
            "<i></i>",
            "<b a='>'/>",
            "<a:b xmlns:a='urn:x'/>",
            "<wbr/>",
            "<script/>",
            "<style/>",
            "<script></script>",
        ),
    ),
    "hidden": lambda r: rng_choice(
        r, ("<b hidden='hidden'>x</b>", "<i style='display:none'>no</i>", "<title>x</title>", "<template>q</template>")
    ),
    "entity": lambda r: rng_choice(r, ("&none;", "&shy;")),
}
BETWEEN_XML_SPACES = {
    "entity": lambda r: rng_choice(r, ("&#160;", "&#32;", "&space;", "&nbsp;")),
    "break": lambda r: rng_choice(r, ("<br/>", "<p></p>", "<br></br>", "<hr/>")),
    "white": lambda r: rng_choice(r, ("\n", "\t", " \r\n ")),
}


def body(rng, shown, phrase, done):
    """What stands in the body: `shown`, which is `phrase` in markup, in some place."""
    place = rng.choice(list(PLACES))
    done.append(f"in {place}")
    before, after = words(rng), words(rng)
    return before + " " + PLACES[place](rng, shown, phrase) + " " + after


def attribute(rng, text):
    """`text` as the value of an attribute, with its quotes."""
    out = "".join(reference(rng, c) if rng.random() < 0.3 or c in "\"'<>&" else c for c in text)
    return rng.choice(("'{}'", '"{}"')).format(out.replace("'", "&#39;").replace('"', "&quot;"))


def halves(rng, phrase):
    cut = rng.randrange(1, len(phrase))
    return phrase[:cut], phrase[cut:]


def css_string(rng, text):
    return "".join(rng.choice((c, f"\\{ord(c):x} ", f"\\{ord(c):06x}")) if c != "'" else "\\'" for c in text)


def generated(rng, shown, phrase):
    first, second = halves(rng, phrase)
    if rng.random() < 0.5:
        return f"<style>.g::before{{content:'{css_string(rng, first)}'}}</style><div class=g>{second}</div>"
    return f'<style>.g:after{{content:"{css_string(rng, second)}"}}</style><div class=g>{first}</div>'


PLACES = {
    "paragraph": lambda r, s, p: f"<p>{s}</p>",
    "nothing": lambda r, s, p: s,
    "cell": (
        lambda r, s, p: r.choice(
            (
                "<table><tr><td>{}</td></tr></table>",
                "<table>{}</table>",
                "<table><caption>{}</table>",
                "<table><tr>{}<td></table>",
                "<td>{}",
            )
        ).format(s)
    ),
    "list": (
        lambda r, s, p: r.choice(
            ("<ul><li>{}<li>x</ul>", "<dl><dt>{}<dd>x</dl>", "<ol>{}</ol>", "<menu><li>{}")
        ).format(s)
    ),
    "textarea": lambda r, s, p: f"<textarea>{p}</textarea>",
    "title": lambda r, s, p: f"<svg><text y=20>{s}</text></svg>",
    "placeholder": lambda r, s, p: f"<input placeholder={attribute(r, p)}>",
    "value": (
        lambda r, s, p: r.choice(
            (
                "<input value={}>",
                "<input type=submit value={}>",
                "<input type=button value={}>",
                "<input type=reset value={} disabled>",
                "<button>x</button><input readonly value={}>",
            )
        ).format(attribute(r, p))
    ),
    "alt": (
        lambda r, s, p: r.choice(
            ("<img alt={}>", "<img src=x alt={}>", "<input type=image alt={}>", "<area alt={}>")
        ).format(attribute(r, p))
    ),
    "tooltip": lambda r, s, p: r.choice(("<b title={}>x</b>", "<a href=x aria-label={}>x</a>")).format(attribute(r, p)),
    "label": (
        lambda r, s, p: r.choice(
            (
                "<select><option label={}></select>",
                "<select><optgroup label={}><option>x</select>",
                "<video><track label={}></video>",
            )
        ).format(attribute(r, p))
    ),
    "option": lambda r, s, p: f"<select><option>{p}</select>",
    "content": generated,
    "data url": lambda r, s, p: f"<iframe srcdoc={attribute(r, p)}></iframe>",
    "srcdoc": lambda r, s, p: f"<iframe srcdoc={attribute(r, s)}></iframe>",
    "shadow": (
        lambda r, s, p: r.choice(
            (
                "<div><template shadowrootmode=open>{}</template></div>",
                "<div><template shadowrootmode='open'><slot></slot></template>{}</div>",
            )
        ).format(s)
    ),
    "plaintext": (
        lambda r, s, p: r.choice(("<plaintext>{}", "<xmp>{}</xmp>", "<listing>{}</listing>", "<pre>\n{}</pre>")).format(
            p
        )
    ),
    "ruby": (
        lambda r, s, p: "<ruby>" + "".join(f"{c}<rt>{r.choice('abc')}</rt>" if c != " " else " " for c in p) + "</ruby>"
    ),
    "bdo": lambda r, s, p: r.choice(
        (
            "<bdo dir=rtl>{}</bdo>",
            "<bdo dir='RTL'>{}</bdo>",
            "<span style='direction:rtl;unicode-bidi:bidi-override'>{}</span>",
            "<p dir=rtl style='unicode-bidi:bidi-override'>{}</p>",
        )
    ).format(p[::-1]),
    "foreign": (
        lambda r, s, p: r.choice(
            (
                "<svg><foreignObject><p>{}</p></foreignObject></svg>",
                "<math><mtext>{}</mtext></math>",
                "<svg><a><text>{}</text></a></svg>",
                "<math><mi>{}</mi></math>",
            )
        ).format(s)
    ),
    "cdata": lambda r, s, p: "<svg><text>" + "".join(f"<![CDATA[{c}]]>" for c in p) + "</text></svg>",
    "fallback": (
        lambda r, s, p: r.choice(
            (
                "<object>{}</object>",
                "<details open>{}</details>",
                "<dialog open>{}</dialog>",
                "<button>{}</button>",
                "<fieldset><legend>{}</legend></fieldset>",
                "<marquee>{}</marquee>",
                "<label>{}</label>",
                "<meter>{}</meter>",
                "<summary>{}</summary>",
                "<output>{}</output>",
                "<font>{}</font>",
            )
        ).format(s)
    ),
    "misnested": (
        lambda r, s, p: r.choice(
            (
                "<b><p>{}</b></p>",
                "<i><table><b>{}</i></table>",
                "<a><div><a>{}",
                "<p><ul>{}</p>",
                "</body></html>{}",
                "<frameset></frameset>{}",
                "<head>{}</head>",
                "<select><b>{}</b>",
            )
        ).format(s)
    ),
    "letters in elements": lambda r, s, p: "".join(
        f"<{t}>{c}</{t}>" if c != " " else r.choice((" ", "<i> </i>"))
        for c in p
        for t in [r.choice(("b", "span", "a", "x-y", "kbd", "sup", "nobr", "font", "label"))]
    ),
    "cells of letters": (
        lambda r, s, p: "<p>"
        + "".join(f"<span style='display:inline-block'>{c}</span>" if c != " " else " " for c in p)
    ),
    "joined lines": lambda r, s, p: "<p>" + "".join(f"{c}<!--\n-->" for c in p),
    "raw text with a comment": (
        lambda r, s, p: r.choice(
            (
                "<title><!--</title>{}-->",
                "<iframe><!--</iframe>{}-->",
                "<noscript><!--</noscript>{}-->",
                "<script><!--</script>{}-->",
                "<style>/*<!--*/</style>{}-->",
                "<noframes><b title='</noframes>{}'>",
                "<textarea><!--</textarea>{}-->",
                "<b title='<!--'></b>{}<b title='-->'></b>",
                "<script>'<!--<script>'</script>{}</script>",
            )
        ).format(s)
    ),
    "stray ends": lambda r, s, p: "".join(
        c + (r.choice(("</div>", "</ul>", "</table>", "</x>", "</tr>")) if c != " " else "") for c in p
    ),
    "unclosed": (
        lambda r, s, p: r.choice(
            ("<b <i>{}", "<p/>{}", "<div<p>{}", "<!--x--><!-->{}", "<style></style>{}<style>", "<title>x</title>{}<!--")
        ).format(s)
    ),
    "capitals": lambda r, s, p: f"<p style='text-transform:uppercase'>{s}</p>",
    "variants": lambda r, s, p: "".join(chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else c for c in p),
}


def page(rng, content, done):
    """The page around it, its charset, and its bytes."""
    charset, ends = rng.choice(CHARSETS)
    try:
        content.encode(ends)
    except (UnicodeEncodeError, LookupError):
        charset, ends = "<meta charset=utf-8>", "utf-8"
    head = rng.choice(
        (
            "<!DOCTYPE html><html><head>{}</head><body>{}</body></html>",
            "{}{}",
            "<html>{}<body>{}",
            "<!doctype html>{}<title>x</title>{}",
        )
    )
    if charset != "<meta charset=utf-8>":
        done.append(f"charset {ends} {charset[:60]}")
    return head.format(charset + STYLE, content).encode(ends)


CHARSETS = [("<meta charset=utf-8>", "utf-8")] * 12 + [
    ("", "utf-16"),
    ("", "utf-8-sig"),
    ("<meta charset=windows-1252>", "cp1252"),
    ("<meta charset=latin1>", "latin1"),
    ("<meta charset='koi8-r'>", "koi8-r"),
    ("<META CHARSET=windows-1251>", "cp1251"),
    ("<meta charset=iso-8859-7>", "iso8859-7"),
    ("<meta http-equiv=content-type content='text/html; charset=windows-1251'>", "cp1251"),
    ("<meta content='text/html;charset=koi8-r' http-equiv='Content-Type'>", "koi8-r"),
    ("<meta charset=macintosh>", "mac-roman"),
    ("<meta charset=ibm866>", "cp866"),
    ("<!-- charset=utf-8 --><meta charset=windows-1251>", "cp1251"),
    ("<meta name=x content='charset=utf-8'><meta charset=koi8-r>", "koi8-r"),
    ("<meta charset=utf-16>", "utf-8"),
    ("<meta charset=shift_jis>", "shift_jis"),
    ("<meta charset=gbk>", "gbk"),
    ("<meta charset=iso-2022-jp>", "iso2022_jp"),
    ("<meta charset=x-user-defined>", "ascii"),
    ("<meta charset=x-mac-cyrillic>", "mac-cyrillic"),
    ("<meta charset='utf-8", "utf-8"),
    ("<meta charset = ' windows-1251 '>", "cp1251"),
    ("<meta\ncharset=windows-1251 />", "cp1251"),
    ("<meta/charset=windows-1251>", "cp1251"),
]


def make(rng, phrase):
    """Name, media type, bytes, and what was done."""
    done = []
    draw = rng.random()
    if draw < 0.1:
        return xhtml(rng, phrase, done)
    if draw < 0.15:
        return svg(rng, phrase, done)
    shown = phrase_in(rng, phrase, done)
    data = page(rng, body(rng, shown, phrase, done), done)
    return "html", "text/html", data, done


def xhtml(rng, phrase, done):
    shown = phrase_in(rng, phrase, done, is_xml=True)
    done.append("xhtml")
    if rng.random() < 0.3:
        done.append("whole in cdata")
        shown = "".join(rng.choice((f"<![CDATA[{c}]]>", c, f"&#{ord(c)};")) for c in phrase)
    if rng.random() < 0.3:
        done.append("by entities")
        first, second = halves(rng, phrase)
        shown = "&first;&second;"
        own = f"<!ENTITY first '{first}'><!ENTITY second '{second}'>"
    else:
        own = ""
    doctype = (
        f"<!DOCTYPE html [<!ENTITY none ''><!ENTITY space ' '><!ENTITY shy '&#173;'><!ENTITY nbsp '&#160;'>{own}]>"
    )
    text = (
        f"{doctype}<html xmlns='http://www.w3.org/1999/xhtml'><head><title>x</title></head><body><p>{words(rng)}"
        f" {shown} {words(rng)}</p></body></html>"
    )
    encoding, python = rng.choice(
        (("UTF-8", "utf-8"), ("UTF-8", "utf-8"), ("UTF-16", "utf-16"), ("windows-1251", "cp1251"), ("koi8-r", "koi8-r"))
    )
    try:
        data = (f"<?xml version='1.0' encoding='{encoding}'?>" + text).encode(python)
    except UnicodeEncodeError:
        data = text.encode()
    return "xhtml", "application/xhtml+xml", data, done


def svg(rng, phrase, done):
    shown = phrase_in(rng, phrase, done, is_xml=True)
    place = rng.choice(("text", "tspans", "foreign", "title"))
    done.append(f"svg {place}")
    inner = {
        "text": lambda: f"<text y='20'>{shown}</text>",
        "tspans": lambda: "<text y='20'>" + "".join(f"<tspan>{c}</tspan>" for c in phrase) + "</text>",
        "foreign": lambda: (
            "<foreignObject width='400' height='90'><p"
            f" xmlns='http://www.w3.org/1999/xhtml'>{shown}</p></foreignObject>"
        ),
        "title": lambda: f"<title>{phrase}</title><text y='20'>{words(rng)}</text>",
    }[place]()
    doctype = "<!DOCTYPE svg [<!ENTITY none ''><!ENTITY space ' '><!ENTITY shy '&#173;'><!ENTITY nbsp '&#160;'>]>"
    return (
        "svg",
        "image/svg+xml",
        f"{doctype}<svg xmlns='http://www.w3.org/2000/svg' width='500' height='100'>{inner}</svg>".encode(),
        done,
    )
