"""What is done to Penstock while it serves: reloads, floods and faults, and which answers each of them explains."""
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from clients import Http1
from uploads import MB, Upload

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "worst"))
import archives  # noqa: E402
import pictures  # noqa: E402
import texts  # noqa: E402

# What was done → the codes of answers that it explains, beside the one that was expected.
EXPLAINED = {
    "outage": {"origin_failed", "cut"},
    "spool": {"spool_full", "no_room_to_unpack"},
    "overload": {"overload", "deadline"},
    "hostile": {"overload", "deadline"},
}
# What Penstock answers where others take the processor. `clients.MOST_BUSY` of the uploads may have it.
BUSY = {"overload", "deadline"}
# The longest that an upload which began in a disturbance may be answered after it.
AFTER = 3


class Windows:
    def __init__(self):
        self.began = time.monotonic()
        self.past = []
        self.running = {}
        self.lock = threading.Lock()

    def now(self):
        return time.monotonic() - self.began

    @contextmanager
    def during(self, kind):
        with self.lock:
            self.running[kind] = start = self.now()
        try:
            yield
        finally:
            with self.lock:
                del self.running[kind]
                self.past.append((kind, start, self.now() + AFTER))

    def excuse(self, answer, began):
        """The disturbance, since the request `began`, that explains an answer."""
        got = "cut" if answer.is_cut else answer.code
        if answer.status == 503 and not answer.retry_after:
            return None
        with self.lock:
            seen = set(self.running) | {kind for kind, _, end in self.past if end >= began}
        found = next((kind for kind in seen if got in EXPLAINED.get(kind, ())), None)
        return found or ("busy machine" if got in BUSY else None)


