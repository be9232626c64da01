"""Documents of Office that show a phrase in unusual ways: plain zip and XML."""

import io
import zipfile
from xml.sax.saxutils import escape

from spelling import words

W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" xmlns:v="urn:schemas-microsoft-com:vml"'
)
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def packed(rng, files):
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as file:
        for name, data in files:
            file.writestr(name, data)
    return into.getvalue()


def ooxml(rng, main, kind, body, others=(), relations=()):
    """A package whose main part `main` has content type `kind` and relations to `others`: (path, type, content)."""
    types = "".join(f'<Override PartName="/{path}" ContentType="{content_type}"/>' for path, content_type, _ in others)
    files = [
        (
            "[Content_Types].xml",
            HEAD
            + f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml"'
            f' ContentType="application/xml"/><Override PartName="/{main}" ContentType="{kind}"/>{types}</Types>',
        ),
        (
            "_rels/.rels",
            HEAD
            + f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" Type="{RELS}/officeDocument"'
            f' Target="{main}"/></Relationships>',
        ),
        (main, HEAD + body),
    ]
    folder, name = main.rsplit("/", 1)
    if relations:
        inner = "".join(
            f'<Relationship Id="{key}" Type="{RELS}/{kind}" Target="{target}"/>' for key, kind, target in relations
        )
        files.append(
            (
                f"{folder}/_rels/{name}.rels",
                HEAD + f'<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>',
            )
        )
    return packed(rng, files + [(path, HEAD + data) for path, _, data in others])


def xml_text(rng, text, tag="w:t", space=' xml:space="preserve"'):
    """The text as an element, escaped in one way or another."""
    out = ""
    for character in text:
        out += rng.choice(
            (escape(character),) * 6 + (f"&#{ord(character)};", f"&#x{ord(character):x};", f"<![CDATA[{character}]]>")
        )
    return f"<{tag}{space}>{out}</{tag}>"


def cut(rng, text, longest=3):
    at, out = 0, []
    while at < len(text):
        length = rng.randint(1, longest)
        out.append(text[at : at + length])
        at += length
    return out


def run(rng, text, properties=""):
    return f"<w:r>{f'<w:rPr>{properties}</w:rPr>' if properties else ''}{xml_text(rng, text)}</w:r>"


BETWEEN_RUNS = {
    "nothing": lambda r: "",
    "proof": lambda r: r.choice(
        (
            '<w:proofErr w:type="spellStart"/>',
            '<w:bookmarkStart w:id="1" w:name="x"/><w:bookmarkEnd w:id="1"/>',
            "<w:r/>",
        )
    ),
    "deleted": lambda r: (
        '<w:del w:id="9" w:author="x"'
        f' w:date="2020-01-01T00:00:00Z"><w:r><w:delText>{r.choice("qxz")}</w:delText></w:r></w:del>'
    ),
    "hidden": lambda r: run(
        r,
        r.choice("qxz"),
        r.choice(("<w:vanish/>", '<w:vanish w:val="true"/>', '<w:vanish w:val="1"/>', '<w:rStyle w:val="H"/>')),
    ),
    "instruction": lambda r: (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> XE "x" </w:instrText></w:r><w:r><w:fldChar'
        ' w:fldCharType="end"/></w:r>'
    ),
    "comment": lambda r: '<w:r><w:commentReference w:id="0"/></w:r>',
    "soft hyphen": lambda r: r.choice(
        ("<w:r><w:softHyphen/></w:r>", "<w:r><w:t>\u200b</w:t></w:r>", "<w:r><w:t>&#173;</w:t></w:r>")
    ),
    "xml comment": lambda r: r.choice(
        ("<!-- x -->", "<?x?>", "<w:r><w:t><!-- x --></w:t></w:r>", "<w:smartTag><w:r><w:t></w:t></w:r></w:smartTag>")
    ),
    "moved": lambda r: (
        '<w:moveFrom w:id="8" w:author="x" w:date="2020-01-01T00:00:00Z"><w:r><w:t>x</w:t></w:r></w:moveFrom>'
    ),
    "footnote": lambda r: "<w:r><w:lastRenderedPageBreak/></w:r>",
    "unknown": lambda r: (
        "<w:sdt><w:sdtPr><w:alias w:val='x'/></w:sdtPr><w:sdtContent><w:r><w:t></w:t></w:r></w:sdtContent></w:sdt>"
    ),
}
FORMATS = (
    "",
    "<w:b/>",
    "<w:i/>",
    '<w:color w:val="FF0000"/>',
    "<w:caps/>",
    '<w:sz w:val="30"/>',
    '<w:vertAlign w:val="superscript"/>',
    '<w:vanish w:val="0"/>',
)


