"""What becomes of uploads when five times as many come as can be inspected, and when four clients send what costs most.

    overload.py PENSTOCK FOLDER RESULTS.json [--seconds 16] [--apart]

A flood from one network is sent at five times the rate that was measured before. Beside it, others upload five pictures
a second: a client of another network on the same route, the flooding client on another route, and one on a route that
is not inspected. Then four connections send hostile bodies over and over. Each kind of client is a process of its own.
Prints a table and fails when a goal is missed: goodput of 0.9 of the capacity, the 99th percentile of accepted uploads
within 3 times that of an unloaded machine, others within 2 times.

Whoever sends the flood takes from Penstock what it sends with: with `--apart` Penstock has one half of the cores to
itself, and all others have the other half.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import random
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "worst"))
import archives  # noqa: E402
import pictures  # noqa: E402
from bench import free_port, measured_on  # noqa: E402

FLOOD, OTHER = "127.0.0.1", "127.9.9.9"
PROBES = {"other client": (OTHER, "/upload/a"), "other route": (FLOOD, "/other/a"), "not inspected": (OTHER, "/off/a")}
PROBES_A_SECOND = 5
# Seconds at the beginning of a load that do not count: a burst may wait for longer than what goes on.
WARM_UP = 2.0
# Of pictures that take as much to inspect, and more or less to receive.
CELLS = (8, 32)
CONFIG = """[server]
shutdown_grace = "0s"
[admin]
address = "127.0.0.1:{admin}"
[[listener]]
address = "127.0.0.1:{port}"
[[origin]]
name = "site"
servers = ["127.0.0.1:{origin}"]
[[route]]
name = "upload"
path = "/upload/**"
inspect = "enforce"
[[route]]
name = "other"
path = "/other/**"
inspect = "enforce"
[[hash_set]]
name = "known"
path = "known.csv"
"""


def picture(cell):
    """A PNG of 1600×1000 that nobody has listed: a sky over a field, with grain in cells of some width. The wider they are,
    the smaller is the file."""
    grain = random.Random(cell)
    width, height = 1600, 1000
    rows = []
    for y in range(height):
        row = bytearray(width * 3)
        for x in range(0, width, cell):
            light = (x * 3 + y * 5) // 40 + grain.randrange(12)
            row[x * 3 : (x + cell) * 3] = bytes((light % 256, (light + y // 8) % 256, (200 - light // 2) % 256)) * cell
        rows.append(b"\0" + bytes(row))
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"".join(rows), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


class Client:
    """One connection, made again when it was closed."""

    def __init__(self, port, source):
        self.port, self.source, self.connection = port, source, None

    def post(self, path, body):
        """The status, or 0 where there is no answer, and how long it took."""
        start = time.monotonic()
        try:
            if self.connection is None:
                source = (self.source, 0)
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=source)
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection.request("POST", path, body, {"Content-Type": "application/octet-stream"})
            answer = self.connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            self.connection, status = None, 0
        return status, time.monotonic() - start


def paced(port, source, path, body, rate, connections, seconds, results):
    """Sends `rate` uploads a second for `seconds`, whatever becomes of them, as far as `connections` allow."""
    start, lock, sent = time.monotonic() + 0.2, threading.Lock(), [0]
    answers = []

    def work():
        client = Client(port, source)
        while True:
            with lock:
                due = start + sent[0] / rate
                sent[0] += 1
            if due > start + seconds:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            answers.append((time.monotonic() - start, *client.post(path, body)))

    run_threads(work, connections)
    results.put((path, source, answers, time.monotonic() - start))


def closed(port, source, path, bodies, connections, seconds, results):
    """Sends one after the other on each connection."""
    start, answers = time.monotonic(), []

    def work():
        client, number = Client(port, source), 0
        while time.monotonic() < start + seconds:
            answers.append((time.monotonic() - start, *client.post(path, bodies[number % len(bodies)])))
            number += 1

    run_threads(work, connections)
    results.put((path, source, answers, time.monotonic() - start))


def run_threads(work, count):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def together(jobs):
    """Runs every job in a process of its own, and gives what came of them, by name."""
    running = []
    for name, (function, *arguments) in jobs.items():
        results = multiprocessing.Queue()
        process = multiprocessing.Process(target=function, args=(*arguments, results))
        process.start()
        running.append((name, process, results))
    ended = {}
    for name, process, results in running:
        _, _, answers, took = results.get()
        process.join()
        ended[name] = Outcome(answers, took)
    return ended


class Outcome:
    """What became of the uploads of one kind, but for those that were sent while a load began."""

    def __init__(self, answers, took):
        self.accepted = sum(status == 200 for _, status, _ in answers)
        answers = [(status, time) for sent, status, time in answers if sent >= WARM_UP]
        self.sent, self.took = len(answers), took - WARM_UP
        self.times = sorted(time for status, time in answers if status == 200)
        self.refused = sum(status == 503 for status, _ in answers)
        self.failed = self.sent - len(self.times) - self.refused

    def at(self, share):
        return self.times[min(len(self.times) - 1, int(len(self.times) * share))] * 1e3 if self.times else float("inf")

    @property
    def rate(self):
        return len(self.times) / self.took

    def row(self, load, who):
        return {
            "load": load, "who": who, "sent_per_second": round(self.sent / self.took, 1),
            "accepted_per_second": round(self.rate, 1), "refused": self.refused, "failed": self.failed,
            "p50_ms": round(self.at(0.5), 1), "p99_ms": round(self.at(0.99), 1),
        }


def hostile_bodies():
    """Small bodies that cost much: archives in archives, heads that claim large pictures, data URIs."""
    return {
        "archives in archives": archives.nested(7, 3, bytes(200_000)),
        "heads of pictures": pictures.jpeg(9000, 9000) * 300,
        "data URIs": (b"data:;base64," * 10_000),
    }


def wait_for(port, path):
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nobody listens on port {port}")


def origin(port):
    """Reads uploads and answers 200."""
    listener = socket.create_server(("127.0.0.1", port), backlog=512)

    def serve(connection):
        with connection, connection.makefile("rb") as stream:
            while stream.readline():
                length = 0
                while (line := stream.readline()) not in (b"\r\n", b""):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                while length > 0:
                    length -= len(stream.read(min(length, 1 << 16)) or b"x" * length)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def processor_seconds(process):
    """Of all threads, user and system."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(port, process, seconds):
    rows, goals = [], []

    def note(load, ended):
        rows.extend(outcome.row(load, who) for who, outcome in ended.items())
        print("\n".join(line(row) for row in rows[-len(ended):]), flush=True)
        return ended

    print(f"{'load':<22} {'who':<15} {'sent/s':>8} {'ok/s':>8} {'503':>6} {'other':>6} {'p50 ms':>8} {'p99 ms':>8}")
    for cell in CELLS:
        body = picture(cell)
        size = f"{len(body) // 1000} KB"
        paces = (body, PROBES_A_SECOND, 20, seconds + WARM_UP)
        probes = {name: (paced, port, *who, *paces) for name, who in PROBES.items()}
        closed(port, FLOOD, "/upload/a", [body], 2, 2, multiprocessing.Queue())
        idle = note(f"none, {size}", together({**probes, "alone": (paced, port, FLOOD, "/upload/a", *paces)}))
        full = (closed, port, FLOOD, "/upload/a", [body], 6, seconds / 3 + WARM_UP)
        before = processor_seconds(process)
        rounds = [note(f"capacity, {size}", together({"flood": full}))["flood"] for _ in range(3)]
        each = (processor_seconds(process) - before) / sum(ended.accepted for ended in rounds)
        capacity = statistics.median(ended.rate for ended in rounds)
        flood = (paced, port, FLOOD, "/upload/a", body, 5 * capacity, 200, seconds + WARM_UP)
        before = processor_seconds(process)
        over = note(f"5 times, {size}", together({**probes, "flood": flood}))
        used = processor_seconds(process) - before
        accepted = sum(ended.accepted for who, ended in over.items() if who != "not inspected")
        print(f"one takes {each * 1e3:.1f} ms of Penstock's processor time, of which it had {used:.1f} s at 5 times")
        goodput = sum(ended.rate for who, ended in over.items() if who != "not inspected")
        goals.append((f"{size}: goodput of the capacity", goodput / capacity, ">=", 0.9))
        goals.append((f"{size}: goodput of what its processor time can do", accepted * each / used, ">=", 0.9))
        late = over["flood"].at(0.99) / idle["alone"].at(0.99)
        goals.append((f"{size}: p99 of the accepted to unloaded", late, "<=", 3))
        goals += others(f"5 times, {size}", idle, over)
    for name, hostile in hostile_bodies().items():
        storm = (closed, port, FLOOD, "/upload/a", [hostile], 4, seconds + WARM_UP)
        goals += others(name, idle, note(name, together({**probes, "attackers": storm})))
    return rows, goals


