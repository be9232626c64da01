"""What real programs show of documents: texts, of each document in a batch."""

import dataclasses
import html.parser
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../support/machine"))
from chromium import Browser


class Served(http.server.BaseHTTPRequestHandler):
    """Documents of the batch by their number, without a charset, and the page that loads them."""

    def do_GET(self):
        name = self.path.lstrip("/")
        if name == "":
            media_type, data = "text/html; charset=utf-8", self.server.page
        elif name in self.server.documents:
            media_type, data = self.server.documents[name]
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Chromium:
    """Each document in a frame of one page."""

    name = "chromium"
    kinds = ("html", "xhtml", "svg")

    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Served)
        script = open(os.path.join(HERE, "page.js"), "rb").read()
        self.server.documents, self.server.page = {}, b"<!doctype html><body><script>" + script + b"</script>"
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.browser = Browser(self.address)
        self.count = 0

    def show(self, documents):
        addresses = []
        self.server.documents = {}
        for document in documents:
            self.count += 1
            self.server.documents[str(self.count)] = (document.media_type, document.data)
            addresses.append(self.address + str(self.count))
        texts = self.browser.evaluate(f"show({json.dumps(addresses)})", 30000)
        return texts or [[] for _ in documents]

    def close(self):
        self.browser.close()
        self.server.shutdown()


class Stripped(html.parser.HTMLParser):
    """The text of HTML, for where there is no browser."""

    BLOCKS = (
        "p",
        "br",
        "li",
        "td",
        "th",
        "tr",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "blockquote",
        "hr",
        "dd",
        "dt",
    )

    def __init__(self, text):
        super().__init__()
        self.out = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag in self.BLOCKS:
            self.out.append("\n")

    handle_endtag = lambda self, tag: self.handle_starttag(tag, ())

    def handle_data(self, data):
        self.out.append(data)


class Markdown:
    """What renderers of npm and PyPI make of it, as `browser` shows that."""

    name = "markdown"
    kinds = ("md",)

    def __init__(self, browser):
        import cmarkgfm
        import markdown

        extensions = ["tables", "footnotes", "def_list", "attr_list", "smarty"]
        self.own = (
            markdown.markdown,
            lambda text: markdown.markdown(text, extensions=extensions),
            cmarkgfm.github_flavored_markdown_to_html,
            lambda text: cmarkgfm.markdown_to_html(text, options=1 << 17),
        )
        self.modules = os.environ["PENSTOCK_TEXTS_MODULES"]
        self.browser = browser

    def show(self, documents):
        sources = [document.data.decode() for document in documents]
        if not sources:
            return []
        command = ["node", os.path.join(HERE, "render.js"), self.modules]
        made = json.loads(
            subprocess.run(command, input=json.dumps(sources).encode(), capture_output=True, check=True).stdout
        )
        pages = []
        for document, source, rendered in zip(documents, sources, made):
            for render in self.own:
                try:
                    rendered.append(render(source))
                except Exception:
                    pass
            pages.append(sorted(set(rendered)))
        if not self.browser:
            return [["".join(Stripped(page).out) for page in mine] for mine in pages]
        shown = iter(self.in_browser([page for mine in pages for page in mine]))
        return [[text for _ in mine for text in next(shown)] for mine in pages]

    def in_browser(self, pages):
        out = []
        for at in range(0, len(pages), 60):
            named = [
                Rendered("text/html; charset=utf-8", page.encode("utf-8", "replace")) for page in pages[at : at + 60]
            ]
            out += self.browser.show(named)
        return out


@dataclasses.dataclass
class Rendered:
    media_type: str
    data: bytes


class Program:
    """One that reads a file and writes a text, several at a time."""

    def show(self, documents):
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda numbered: self.one(folder, *numbered), enumerate(documents)))

    def one(self, folder, number, document):
        path = f"{folder}/{number}.{document.kind}"
        with open(path, "wb") as file:
            file.write(document.data)
        return [text for command in self.commands for text in said([word.format(path) for word in command])]


def said(command):
    try:
        return [subprocess.run(command, capture_output=True, timeout=30).stdout.decode("utf-8", "replace")]
    except subprocess.TimeoutExpired:
        return []