def runs(rng, phrase, done):
    kind = rng.choice(list(BETWEEN_RUNS))
    done.append(f"runs, {kind}")
    share = rng.choice((0.4, 1))
    out = []
    for piece in cut(rng, phrase):
        out.append(run(rng, piece, rng.choice(FORMATS)))
        if rng.random() < share:
            out.append(BETWEEN_RUNS[kind](rng))
    return "".join(out)


def spaces(rng, phrase, done):
    kind = rng.choice(
        (
            "<w:tab/>",
            "<w:br/>",
            "<w:cr/>",
            '<w:ptab w:alignment="left" w:relativeTo="margin" w:leader="none"/>',
            '<w:sym w:font="Symbol" w:char="F020"/>',
        )
    )
    done.append(f"for spaces {kind[:12]}")
    return f"<w:r>{kind}</w:r>".join(run(rng, word) for word in phrase.split(" "))


def field(rng, phrase, done):
    done.append("field")
    return rng.choice(
        (
            f'<w:fldSimple w:instr=" DATE ">{run(rng, phrase)}</w:fldSimple>',
            f'<w:hyperlink w:anchor="x">{run(rng, phrase)}</w:hyperlink>',
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK'
            ' "x"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
            + "".join(run(rng, piece) for piece in cut(rng, phrase))
            + '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
            f'<w:ins w:id="3" w:author="x" w:date="2020-01-01T00:00:00Z">{run(rng, phrase)}</w:ins>',
            f'<w:moveTo w:id="3" w:author="x" w:date="2020-01-01T00:00:00Z">{run(rng, phrase)}</w:moveTo>',
            f"<w:sdt><w:sdtContent>{run(rng, phrase)}</w:sdtContent></w:sdt>",
            f'<w:bdo w:val="rtl">{run(rng, phrase[::-1])}</w:bdo>',
            f'<w:smartTag w:element="x">{run(rng, phrase)}</w:smartTag>',
        )
    )


def symbols(rng, phrase, done):
    done.append("symbols")
    out = ""
    for character in phrase:
        if character != " " and character.isascii() and rng.random() < 0.5:
            out += f'<w:r><w:sym w:font="Arial" w:char="{rng.choice(("F0", "00"))}{ord(character):02X}"/></w:r>'
        else:
            out += run(rng, character)
    return out


def ruby(rng, phrase, done):
    done.append("ruby")
    return "".join(
        f"<w:r><w:ruby><w:rubyPr/><w:rt>{run(rng, 'x')}</w:rt><w:rubyBase>{run(rng, piece)}</w:rubyBase></w:ruby></w:r>"
        for piece in cut(rng, phrase)
    )


def math(rng, phrase, done):
    done.append("math")
    return (
        "<m:oMath>" + "".join(f"<m:r>{xml_text(rng, piece, 'm:t')}</m:r>" for piece in cut(rng, phrase)) + "</m:oMath>"
    )


def box(rng, phrase, done):
    done.append("text box")
    inner = f"<w:p>{runs(rng, phrase, done)}</w:p>"
    vml = (
        "<w:pict><v:shape"
        f' style="width:200pt;height:50pt"><v:textbox><w:txbxContent>{inner}</w:txbxContent></v:textbox></v:shape></w:pict>'
    )
    drawn = (
        '<w:drawing><wp:inline><wp:extent cx="3000000" cy="900000"/><wp:docPr id="1"'
        ' name="x"/><a:graphic><a:graphicData'
        ' uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp><wps:cNvSpPr'
        ' txBox="1"/><wps:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="3000000" cy="900000"/></a:xfrm><a:prstGeom'
        ' prst="rect"><a:avLst/></a:prstGeom></wps:spPr><wps:txbx><w:txbxContent>'
        + inner
        + "</w:txbxContent></wps:txbx><wps:bodyPr/></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing>"
    )
    return (
        "<w:r>"
        + rng.choice(
            (
                vml,
                (
                    "<mc:AlternateContent><mc:Choice"
                    f' Requires="wps">{drawn}</mc:Choice><mc:Fallback>{vml}</mc:Fallback></mc:AlternateContent>'
                ),
            )
        )
        + "</w:r>"
    )


