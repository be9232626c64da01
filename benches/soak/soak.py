"""Hours of ordinary and odd traffic, with reloads, floods and faults. Every answer is checked against what was done.

    soak.py PENSTOCK FOLDER RESULTS.json [--minutes 60] [--rate 20] [--seed 1]

Starts an origin that fails where it is asked to, a Penstock before it, and clients that send `rate` uploads a second.
Exits with 1 when an answer was wrong, when an error was not one that was made to happen, or when memory, descriptors
or threads grew between the second and the last quarter. A few uploads may get 503 without a flood, as on a machine that
has other work Penstock is right to send them away.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
import machine
from bench import free_port, measured_on  # noqa: E402
from clients import Book, Clients
from disturbances import Disturber, Reloads, Windows, mount_spool, unmount
from origin import Origin
from uploads import FORBIDDEN, Maker

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """rules = ["rules"]
[server]
state_directory = "state"
cache_directory = "cache"
[admin]
address = "127.0.0.1:{admin}"
[[listener]]
address = "127.0.0.1:{port}"
[[listener]]
address = "127.0.0.1:{tls_port}"
tls = {{ certificate = "cert.pem", key = "key.pem" }}
[limits]
spool_directory = "spool"
[[origin]]
name = "site"
servers = ["127.0.0.1:{origin}"]
[[origin]]
name = "nowhere"
servers = ["127.0.0.1:{nowhere}"]
[[route]]
name = "nowhere-open"
path = "/nowhere/open/**"
inspect = "off"
origin = "nowhere"
[[route]]
name = "nowhere"
path = "/nowhere/**"
inspect = "enforce"
origin = "nowhere"
[[route]]
name = "photos"
path = "/photos/**"
inspect = "enforce"
[[route]]
name = "documents"
path = "/docs/**"
inspect = "enforce"
[[route]]
name = "watched"
path = "/watch/**"
inspect = "monitor"
[[route]]
name = "open"
path = "/open/**"
inspect = "off"
[[hash_set]]
name = "sample"
path = "sample.csv"
[[hash_set]]
name = "changing"
path = "changing.csv"
"""
RULE = f"""[[rule]]
id = "soak.ritual"
keywords = ["{FORBIDDEN}"]
action = "block"
"""


class Config:
    def __init__(self, folder, origin_port):
        self.port, self.tls_port, self.admin, self.nowhere = (free_port() for _ in range(4))
        (folder / "rules").mkdir()
        (folder / "rules/soak.toml").write_text(RULE)
        shutil.copy(ROOT / "config/sets/sample.csv", folder)
        (folder / "changing.csv").write_text("algorithm,hash\n" + f"sha256,{'5a' * 32}\n")
        make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=soak -keyout key.pem -out cert.pem"
        subprocess.run(make.split(), cwd=folder, check=True, capture_output=True)
        ports = {"port": self.port, "tls_port": self.tls_port, "admin": self.admin}
        ports |= {"nowhere": self.nowhere, "origin": origin_port}
        self.path = folder / "penstock.toml"
        self.path.write_text(CONFIG.format(**ports))


def start(binary, config, log):
    command = [binary, "run", "--config", str(config.path), "--log-format", "json"]
    penstock = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", config.port)).close()
            return penstock
        except OSError:
            if penstock.poll() is not None:
                break
            time.sleep(0.1)
    sys.exit(f"Penstock does not start; see {log.name}")


def check_log(path, book):
    """Counts lines; those of Penstock's own faults are wrong."""
    events = Counter()
    for line in open(path, errors="replace"):
        try:
            row = json.loads(line)
        except ValueError:
            book.complain(f"a line of the log is no JSON: {line[:100]!r}")
            continue
        event = row.get("event", "none")
        events[f"{row['level']} {event}"] += 1
        if event in ("panic", "failed", "worker") and row["level"] == "ERROR":
            book.complain(f"the log has: {line.strip()[:300]}")
    return dict(sorted(events.items()))