class Reloads(threading.Thread):
    """Another version of a set every five seconds, signals, and input that is broken."""

    EVERY = 5
    LONGEST = 15

    def __init__(self, folder, config, penstock, book, admin):
        super().__init__(daemon=True)
        self.folder, self.config, self.penstock, self.book, self.admin = folder, config, penstock, book, admin
        self.port = config.port
        self.client = Http1(self.port)
        self.ending = threading.Event()
        self.done = Counter()
        self.longest = 0.0

    def run(self):
        turn = 0
        while not self.ending.wait(self.EVERY):
            turn += 1
            self.change(turn)
            if turn % 3 == 0:
                self.penstock.send_signal(signal.SIGHUP)
                self.done["signals"] += 1
            if turn % 10 == 0:
                self.break_and_mend(turn)
        self.client.close()

    def secret(self, turn):
        return f"secret number {turn} of the garden {turn * 7919}".encode()

    def write(self, path, content):
        aside = path.with_name("." + path.name)
        aside.write_text(content)
        aside.rename(path)

    def change(self, turn):
        """Lists one text more and one less, and waits until the one is blocked; the next one is not yet."""
        rows = [f"sha256,{hashlib.sha256(self.secret(turn - back)).hexdigest()}" for back in range(50)]
        self.write(self.folder / "changing.csv", "algorithm,hash\n" + "\n".join(rows) + "\n")
        self.done["sets"] += 1
        start = time.monotonic()
        while not self.is_blocked(turn):
            if time.monotonic() - start > self.LONGEST:
                self.book.complain(f"version {turn} of the set is not in use after {self.LONGEST} s")
                return
            time.sleep(0.2)
        self.longest = max(self.longest, time.monotonic() - start)
        if self.is_blocked(turn + 1):
            self.book.complain(f"version {turn} of the set blocks what is not in it")

    def is_blocked(self, turn):
        upload = Upload(self.book.next_id(), "reload", "/docs/secret", self.secret(turn), "text/plain", "allow")
        return self.client.send(upload).status == 451

    def break_and_mend(self, turn):
        """What is broken is noticed, and what served before serves on."""
        cut_set, cut_rules = "algorithm,hash\nsha256,12\n", "[[rule]]\nid ="
        ways = [("changing.csv", cut_set), ("rules/soak.toml", cut_rules), ("penstock.toml", "")]
        name, broken = ways[turn // 10 % len(ways)]
        path = self.folder / name
        good = path.read_text()
        path.write_text(broken)
        self.expect_failing(1, name)
        if not self.is_blocked(turn):
            self.book.complain(f"broken {name}: what served before does not serve on")
        self.write(path, good)
        self.expect_failing(0, name)
        self.done["broken"] += 1

    def expect_failing(self, expected, name):
        end = time.monotonic() + self.LONGEST
        while self.admin.metric("penstock_reload_failing") != expected:
            if time.monotonic() > end:
                self.book.complain(f"broken {name}: reload_failing is not {expected} after {self.LONGEST} s")
                return
            time.sleep(0.2)

    def stop(self):
        self.ending.set()
        self.join()


def hostile_bodies():
    """Small bodies that cost much; `benches/worst` has all of their kinds."""
    claim = pictures.jpeg(9000, 9000)
    yield "/docs/bad", "application/zip", archives.nested(7, 3, b"y" * 200_000)
    yield "/photos/bad", "image/jpeg", (claim + b"\0" * 100) * 300
    yield "/photos/bad", "image/gif", pictures.gif(4000, 4000, 20_000, 1, (1, 1))
    yield "/docs/bad", "text/plain", b"data:;base64," * 10_000
    yield "/docs/bad", "text/plain", texts.keyword_like(500_000)[:500_000]
    yield "/docs/bad", "application/gzip", archives.gzip.compress(b"\0" * (400_000 * 190))


class Disturber(threading.Thread):
    """Floods and faults, one after the other."""

    PAUSE = 20

    def __init__(self, folder, config, origin, book, windows):
        super().__init__(daemon=True)
        self.folder, self.port, self.origin, self.book, self.windows = folder, config.port, origin, book, windows
        self.ending = threading.Event()
        self.done = Counter()
        self.silences = []
        self.hostile = list(hostile_bodies())

    def run(self):
        turns = [self.silence, self.bad_bodies, self.outage, self.overload]
        turns += [self.full_spool, self.spool_that_cannot_be_written]
        turn = 0
        while not self.ending.wait(self.PAUSE if turn else 5):
            action = turns[turn % len(turns)]
            action()
            self.done[action.__name__] += 1
            turn += 1

    def stop(self):
        self.ending.set()
        self.join()
        for thread in self.silences:
            thread.join()

    def wait(self, seconds):
        self.ending.wait(seconds)

    def silence(self):
        """Connections that say nothing, or not enough, or nothing more: Penstock is to end them all."""
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        settings = b"\0\0\0\4\0\0\0\0\0"
        request = b"POST /docs/text HTTP/1.1\r\nHost: soak\r\nContent-Length: 5\r\n\r\n"
        forms = [b"", b"G", b"GET / HTTP/1.1\r\n", preface[:10], preface, preface + settings]
        forms += [request + b"hello", b"\x16\x03\x01"]
        held = []
        for _ in range(8):
            for form in forms:
                held.append(socket.create_connection(("127.0.0.1", self.port), source_address=("127.0.7.1", 0)))
                held[-1].sendall(form)
        self.silences = [thread for thread in self.silences if thread.is_alive()]
        self.silences.append(threading.Thread(target=self.expect_ends, args=(held,), daemon=True))
        self.silences[-1].start()

    def expect_ends(self, held):
        """Default time-outs are 75 s at most."""
        end = time.monotonic() + 95
        for connection in held:
            try:
                connection.settimeout(max(0.1, end - time.monotonic()))
                while connection.recv(1 << 16):
                    pass
            except TimeoutError:
                self.book.complain("a silent connection is still open after 95 s")
            except OSError:
                pass
            connection.close()

    def flood(self, kind, senders, seconds):
        """Uploads of one client beside the others: each gets an answer in time, if only that there is no room."""
        end = time.monotonic() + seconds
        with self.windows.during(kind):
            threads = [threading.Thread(target=self.send_until, args=(end, *sender), daemon=True) for sender in senders]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def send_until(self, end, address, path, content_type, body, most):
        client = Http1(self.port, address)
        for _ in range(most):
            if time.monotonic() > end or self.ending.is_set():
                break
            answer = client.send(Upload(self.book.next_id(), "flood", path, body, content_type, "allow"), timeout=40)
            self.done[f"flood {answer.status}"] += 1
            if answer.error or (answer.status == 503 and not answer.retry_after):
                self.book.complain(f"flood on {path}: {answer.error or '503 without Retry-After'}")
        client.close()

    def bad_bodies(self):
        bodies = self.hostile[:: 1 if self.done["bad_bodies"] % 2 else 2]
        self.flood("hostile", [("127.0.9.1", *body, 2) for body in bodies], 15)

    def overload(self):
        body = (Path(__file__).resolve().parents[2] / "deploy/demo/samples/meadow.jpg").read_bytes()
        self.flood("overload", [("127.0.8.1", "/photos/flood", "image/jpeg", body, 10_000)] * 24, 5)

    def outage(self):
        with self.windows.during("outage"):
            self.origin.stop()
            self.wait(20)
            self.origin.start()

    def full_spool(self):
        """Fills the file system on which bodies are spooled, where it is one of its own."""
        if not os.path.ismount(self.folder / "spool"):
            return self.spool_that_cannot_be_written()
        filler = self.folder / "spool/filler"
        with self.windows.during("spool"):
            try:
                with open(filler, "wb", buffering=0) as sink:
                    while not self.ending.is_set():
                        sink.write(b"\0" * MB)
            except OSError:
                self.wait(15)
            filler.unlink()

    def spool_that_cannot_be_written(self):
        """A folder without permission does not stop root, but a file system that is read only does."""
        spool = self.folder / "spool"
        with self.windows.during("spool"):
            if os.path.ismount(spool):
                while subprocess.run(["mount", "-o", "remount,ro", spool], capture_output=True).returncode:
                    if self.ending.wait(0.2):
                        return
                self.wait(15)
                subprocess.run(["mount", "-o", "remount,rw", spool], check=True)
            else:
                spool.rename(spool.with_name("spool-away"))
                self.wait(15)
                spool.with_name("spool-away").rename(spool)


def mount_spool(folder, size):
    """A file system of its own for spooled bodies, where this user may mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "soak", str(folder)]
    return bool(shutil.which("mount")) and subprocess.run(command, capture_output=True).returncode == 0


def unmount(folder):
    if os.path.ismount(folder):
        subprocess.run(["umount", "-l", str(folder)], check=False)