def docx(rng, phrase):
    done = ["docx"]
    shown = rng.choice((runs, runs, runs, spaces, field, symbols, ruby, math, box))(rng, phrase, done)
    place = rng.choice(("body", "body", "cell", "header", "footnote", "paragraphs"))
    done.append(f"in {place}")
    paragraph = f"<w:p>{run(rng, words(rng) + ' ')}{shown}{run(rng, ' ' + words(rng))}</w:p>"
    styles = (
        f'<w:styles {W}><w:style w:type="character" w:styleId="H"><w:name'
        ' w:val="H"/><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
    )
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    others, relations = [("word/styles.xml", f"{word}.styles+xml", styles)], [("rId1", "styles", "styles.xml")]
    body, section = paragraph, ""
    if place == "cell":
        body = (
            "<w:tbl><w:tblPr/><w:tblGrid><w:gridCol"
            f' w:w="5000"/></w:tblGrid><w:tr><w:tc><w:tcPr/>{paragraph}</w:tc></w:tr></w:tbl>'
        )
    elif place == "header":
        others.append(("word/header1.xml", f"{word}.header+xml", f"<w:hdr {W}>{paragraph}</w:hdr>"))
        relations.append(("rId2", "header", "header1.xml"))
        body, section = (
            f"<w:p>{run(rng, 'x')}</w:p>",
            '<w:sectPr><w:headerReference w:type="default" r:id="rId2"/></w:sectPr>',
        )
    elif place == "footnote":
        notes = f'<w:footnotes {W}><w:footnote w:id="2">{paragraph}</w:footnote></w:footnotes>'
        others.append(("word/footnotes.xml", f"{word}.footnotes+xml", notes))
        relations.append(("rId2", "footnotes", "footnotes.xml"))
        body = f'<w:p>{run(rng, "x")}<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    elif place == "paragraphs":
        body = "".join(f"<w:p>{run(rng, word)}</w:p>" for word in phrase.split())
    data = ooxml(
        rng,
        "word/document.xml",
        f"{word}.document.main+xml",
        f"<w:document {W}><w:body>{body}<w:p/>{section}</w:body></w:document>",
        others,
        relations,
    )
    return "docx", f"{word}.document", data, done


def sheet_text(rng, phrase, done):
    """A rich or plain string of a sheet: `t`, or runs with readings."""
    kind = rng.choice(("plain", "runs", "runs", "reading", "escaped"))
    done.append(kind)
    if kind == "plain":
        return xml_text(rng, phrase, "t")
    if kind == "escaped":
        return "<t>" + "".join(f"_x{ord(c):04X}_" if rng.random() < 0.3 else c for c in phrase) + "</t>"
    inner = "".join(
        f"<r>{rng.choice(('', '<rPr><b/></rPr>'))}{xml_text(rng, piece, 't')}</r>" for piece in cut(rng, phrase)
    )
    if kind == "reading":
        inner += '<rPh sb="0" eb="1"><t>x</t></rPh><phoneticPr fontId="1"/>'
    return inner


def xlsx(rng, phrase):
    done = ["xlsx"]
    kind = rng.choice(("shared", "inline", "formula", "row", "column", "header", "name", "concatenated"))
    done.append(kind)
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    ns = f'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{RELS}"'
    others, relations, after, title = [], [("rId1", "worksheet", "worksheets/sheet1.xml")], "", "x"
    cell = lambda place, inner: f'<c r="{place}" t="inlineStr"><is>{inner}</is></c>'
    rows = f'<row r="1">{cell("A1", "<t>x</t>")}</row>'
    if kind == "shared":
        strings = f'<sst {ns} count="2" uniqueCount="2"><si><t>x</t></si><si>{sheet_text(rng, phrase, done)}</si></sst>'
        others.append(("xl/sharedStrings.xml", f"{sheet}.sharedStrings+xml", strings))
        relations.append(("rId2", "sharedStrings", "sharedStrings.xml"))
        rows = '<row r="1"><c r="A1" t="s"><v>1</v></c></row>'
    elif kind == "inline":
        rows = f'<row r="1">{cell("A1", sheet_text(rng, phrase, done))}</row>'
    elif kind == "formula":
        rows = f'<row r="1"><c r="A1" t="str"><f>A2</f>{xml_text(rng, phrase, "v")}</c></row>'
    elif kind == "concatenated":
        parts = "&amp;".join(f'"{piece}"' for piece in cut(rng, phrase))
        rows = f'<row r="1"><c r="A1" t="str"><f>{parts}</f></c></row>'
    elif kind == "row":
        rows = (
            '<row r="1">'
            + "".join(cell(f"{chr(65 + i)}1", f"<t>{word}</t>") for i, word in enumerate(phrase.split()))
            + "</row>"
        )
    elif kind == "column":
        rows = "".join(
            f'<row r="{i}">{cell(f"A{i}", f"<t>{word}</t>")}</row>' for i, word in enumerate(phrase.split(), 1)
        )
    elif kind == "header":
        after = f"<headerFooter><oddHeader>&amp;C{phrase}</oddHeader></headerFooter>"
    else:
        title = phrase
    others.insert(
        0,
        (
            "xl/worksheets/sheet1.xml",
            f"{sheet}.worksheet+xml",
            f"<worksheet {ns}><sheetData>{rows}</sheetData>{after}</worksheet>",
        ),
    )
    book = f'<workbook {ns}><sheets><sheet name="{title}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    return (
        "xlsx",
        f"{sheet}.sheet",
        ooxml(rng, "xl/workbook.xml", f"{sheet}.sheet.main+xml", book, others, relations),
        done,
    )


