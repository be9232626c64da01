"""Sends a file at some speed and prints how many milliseconds after its last byte the answer came, the median of some rounds.

    arriving_client.py PORT MEGABYTES_A_SECOND ROUNDS FILE

A speed of 0 is as fast as can be.
"""

import socket
import statistics
import sys
import time

PIECE = 256 << 10


def waited(port, rate, body):
    """Seconds between the last byte and the answer, which must be 200."""
    head = f"POST /hold/a HTTP/1.1\r\nHost: site\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode())
        start = time.monotonic()
        for at in range(0, len(body), PIECE):
            if rate:
                time.sleep(max(0, start + at / rate - time.monotonic()))
            connection.sendall(body[at : at + PIECE])
        sent = time.monotonic()
        answer = connection.recv(1024)
        if not answer.startswith(b"HTTP/1.1 200"):
            sys.exit(f"not answered with 200: {answer[:80]!r}")
        return time.monotonic() - sent


def main():
    port, rate, rounds, file = int(sys.argv[1]), float(sys.argv[2]) * 1e6, int(sys.argv[3]), sys.argv[4]
    with open(file, "rb") as source:
        body = source.read()
    print(f"{statistics.median(waited(port, rate, body) for _ in range(rounds)) * 1e3:.1f}")


main()
