"""What clients upload, and what must come of it."""
import gzip
import hashlib
import io
import random
import urllib.parse
import zipfile
from dataclasses import dataclass
from pathlib import Path

from origin import FAULTS

SAMPLES = Path(__file__).resolve().parents[2] / "deploy/demo/samples"
WORDS = "the a of river garden window letter morning bread engine paper summer north little walk green stone".split()
FORBIDDEN = "join our moon cheese ritual tonight"
BLOCKED = 451
MB = 1 << 20


@dataclass
class Upload:
    """One request. `verdict` is that of its body, whatever its route does with it."""

    id: int
    kind: str
    path: str
    body: bytes
    content_type: str
    verdict: str
    fault: str = ""
    is_gzip: bool = False
    is_chunked: bool = False

    @property
    def digest(self):
        return hashlib.sha256(self.body).hexdigest()

    @property
    def is_released(self):
        """Whether the origin is to get it."""
        return self.verdict == "allow" or self.path.startswith(("/watch/", "/open/", "/nowhere/open/"))

    def headers(self):
        headers = {"Content-Type": self.content_type, "Soak-Id": str(self.id), "Soak-Fault": self.fault}
        return headers | ({"Content-Encoding": "gzip"} if self.is_gzip else {})

    def complaint(self, answer):
        """What is wrong with the answer, if something is."""
        if not self.is_released:
            expected = "blocked"
        elif self.fault in ("reset", "reset-early", "refused"):
            expected = "origin_failed"
        elif self.fault in ("cut", "cut-chunks"):
            expected = "cut"
        elif self.fault == "error":
            expected = "error"
        else:
            expected = "delivered"
        got = answer.kind(self.digest)
        return None if got == expected else f"{expected} expected, got {got}"


@dataclass
class Answer:
    status: int = 0
    is_of_origin: bool = False
    body: bytes = b""
    code: str = ""
    is_cut: bool = False
    error: str = ""
    retry_after: str = ""

    def kind(self, digest):
        if self.error:
            return self.error
        if self.is_cut:
            # The reset of a stream of HTTP/2 may overtake its header.
            return "cut" if self.status in (0, 200) else f"cut {self.status}"
        if self.is_of_origin:
            texts = {200: "delivered" if self.body == digest.encode() else "changed", 500: "error"}
            return texts.get(self.status, f"{self.status} of the origin")
        if self.status == BLOCKED:
            return "blocked"
        return self.code or f"{self.status} without a code"


def multipart(name, content, content_type):
    line = b"------soak7d1f"
    head = b'Content-Disposition: form-data; name="file"; filename="%b"\r\nContent-Type: %b' % (name, content_type)
    note = b'Content-Disposition: form-data; name="note"\r\n\r\nfrom the garden'
    return b"%b\r\n%b\r\n%b\r\n%b\r\n\r\n%b\r\n%b--\r\n" % (line, note, line, head, content, line)


def zipped(names):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return sink.getvalue()


class Maker:
    """Makes one upload after the other, the same ones for the same seed."""

    FORM = "multipart/form-data; boundary=----soak7d1f"

    def __init__(self, seed, fault_share):
        self.random = random.Random(seed)
        self.fault_share = fault_share
        self.clean = (SAMPLES / "meadow.jpg").read_bytes()
        self.listed = [(SAMPLES / name).read_bytes() for name in ("harbour.jpg", "harbour-resized.jpg", "leaflet.pdf")]
        # Kind → weight. The large ones cost as much as all others together.
        self.kinds = {
            self.picture: 12, self.picture_form: 8, self.text: 12, self.form: 8, self.archive: 6, self.compressed: 6,
            self.json: 6, self.streamed: 8, self.large: 2, self.huge: 0.15,
        }

    def next(self, number):
        make = self.random.choices(list(self.kinds), self.kinds.values())[0]
        upload = make(self.random.random() < 0.3)
        upload.id, upload.kind = number, make.__name__
        if upload.path.startswith("/docs/") and self.random.random() < 0.1:
            upload.path = upload.path.replace("/docs/", "/watch/")
        if self.random.random() < self.fault_share:
            upload.fault = self.random.choice(FAULTS)
            if upload.fault == "refused":
                upload.path = "/nowhere" + upload.path
        upload.is_chunked = upload.is_chunked or self.random.random() < 0.2
        return upload

    def prose(self, length, is_listed=False):
        words = self.random.choices(WORDS, k=length // 6)
        if is_listed:
            words.insert(self.random.randrange(len(words)), FORBIDDEN)
        return " ".join(words).encode()

    def upload(self, path, body, content_type, is_listed, **more):
        return Upload(0, "", path, body, content_type, "block" if is_listed else "allow", **more)

    def picture(self, is_listed):
        body = self.random.choice(self.listed[:2]) if is_listed else self.clean
        return self.upload("/photos/a", body, "image/jpeg", is_listed)

    def picture_form(self, is_listed):
        body = self.random.choice(self.listed[:2]) if is_listed else self.clean
        return self.upload("/photos/form", multipart(b"a.jpg", body, b"image/jpeg"), self.FORM, is_listed)

    def text(self, is_listed):
        return self.upload("/docs/text", self.prose(3_000, is_listed), "text/plain", is_listed)

    def form(self, is_listed):
        fields = {"title": "a walk", "text": self.prose(800, is_listed).decode()}
        body = urllib.parse.urlencode(fields).encode()
        return self.upload("/docs/form", body, "application/x-www-form-urlencoded", is_listed)

    def archive(self, is_listed):
        entry = self.random.choice(self.listed) if is_listed else self.clean
        body = zipped({"notes.txt": self.prose(2_000), "entry.bin": entry})
        return self.upload("/docs/zip", body, "application/zip", is_listed)

    def compressed(self, is_listed):
        body = gzip.compress(self.prose(20_000, is_listed))
        return self.upload("/docs/gz", body, "text/plain", is_listed, is_gzip=True)

    def json(self, is_listed):
        body = b'{"name":"a","items":[1,2,3],"text":"%b"}' % self.prose(5_000, is_listed)
        return self.upload("/docs/json", body, "application/json", is_listed)

    def streamed(self, is_listed):
        return self.upload("/open/any", self.prose(60_000, is_listed), "text/plain", is_listed)

    def large(self, is_listed):
        return self.upload("/docs/large", self.prose(2 * MB, is_listed), "text/plain", is_listed)

    def huge(self, is_listed):
        noise = self.random.randbytes(18 * MB)
        body = noise + self.prose(2 * MB, is_listed)
        return self.upload("/docs/huge", multipart(b"a.bin", body, b"application/octet-stream"), self.FORM, is_listed)