PPTX_FORMATS = ("", '<a:rPr b="1"/>', '<a:rPr lang="de"><a:solidFill><a:srgbClr val="FF0000"/></a:solidFill></a:rPr>')


def pptx(rng, phrase):
    done = ["pptx"]
    a = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ns = f'{a} xmlns:r="{RELS}" xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
    kind = rng.choice(("runs", "field", "breaks", "table", "paragraphs", "shapes"))
    done.append(kind)

    def text(piece):
        return f"<a:r>{rng.choice(PPTX_FORMATS)}{xml_text(rng, piece, 'a:t', '')}</a:r>"

    if kind == "field":
        inner = (
            '<a:p><a:fld id="{00000000-0000-0000-0000-000000000000}"'
            f' type="x">{xml_text(rng, phrase, "a:t", "")}</a:fld></a:p>'
        )
    elif kind == "breaks":
        inner = "<a:p>" + "<a:br/>".join(text(word) for word in phrase.split()) + "</a:p>"
    elif kind == "paragraphs":
        inner = "".join(f"<a:p>{text(word)}</a:p>" for word in phrase.split())
    else:
        inner = "<a:p>" + "".join(text(piece) for piece in cut(rng, phrase)) + "</a:p>"
    place = '<a:xfrm><a:off x="900000" y="900000"/><a:ext cx="6000000" cy="900000"/></a:xfrm>'
    shape = lambda inner, n=2: (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{n}" name="x"/><p:cNvSpPr'
        f' txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr>{place}<a:prstGeom'
        f' prst="rect"><a:avLst/></a:prstGeom></p:spPr><p:txBody><a:bodyPr/>{inner}</p:txBody></p:sp>'
    )
    shown = shape(inner)
    if kind == "table":
        frame = place.replace("a:xfrm", "p:xfrm")
        shown = (
            '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="4"'
            f' name="x"/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>{frame}<a:graphic><a:graphicData '
            'uri="http://schemas.openxmlformats.org/drawingml/2006/table"><a:tbl><a:tblPr/><a:tblGrid><a:gridCol'
            ' w="6000000"/></a:tblGrid><a:tr h="400000"><a:tc>'
            f"<a:txBody><a:bodyPr/>{inner}</a:txBody><a:tcPr/></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
        )
    tree = '<p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    slide = f"<p:sld {ns}><p:cSld>{tree}{shown}</p:spTree></p:cSld></p:sld>"
    main = "application/vnd.openxmlformats-officedocument.presentationml"
    body = (
        f'<p:presentation {ns}><p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst><p:sldSz cx="9144000"'
        ' cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>'
    )
    data = ooxml(
        rng,
        "ppt/presentation.xml",
        f"{main}.presentation.main+xml",
        body,
        [("ppt/slides/slide1.xml", f"{main}.slide+xml", slide)],
        [("rId1", "slide", "slides/slide1.xml")],
    )
    return "pptx", f"{main}.presentation", data, done


ODF_WITHIN = {
    "span": lambda r: r.choice(
        ("<text:span/>", '<text:span text:style-name="B"></text:span>', "<text:a xlink:href='x'></text:a>")
    ),
    "bookmark": lambda r: r.choice(
        (
            '<text:bookmark text:name="x"/>',
            "<text:soft-page-break/>",
            '<text:reference-mark text:name="y"/>',
            "<text:alphabetical-index-mark text:string-value='x'/>",
        )
    ),
    "hidden": lambda r: r.choice(
        (
            '<text:hidden-text text:condition="ooow:1" text:string-value="x" text:is-hidden="true"/>',
            '<text:span text:style-name="H">x</text:span>',
            '<text:change text:change-id="c1"/>',
        )
    ),
    "comment": lambda r: r.choice(("<!-- x -->", "<?x?>", "<![CDATA[]]>", "\u00ad", "&#8203;")),
    "note": lambda r: "<office:annotation><text:p>x</text:p></office:annotation>",
    "nothing": lambda r: "",
}
ODF_SPACES = (
    "<text:s/>",
    "<text:tab/>",
    "<text:line-break/>",
    '<text:s text:c="3"/>',
    " ",
    " \n ",
    "<text:span> </text:span>",
    "&#160;",
)


