"""Document number `index` of a run with `seed`: depends on nothing else, but for the kinds that PENSTOCK_TEXTS_ONLY
names, where that is set, and for those that some program shows."""

import os
import random
from dataclasses import dataclass

import odd_html
import odd_markdown
import odd_office
import odd_pdf
import odd_rtf
from phrases import PHRASES

# Kind: how often it is made, what makes it, and the kinds of documents that come of it.
KINDS = {
    "html": (40, odd_html.make, ("html", "xhtml", "svg")),
    "markdown": (20, odd_markdown.make, ("md",)),
    "pdf": (20, odd_pdf.make, ("pdf",)),
    "rtf": (12, odd_rtf.make, ("rtf",)),
    "office": (16, odd_office.make, ("docx", "xlsx", "pptx", "odt", "fodt")),
}
ONLY = os.environ.get("PENSTOCK_TEXTS_ONLY", "").split()


@dataclass
class Document:
    index: int
    phrase: int
    kind: str
    media_type: str
    data: bytes
    done: list
    sent: tuple


def sent(rng, kind, media_type, data):
    """As which type it is sent, and the body: by itself, or as a file of a form."""
    how = rng.random()
    if how < 0.4:
        return media_type, data
    if how < 0.6:
        return "application/octet-stream", data
    declared = media_type if how < 0.8 else "application/octet-stream"
    head = (
        f'--texts\r\nContent-Disposition: form-data; name="f"; filename="a.{kind}"\r\nContent-Type: {declared}\r\n\r\n'
    )
    return "multipart/form-data; boundary=texts", head.encode() + data + b"\r\n--texts--\r\n"


def make(seed, index, left_out=()):
    rng = random.Random(seed * 1_000_003 + index)
    names = [name for name in KINDS if name not in left_out and (not ONLY or name in ONLY)]
    kind = rng.choices(names, [KINDS[name][0] for name in names])[0]
    phrase = rng.choice((0, 0, 1, 1, 2, 3, 4, 5))
    name, media_type, data, done = KINDS[kind][1](rng, PHRASES[phrase])
    return Document(index, phrase, name, media_type, data, done, sent(rng, name, media_type, data))
