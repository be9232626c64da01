"""Uploads over long and narrow lines: as fast over HTTP/2 as over HTTP/1.1, and none given up that gets on.

    links.py PENSTOCK FOLDER RESULTS.json

1. 50 MB at 50 ms there and back, over HTTP/1.1 and HTTP/2, through Penstock (streamed, and held and inspected) and
   through nginx where it is installed. Wanted: HTTP/2 takes at most twice as long.
2. 100 uploads of one client that share 512 kbit/s, on their own connections and on one of HTTP/2. Wanted: all arrive.
3. A client that is silent for 12 s before the first byte of its body. Wanted: it is waited for.

Times are the best of some rounds, as the line is a process on the same machine.
"""
import argparse
import collections
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from lines import LongLine, NarrowLine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "soak"))
from bench import free_port, measured_on  # noqa: E402
from origin import Origin  # noqa: E402

ROUND_TRIP = 0.05
ROUNDS = 7
# What takes longer is tried once.
TOO_LONG = 10
LARGE = 50_000_000
SHARED_RATE = 512_000 / 8
SHARED_UPLOADS = 100
SHARED_SIZE = 50_000
SILENCE = 12
MOST_TIMES = 2

PENSTOCK = """[admin]
address = "127.0.0.1:{admin}"
[server]
state_directory = "state"
cache_directory = "cache"
[[listener]]
address = "127.0.0.1:{port}"
[[listener]]
address = "127.0.0.1:{tls_port}"
tls = {{ certificate = "cert.pem", key = "key.pem" }}
[[origin]]
name = "site"
servers = ["127.0.0.1:{origin}"]
[[route]]
name = "held"
path = "/held/**"
inspect = "enforce"
[[hash_set]]
name = "known"
path = "known.csv"
"""
NGINX = """daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {folder}/nginx-bodies;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{http2} http2;
        location / {{
            proxy_pass http://127.0.0.1:{origin};
            proxy_http_version 1.1;
        }}
        location /open/ {{
            proxy_pass http://127.0.0.1:{origin};
            proxy_http_version 1.1;
            proxy_request_buffering off;
        }}
    }}
}}
"""


def wait_for(port, process):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    sys.exit(f"{process.args[0]} does not start")


def start_penstock(binary, folder, origin):
    names = ("admin", "port", "tls_port")
    ports = {name: free_port() for name in names}
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=links -keyout key.pem -out cert.pem"
    subprocess.run(make.split(), cwd=folder, check=True, capture_output=True)
    (folder / "known.csv").write_text("algorithm,hash\n" + f"sha256,{'5a' * 32}\n")
    config = folder / "penstock.toml"
    config.write_text(PENSTOCK.format(**ports, origin=origin))
    log = open(folder / "penstock.log", "wb")
    process = subprocess.Popen([binary, "run", "--config", str(config)], stdout=log, stderr=log)
    wait_for(ports["port"], process)
    return process, ports


def start_nginx(folder, origin):
    if not shutil.which("nginx"):
        return None, None
    ports = {"plain": free_port(), "http2": free_port()}
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(**ports, origin=origin, folder=folder))
    process = subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL)
    wait_for(ports["plain"], process)
    return process, ports


