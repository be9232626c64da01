"""What real programs show of documents: texts, of each document in a batch."""

import http.server
import json
import os
import sys
import threading

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


def available(wanted):
    """Those of `wanted` that are installed, and why others are not."""
    found, missing = [], []
    for kind in (Chromium,):
        if wanted and kind.name not in wanted:
            continue
        try:
            found.append(kind())
        except Exception as error:
            missing.append(f"{kind.name}: {error}")
    return found, missing