def needed(program):
    if not shutil.which(program):
        raise OSError(f"there is no {program}")


class Poppler(Program):
    name, kinds = "pdftotext", ("pdf",)
    commands = (
        ["pdftotext", "-q", "-enc", "UTF-8", "{}", "-"],
        ["pdftotext", "-q", "-raw", "-enc", "UTF-8", "{}", "-"],
    )

    def __init__(self):
        needed("pdftotext")


class MuPdf(Program):
    name, kinds = "mutool", ("pdf",)
    commands = (["mutool", "draw", "-q", "-F", "txt", "{}"],)

    def __init__(self):
        needed("mutool")


class Unrtf(Program):
    name, kinds = "unrtf", ("rtf",)
    commands = (["unrtf", "--nopict", "--quiet", "--html", "{}"],)

    def __init__(self):
        needed("unrtf")

    def one(self, folder, number, document):
        return ["".join(Stripped(text).out) for text in super().one(folder, number, document)]


class Striprtf:
    name, kinds = "striprtf", ("rtf",)

    def __init__(self):
        from striprtf.striprtf import rtf_to_text

        self.convert = rtf_to_text

    def show(self, documents):
        return [self.one(document.data.decode("latin1")) for document in documents]

    def one(self, text):
        try:
            return [self.convert(text, errors="replace")]
        except Exception:
            return []


OFFICE = {"docx": "txt", "odt": "txt", "fodt": "txt", "rtf": "txt", "xlsx": "csv", "pptx": None}
FILTERS = {"txt": "txt:Text (encoded):UTF8", "csv": "csv:Text - txt - csv (StarCalc):9,34,76,1"}


class LibreOffice:
    """A batch in one process: as a text, and as a PDF, of which pdftotext says what is in it."""

    name, kinds = "libreoffice", ("docx", "odt", "fodt", "xlsx", "pptx", "rtf")

    def __init__(self):
        needed("soffice")
        needed("pdftotext")
        self.profile = tempfile.mkdtemp()

    def show(self, documents):
        with tempfile.TemporaryDirectory() as folder:
            paths = {"txt": [], "csv": [], None: []}
            for number, document in enumerate(documents):
                path = f"{folder}/{number}.{document.kind}"
                with open(path, "wb") as file:
                    file.write(document.data)
                paths[OFFICE[document.kind]].append(path)
            for kind, named in paths.items():
                if kind and named:
                    self.convert(folder, FILTERS[kind], named)
            everything = [path for named in paths.values() for path in named]
            if everything:
                self.convert(folder, "pdf", everything)
            return [self.texts(folder, number) for number in range(len(documents))]

    def convert(self, folder, into, paths):
        command = [
            "soffice",
            f"-env:UserInstallation=file://{self.profile}",
            "--headless",
            "--convert-to",
            into,
            "--outdir",
            folder,
        ]
        try:
            subprocess.run(command + paths, capture_output=True, timeout=60 + 3 * len(paths))
        except subprocess.TimeoutExpired as error:
            print(f"soffice did not end: {error.cmd[6:8]}")

    def texts(self, folder, number):
        out = []
        for end in ("txt", "csv"):
            if os.path.exists(f"{folder}/{number}.{end}"):
                out.append(
                    open(f"{folder}/{number}.{end}", "rb").read().decode("utf-8-sig", "replace").replace("\t", " ")
                )
        if os.path.exists(f"{folder}/{number}.pdf"):
            out += said(["pdftotext", "-q", "-enc", "UTF-8", f"{folder}/{number}.pdf", "-"])
        return out

    def close(self):
        shutil.rmtree(self.profile, ignore_errors=True)


def available(wanted):
    """Those of `wanted` that are installed, and why others are not."""
    found, missing = [], []
    warnings.simplefilter("ignore")
    for kind in (Chromium, Markdown, Poppler, MuPdf, Striprtf, Unrtf, LibreOffice):
        if wanted and kind.name not in wanted:
            continue
        try:
            if kind is Markdown:
                found.append(Markdown(next((one for one in found if one.name == "chromium"), None)))
            else:
                found.append(kind())
        except Exception as error:
            missing.append(f"{kind.name}: {error}")
    return found, missing
