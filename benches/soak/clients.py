"""Clients: threads that upload one after the other, over HTTP/1.1 and with curl over HTTP/2."""
import http.client
import json
import random
import socket
import struct
import subprocess
import threading
import time
from collections import Counter

from uploads import Answer


# Share of uploads that may be answered with 503 without a flood: the machine has other work, and two cores are few.
MOST_BUSY = 0.005


class Book:
    """What was sent and what came of it."""

    def __init__(self, windows):
        self.windows = windows
        self.lock = threading.Lock()
        self.number = 0
        self.released, self.kept_back = {}, set()
        self.kinds, self.answers, self.explained = Counter(), Counter(), Counter()
        self.wrong = []

    def next_id(self):
        with self.lock:
            self.number += 1
            return self.number

    def complain(self, text):
        with self.lock:
            self.wrong.append({"at": round(self.windows.now(), 1), "what": text})
        print(f"  wrong at {self.windows.now():.1f} s: {text}", flush=True)

    def note(self, upload, answer, began):
        complaint = upload.complaint(answer)
        excuse = complaint and self.windows.excuse(answer, began)
        with self.lock:
            self.kinds[upload.kind] += 1
            self.answers[answer.kind(upload.digest)] += 1
            if not upload.is_released:
                self.kept_back.add(upload.id)
            elif answer.status == 200:
                self.released[upload.id] = upload.digest
            if excuse:
                self.explained[f"{excuse}: {answer.kind(upload.digest)}"] += 1
        if complaint and not excuse:
            self.complain(f"{upload.kind} {upload.path} {upload.fault or 'no fault'}: {complaint}")

    def check_busy(self):
        busy = sum(count for why, count in self.explained.items() if why.startswith("busy machine"))
        if busy > MOST_BUSY * sum(self.kinds.values()):
            self.complain(f"{busy} uploads were answered with 503 although there was no flood")

    def check_deliveries(self, deliveries):
        """What was answered with 200 is at the origin once and unchanged, and what was blocked is not there."""
        for number, digest in self.released.items():
            if deliveries.get(number) != [digest]:
                self.complain(f"upload {number} was answered with 200 and is at the origin as {deliveries.get(number)}")
        for number in self.kept_back & deliveries.keys():
            self.complain(f"upload {number} was to be kept back and is at the origin")
        for number, digests in deliveries.items():
            if len(digests) > 1:
                self.complain(f"upload {number} is at the origin {len(digests)} times")


def code_of(body):
    try:
        return json.loads(body).get("code", "")
    except (ValueError, AttributeError):
        return ""


def in_chunks(body, size=30_000):
    for at in range(0, len(body), size):
        yield body[at : at + size]


class Http1:
    """One client with one connection that is kept."""

    def __init__(self, port, address="127.0.0.1"):
        self.port, self.address, self.connection = port, address, None

    def send(self, upload, timeout=60):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=timeout, source_address=(self.address, 0)
            )
        answer = Answer()
        try:
            try:
                body = in_chunks(upload.body) if upload.is_chunked else upload.body
                self.connection.request("POST", upload.path, body, upload.headers(), encode_chunked=upload.is_chunked)
            except (BrokenPipeError, ConnectionResetError):
                # There may be an answer already.
                pass
            response = self.connection.getresponse()
            answer.status = response.status
            answer.is_of_origin = response.getheader("Soak-Origin") is not None
            answer.retry_after = response.getheader("Retry-After", "")
            answer.body = response.read()
            answer.code = code_of(answer.body)
            if response.will_close:
                self.close()
        except http.client.IncompleteRead:
            answer.is_cut = True
            self.close()
        except (OSError, http.client.HTTPException) as error:
            answer.error = f"{type(error).__name__}: {error}"
            self.close()
        return answer

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def abort(self, upload, share, with_reset):
        """Goes away in the middle of the body."""
        head = f"POST {upload.path} HTTP/1.1\r\nHost: soak\r\nContent-Length: {len(upload.body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in upload.headers().items() if value)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(head.encode() + b"\r\n" + upload.body[: int(len(upload.body) * share)])
            if with_reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def over_http2(port, address, uploads, folder):
    """The answers to several uploads over one connection, at the same time."""
    lines = ["silent", "parallel"]
    for at, upload in enumerate(uploads):
        body, answer = folder / f"h2-{at}.body", folder / f"h2-{at}.answer"
        body.write_bytes(upload.body)
        answer.unlink(missing_ok=True)
        lines += (["next"] if at else []) + ["http2", "insecure", "max-time = 60", f"interface = {address}"]
        lines += [f'url = "https://127.0.0.1:{port}{upload.path}"', f'data-binary = "@{body}"', f'output = "{answer}"']
        lines += [f'header = "{name}: {value}"' for name, value in upload.headers().items() if value]
        lines += [f'write-out = "{at} %{{http_code}} %{{exitcode}} |%header{{soak-origin}}|%header{{retry-after}}\\n"']
    done = subprocess.run(["curl", "-K", "-"], input="\n".join(lines), capture_output=True, text=True)
    answers = [Answer(error="curl said nothing") for _ in uploads]
    for line in done.stdout.splitlines():
        numbers, is_of_origin, retry_after = line.split("|")
        at, status, result = map(int, numbers.split())
        file = folder / f"h2-{at}.answer"
        body = file.read_bytes() if file.exists() else b""
        # 18: the body is too short. 92: the stream was reset.
        is_cut, error = result in (18, 92), "" if result in (0, 18, 92) else f"curl exit {result}"
        answers[at] = Answer(status, bool(is_of_origin), body, code_of(body), is_cut, error, retry_after)
    return answers


class Clients:
    """Threads that together send `rate` uploads a second."""

    THREADS = 5

    def __init__(self, config, book, makers, rate, folder):
        self.port, self.tls_port, self.book, self.rate, self.folder = config.port, config.tls_port, book, rate, folder
        self.ending = threading.Event()
        work = [self.run_http1] * (self.THREADS - 1) + [self.run_http2]
        # Networks of their own, as uploads wait in lines by network.
        work = [(one, (maker, f"127.0.1{at}.1")) for at, (one, maker) in enumerate(zip(work, makers))]
        self.threads = [threading.Thread(target=one, args=args, daemon=True) for one, args in work]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def pauses(self, batch):
        """Waits before each turn, so that the rate is kept where Penstock keeps up."""
        interval = self.THREADS * batch / self.rate
        due = time.monotonic()
        while not self.ending.wait(max(0, due - time.monotonic())):
            yield
            due = max(due + interval, time.monotonic() - 10 * interval)

    def run_http1(self, maker, address):
        client = Http1(self.port, address)
        choose = random.Random(maker.random.random())
        for _ in self.pauses(1):
            upload = maker.next(self.book.next_id())
            if choose.random() < 0.05:
                client.abort(upload, choose.random() * 0.99, choose.random() < 0.5)
                self.book.kinds["abort"] += 1
                continue
            if choose.random() < 0.05:
                client.close()
            began = self.book.windows.now()
            self.book.note(upload, client.send(upload), began)
        client.close()

    def run_http2(self, maker, address):
        for _ in self.pauses(4):
            uploads = [maker.next(self.book.next_id()) for _ in range(4)]
            began = self.book.windows.now()
            for upload, answer in zip(uploads, over_http2(self.tls_port, address, uploads, self.folder)):
                upload.kind = "http2"
                self.book.note(upload, answer, began)
