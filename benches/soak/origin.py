"""An origin that does what a request asks for in `Soak-Fault`, and remembers each body that reached it whole."""
import hashlib
import socket
import struct
import threading
import time
from collections import defaultdict

SLOW = 1.5
# A faulty server of another kind: nothing listens on this route's port at all.
FAULTS = ("slow", "error", "reset", "reset-early", "cut", "cut-chunks", "refused")


class Gone(Exception):
    """The connection ended, or is to end."""


class Reader:
    def __init__(self, connection):
        self.connection, self.buffer = connection, b""

    def more(self):
        piece = self.connection.recv(1 << 16)
        if not piece:
            raise Gone
        self.buffer += piece

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        taken, self.buffer = self.buffer.split(mark, 1)
        return taken

    def exactly(self, length, sink):
        while length:
            if not self.buffer:
                self.more()
            piece, self.buffer = self.buffer[:length], self.buffer[length:]
            length -= len(piece)
            sink(piece)


class Origin:
    def __init__(self):
        self.deliveries = defaultdict(list)
        self.lock = threading.Lock()
        self.connections = set()
        self.listener = None
        self.port = 0
        self.most_connections = 0

    def start(self):
        listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self.listen, args=(listener,), daemon=True).start()

    def stop(self):
        """Refuses connections, and ends those that are open."""
        # Only this wakes the thread that waits for one.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def listen(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.connections.add(connection)
            self.most_connections = max(self.most_connections, len(self.connections))
        try:
            reader = Reader(connection)
            while True:
                self.answer(connection, reader)
        except (Gone, OSError):
            pass
        finally:
            with self.lock:
                self.connections.discard(connection)
                connection.close()

    def answer(self, connection, reader):
        head = reader.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in head[1:])}
        fault = fields.get("soak-fault", "")
        if fault == "reset-early":
            reset(connection)
        digest = hashlib.sha256()
        if fields.get("transfer-encoding") == "chunked":
            while length := int(reader.until(b"\r\n"), 16):
                reader.exactly(length, digest.update)
                reader.until(b"\r\n")
            reader.until(b"\r\n")
        else:
            reader.exactly(int(fields.get("content-length", 0)), digest.update)
        if "soak-id" in fields:
            with self.lock:
                self.deliveries[int(fields["soak-id"])].append(digest.hexdigest())
        respond(connection, fault, digest.hexdigest().encode())


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise Gone


def respond(connection, fault, body):
    head = b"HTTP/1.1 %b\r\nContent-Type: text/plain\r\nSoak-Origin: 1\r\n%b\r\n\r\n"
    length = b"Content-Length: %d" % len(body)
    if fault == "reset":
        reset(connection)
    if fault == "slow":
        time.sleep(SLOW)
    if fault == "cut":
        connection.sendall(head % (b"200 OK", b"Content-Length: 5000") + body)
        raise Gone
    if fault == "cut-chunks":
        connection.sendall(head % (b"200 OK", b"Transfer-Encoding: chunked") + b"40\r\n" + body + b"\r\n")
        raise Gone
    status = b"500 Internal Server Error" if fault == "error" else b"200 OK"
    connection.sendall(head % (status, length) + body)