def others(load, idle, loaded):
    for name in PROBES:
        for at in (0.5, 0.99):
            yield f"{load}: p{at * 100:.0f} of {name} to unloaded", loaded[name].at(at) / idle[name].at(at), "<=", 2
        refused = loaded[name].refused + loaded[name].failed
        yield f"{load}: refused of {name}", refused / loaded[name].sent, "<=", 0.01


def line(row):
    return (f"{row['load']:<22} {row['who']:<15} {row['sent_per_second']:>8} {row['accepted_per_second']:>8} "
            f"{row['refused']:>6} {row['failed']:>6} {row['p50_ms']:>8} {row['p99_ms']:>8}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("penstock")
    parser.add_argument("folder", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--seconds", type=float, default=16)
    parser.add_argument("--apart", action="store_true")
    args = parser.parse_args()
    shutil.rmtree(args.folder, ignore_errors=True)
    args.folder.mkdir(parents=True)
    (args.folder / "known.csv").write_text(f"algorithm,hash\npdq,{'5a' * 32}\nsha256,{'5a' * 32}\n")
    ports = {"admin": free_port(), "port": free_port(), "origin": free_port()}
    config = args.folder / "penstock.toml"
    config.write_text(CONFIG.format(**ports))
    cores = sorted(os.sched_getaffinity(0))
    own = cores[: len(cores) // 2] if args.apart else cores
    if args.apart:
        os.sched_setaffinity(0, cores[len(cores) // 2 :])
    site = multiprocessing.Process(target=origin, args=(ports["origin"],), daemon=True)
    site.start()
    environment = {**os.environ, "STATE_DIRECTORY": str(args.folder), "CACHE_DIRECTORY": str(args.folder)}
    # Not beside the configuration, which Penstock watches.
    (args.folder / "log").mkdir()
    with open(args.folder / "log/penstock.log", "w") as log:
        command = [args.penstock, "run", "--config", str(config)]
        keep_to = lambda: os.sched_setaffinity(0, own)
        penstock = subprocess.Popen(command, env=environment, stdout=log, stderr=log, preexec_fn=keep_to)
    try:
        wait_for(ports["admin"], "/readyz")
        rows, goals = measure(ports["port"], penstock.pid, args.seconds)
    finally:
        penstock.terminate()
        penstock.wait()
    missed = [goal for goal in goals if not (goal[1] >= goal[3] if goal[2] == ">=" else goal[1] <= goal[3])]
    for name, value, comparison, bound in goals:
        mark = "   MISSED" if (name, value, comparison, bound) in missed else ""
        print(f"{name:<60} {value:6.2f} {comparison} {bound}{mark}")
    report = measured_on() | {"rows": rows}
    report["goals"] = [
        {"name": name, "value": round(value, 3), "bound": f"{sign} {bound}"} for name, value, sign, bound in goals
    ]
    args.results.write_text(json.dumps(report, indent=2) + "\n")
    sys.exit(1 if missed else 0)


main()