def check_rest(admin, penstock, config, folder, book):
    """What is left once everybody has gone."""
    end = time.monotonic() + 100
    idle = ("open_connections", "held_uploads", "held_memory_bytes", "held_disk_bytes")
    idle = tuple(f"penstock_{name}" for name in idle)
    while any((metrics := admin.metrics())[name] for name in idle):
        if time.monotonic() > end:
            book.complain("left at the end: " + ", ".join(f"{name} {metrics[name]}" for name in idle if metrics[name]))
            break
        time.sleep(1)
    for name, value in metrics.items():
        if "panics" in name and value:
            book.complain(f"{name} is {value}")
    if left := os.listdir(folder / "spool"):
        book.complain(f"files are left in the spool folder: {left[:5]}")
    last = machine.sample(penstock.pid, admin, folder, time.monotonic())
    penstock.send_signal(signal.SIGTERM)
    try:
        if penstock.wait(30):
            book.complain(f"it ended with {penstock.returncode}")
    except subprocess.TimeoutExpired:
        book.complain("it has not ended 30 s after SIGTERM")
    return last


def run(args):
    """Everything that happened, as it goes to the results."""
    origin, windows = Origin(), Windows()
    origin.start()
    config, book = Config(args.folder, origin.port), Book(windows)
    has_file_system = mount_spool(args.folder / "spool", "256m")
    log = open(args.folder / "penstock.log", "wb")
    penstock = start(args.binary, config, log)
    admin = machine.Admin(config.admin)
    try:
        seconds = args.minutes * 60
        sampler = machine.Sampler(penstock.pid, admin, args.folder, min(15, seconds / 40))
        reloads = Reloads(args.folder, config, penstock, book, admin)
        disturber = Disturber(args.folder, config, origin, book, windows)
        makers = [Maker(args.seed * 100 + number, 0.06) for number in range(Clients.THREADS)]
        clients = Clients(config, book, makers, args.rate, args.folder)
        for worker in (sampler, reloads, disturber, clients):
            worker.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end and penstock.poll() is None:
            time.sleep(1)
        if penstock.poll() is not None:
            book.complain(f"Penstock ended with {penstock.returncode}")
        for worker in (sampler, clients, disturber, reloads):
            worker.stop()
        rest = check_rest(admin, penstock, config, args.folder, book) if penstock.poll() is None else None
    finally:
        if penstock.poll() is None:
            penstock.kill()
        unmount(args.folder / "spool")
    book.check_busy()
    book.check_deliveries(origin.deliveries)
    return {
        "minutes": args.minutes,
        "rate": args.rate,
        "spool_is_file_system": has_file_system,
        "uploads": dict(book.kinds.most_common()),
        "answers": dict(book.answers.most_common()),
        "explained": dict(book.explained.most_common()),
        "disturbances": dict(disturber.done) | {f"reloads {name}": count for name, count in reloads.done.items()},
        "slowest_reload_s": round(reloads.longest, 2),
        "most_origin_connections": origin.most_connections,
        "log": check_log(args.folder / "penstock.log", book),
        "growth": machine.growth(sampler.samples),
        "samples": sampler.samples,
        "at_the_end": rest,
        "wrong": book.wrong,
    }


def report(results):
    for line in machine.table_of(results["samples"]):
        print(line)
    for name, row in results["growth"].items():
        grew = ", GREW" if row["grew"] else ""
        print(f"{name}: {row['second']:.1f} in the second quarter, {row['last']:.1f} in the last{grew}")
    for name in ("uploads", "answers", "explained", "disturbances", "log"):
        print(f"{name}: " + ", ".join(f"{key} {count}" for key, count in results[name].items()))
    total, grew = sum(results["uploads"].values()), [name for name, row in results["growth"].items() if row["grew"]]
    verdict = f"{total} uploads in {results['minutes']:g} minutes: {len(results['wrong'])} wrong answers or errors"
    print(f"{verdict} that were not made to happen, {', '.join(grew) or 'nothing'} grew")
    return not results["wrong"] and not grew


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("folder", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.folder = args.folder.resolve()
    unmount(args.folder / "spool")
    shutil.rmtree(args.folder, ignore_errors=True)
    args.folder.mkdir(parents=True)
    results = run(args)
    results |= measured_on() | {"seed": args.seed}
    results["is_met"] = report(results)
    args.results.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    return 0 if results["is_met"] else 1


if __name__ == "__main__":
    sys.exit(main())
