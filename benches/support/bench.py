"""What the benches in Python share: free ports, and what figures were measured on."""
import datetime
import os
import socket
import subprocess
from pathlib import Path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def measured_on():
    """The commit, with `-dirty` when the tree differs from it in anything but results, the time and the machine."""
    commit = output_of("git", "rev-parse", "--short", "HEAD")
    if output_of("git", "status", "--porcelain", "--", "../..", ":!../results"):
        commit += "-dirty"
    models = (line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    return {
        "commit": commit,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": {"cores": os.cpu_count(), "cpu": next(models, "unknown")},
    }


def output_of(*command):
    result = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    return result.stdout.strip() if result.returncode == 0 else "unknown"