def upload_seconds(line, path, file, version):
    option = {"1.1": "--http1.1", "2": "--http2-prior-knowledge"}[version]
    command = ["curl", "-s", option, "-X", "POST", "-T", str(file), "-H", "Expect:"]
    command += ["-H", "Content-Type: application/octet-stream", "-o", os.devnull, "--max-time", "120"]
    command += ["-w", "%{http_code} %{time_total}", f"http://127.0.0.1:{line.port}{path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    status, seconds = done.stdout.split()
    if status != "200":
        sys.exit(f"HTTP/{version} {path}: {status}, curl exit {done.returncode}")
    return float(seconds)


def best_of_rounds(plain, http2, path, file):
    """Seconds over HTTP/1.1 and HTTP/2, which take turns, as the machine may have other work."""
    lines = {"1.1": LongLine(plain, ROUND_TRIP / 2), "2": LongLine(http2, ROUND_TRIP / 2)}
    best = dict.fromkeys(lines, float("inf"))
    for _ in range(ROUNDS):
        for version, line in lines.items():
            if TOO_LONG < best[version] < float("inf"):
                continue
            best[version] = min(best[version], upload_seconds(line, path, file, version))
    return round(best["1.1"], 3), round(best["2"], 3)


def long_line(penstock, nginx, folder):
    file = folder / "large"
    file.write_bytes(os.urandom(LARGE))
    ways = [("Penstock, streamed", penstock["port"], penstock["port"], "/open/a")]
    ways += [("Penstock, held", penstock["port"], penstock["port"], "/held/a")]
    if nginx:
        ways += [("nginx, streamed", nginx["plain"], nginx["http2"], "/open/a")]
        ways += [("nginx, held", nginx["plain"], nginx["http2"], "/held/a")]
    rows = []
    for name, plain, http2, path in ways:
        one, two = best_of_rounds(plain, http2, path, file)
        rows.append({"through": name, "http1_s": one, "http2_s": two, "times": round(two / one, 2)})
        rows[-1]["is_met"] = rows[-1]["times"] <= MOST_TIMES
        print(f"{name:20} HTTP/1.1 {one:6.3f} s   HTTP/2 {two:6.3f} s   {rows[-1]['times']:.2f} times", flush=True)
    return rows


def shared_over_http1(port, body):
    answers = collections.Counter()

    def send():
        head = "POST /held/a HTTP/1.1\r\nHost: links\r\nContent-Type: text/plain\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
                connection.sendall(head.encode() + body)
                answers[connection.recv(64)[9:12].decode()] += 1
        except OSError as error:
            answers[type(error).__name__] += 1

    threads = [threading.Thread(target=send) for _ in range(SHARED_UPLOADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def shared_over_http2(port, file):
    lines = ["parallel", f"parallel-max = {SHARED_UPLOADS}", "silent"]
    for at in range(SHARED_UPLOADS):
        lines += ["next"] if at else []
        lines += ["http2", "insecure", f'url = "https://127.0.0.1:{port}/held/a"', f'data-binary = "@{file}"']
        lines += ['header = "Content-Type: text/plain"', f'output = "{os.devnull}"', 'write-out = "%{http_code}\\n"']
    done = subprocess.run(["curl", "-K", "-"], input="\n".join(lines), capture_output=True, text=True)
    return collections.Counter(done.stdout.split())


def narrow_line(penstock, folder):
    file = folder / "small"
    body = b"a quiet morning by the river \n" * (SHARED_SIZE // 30)
    file.write_bytes(body)
    rows = []
    for name, send in (
        ("own connections", lambda: shared_over_http1(NarrowLine(penstock["port"], SHARED_RATE).port, body)),
        ("one of HTTP/2", lambda: shared_over_http2(NarrowLine(penstock["tls_port"], SHARED_RATE).port, file)),
    ):
        start = time.monotonic()
        answers = send()
        row = {"on": name, "seconds": round(time.monotonic() - start, 1), "answers": dict(answers)}
        rows.append(row | {"is_met": answers == {"200": SHARED_UPLOADS}})
        print(f"{SHARED_UPLOADS} uploads share 512 kbit/s, {name}: {dict(answers)} in {row['seconds']} s", flush=True)
    return rows


def silence(penstock):
    with socket.create_connection(("127.0.0.1", penstock["port"])) as connection:
        connection.sendall(b"POST /held/a HTTP/1.1\r\nHost: links\r\nContent-Length: 5\r\n\r\n")
        time.sleep(SILENCE)
        connection.sendall(b"hello")
        status = connection.recv(64)[9:12].decode()
    print(f"silent for {SILENCE} s before the first byte: {status}")
    return {"seconds": SILENCE, "status": status, "is_met": status == "200"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("folder", type=Path)
    parser.add_argument("results", type=Path)
    args = parser.parse_args()
    folder = args.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    origin = Origin()
    origin.start()
    penstock, ports = start_penstock(args.binary, folder, origin.port)
    nginx, nginx_ports = start_nginx(folder, origin.port)
    try:
        results = {
            "long_line": long_line(ports, nginx_ports, folder),
            "narrow_line": narrow_line(ports, folder),
            "silence": silence(ports),
        }
    finally:
        for process in filter(None, (penstock, nginx)):
            process.terminate()
            process.wait()
    results |= measured_on()
    args.results.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    wanted = [row for row in results["long_line"] if row["through"].startswith("Penstock")]
    return 0 if all(row["is_met"] for row in [*wanted, *results["narrow_line"], results["silence"]]) else 1


if __name__ == "__main__":
    sys.exit(main())