def odt(rng, phrase):
    done = ["odt"]
    kind, space = rng.choice(list(ODF_WITHIN)), rng.choice(ODF_SPACES)
    done += [kind, f"for spaces {space.strip()}"]
    share = rng.choice((0.2, 1))
    shown = "".join(
        (
            space
            if c == " "
            else (escape(c) if rng.random() < 0.8 else f"<text:span>{c}</text:span>")
            + (ODF_WITHIN[kind](rng) if i and rng.random() < share and phrase[i + 1 : i + 2].strip() else "")
        )
        for i, c in enumerate(phrase)
    )
    place = rng.choice(("paragraph", "heading", "list", "cell", "frame", "section", "ruby", "field", "note"))
    done.append(f"in {place}")
    inner = {
        "paragraph": lambda: f"<text:p>{words(rng)} {shown} {words(rng)}</text:p>",
        "heading": lambda: f'<text:h text:outline-level="1">{shown}</text:h>',
        "list": lambda: f"<text:list><text:list-item><text:p>{shown}</text:p></text:list-item></text:list>",
        "cell": lambda: (
            '<table:table table:name="t"><table:table-column/><table:table-row><table:table-cell'
            f' office:value-type="string"><text:p>{shown}</text:p></table:table-cell></table:table-row></table:table>'
        ),
        "frame": lambda: (
            '<text:p><draw:frame text:anchor-type="as-char" svg:width="9cm"'
            f' svg:height="3cm"><draw:text-box><text:p>{shown}</text:p></draw:text-box></draw:frame></text:p>'
        ),
        "section": lambda: f'<text:section text:name="s"><text:p>{shown}</text:p></text:section>',
        "ruby": (
            lambda: "<text:p>"
            + "".join(
                (
                    f"<text:ruby><text:ruby-base>{p}</text:ruby-base><text:ruby-text>x</text:ruby-text></text:ruby>"
                    if p.strip() == p
                    else p
                )
                for p in cut(rng, phrase)
            )
            + "</text:p>"
        ),
        "field": lambda: (
            f'<text:p>{words(rng)} <text:placeholder text:placeholder-type="text">{phrase}</text:placeholder>'
            f" <text:text-input>{phrase}</text:text-input></text:p>"
        ),
        "note": lambda: (
            "<text:p>x<text:note"
            f' text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>{shown}</text:p></text:note-body></text:note></text:p>'
        ),
    }[place]()
    ns = (
        " ".join(
            f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
            for prefix, name in (
                ("office", "office"),
                ("text", "text"),
                ("table", "table"),
                ("draw", "drawing"),
                ("style", "style"),
                ("fo", "xsl-fo-compatible"),
                ("svg", "svg-compatible"),
            )
        )
        + ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    styles = (
        '<office:automatic-styles><style:style style:name="H" style:family="text"><style:text-properties'
        ' text:display="none"/></style:style></office:automatic-styles>'
    )
    changes = (
        "<text:tracked-changes><text:changed-region"
        ' text:id="c1"><text:deletion><office:change-info><dc:creator>x</dc:creator><dc:date>2020-01-01T00:00:00</dc:date></office:change-info>'
        "<text:p>x</text:p></text:deletion></text:changed-region></text:tracked-changes>"
        if "c1" in inner
        else ""
    )
    kind = "application/vnd.oasis.opendocument.text"
    content = (
        f"{HEAD}<office:document-content {ns}"
        f' office:version="1.2">{styles}<office:body><office:text>{changes}{inner}</office:text></office:body></office:document-content>'
    )
    manifest = (
        f"{HEAD}<manifest:manifest"
        ' xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry'
        f' manifest:full-path="/" manifest:media-type="{kind}"/><manifest:file-entry manifest:full-path="content.xml"'
        ' manifest:media-type="text/xml"/></manifest:manifest>'
    )
    if rng.random() < 0.15:
        done.append("flat")
        flat = content.replace("document-content", "document").replace(
            ' office:version="1.2"', f' office:version="1.2" office:mimetype="{kind}"'
        )
        return "fodt", kind + "-flat-xml", flat.encode(), done
    return (
        "odt",
        kind,
        packed(rng, [("mimetype", kind), ("content.xml", content), ("META-INF/manifest.xml", manifest)]),
        done,
    )


def make(rng, phrase):
    """Name, media type, bytes, and what was done."""
    return rng.choices((docx, xlsx, pptx, odt), (5, 2, 2, 3))[0](rng, phrase)
