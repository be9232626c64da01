"""What a Penstock takes of the machine, from time to time, and whether that grows."""
import os
import statistics
import threading
import time
import urllib.request

# What may grow, and by how much from the median of the second quarter to that of the last: a share, and a number.
BOUNDS = {
    "rss_mb": (0.1, 8),
    "anonymous_mb": (0.1, 8),
    "descriptors": (0.1, 5),
    "threads": (0.1, 3),
    "cache_files": (0.1, 5),
}
TICKS = os.sysconf("SC_CLK_TCK")


class Admin:
    def __init__(self, port):
        self.port = port

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}

    def metric(self, name):
        return self.metrics().get(name)


def sample(pid, admin, folder, started):
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    megabytes = lambda name: round(int(status[name].split()[0]) / 1024, 1)
    metrics = admin.metrics()
    return {
        "at": round(time.monotonic() - started),
        "rss_mb": megabytes("VmRSS"),
        "anonymous_mb": megabytes("RssAnon"),
        "peak_mb": megabytes("VmHWM"),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
        "cpu_s": round((int(fields[11]) + int(fields[12])) / TICKS, 1),
        "connections": int(metrics["penstock_open_connections"]),
        "held": int(metrics["penstock_held_uploads"]),
        "held_mb": round((metrics["penstock_held_memory_bytes"] + metrics["penstock_held_disk_bytes"]) / 1e6, 1),
        "generation": int(metrics["penstock_snapshot_generation"]),
        "cache_files": sum(len(files) for _, _, files in os.walk(folder / "cache")),
    }


class Sampler(threading.Thread):
    def __init__(self, pid, admin, folder, interval):
        super().__init__(daemon=True)
        self.pid, self.admin, self.folder, self.interval = pid, admin, folder, interval
        self.ending = threading.Event()
        self.samples = []

    def run(self):
        started = time.monotonic()
        while not self.ending.wait(self.interval):
            self.samples.append(sample(self.pid, self.admin, self.folder, started))

    def stop(self):
        self.ending.set()
        self.join()


def growth(samples):
    """Of each thing the medians of the second and the last quarter, and whether the last is too much."""
    quarter = len(samples) // 4
    table = {}
    for name, (share, number) in BOUNDS.items():
        before = statistics.median(row[name] for row in samples[quarter : 2 * quarter])
        after = statistics.median(row[name] for row in samples[3 * quarter :])
        table[name] = {"second": before, "last": after, "grew": after > before * (1 + share) + number}
    return table


def table_of(samples, lines=16):
    names = ("at", "rss_mb", "anonymous_mb", "descriptors", "threads", "cpu_s", "connections", "held", "generation")
    step = max(1, len(samples) // lines)
    yield " ".join(f"{name:>12}" for name in names)
    for row in samples[::step]:
        yield " ".join(f"{row[name]:>12}" for name in names)
