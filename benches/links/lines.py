"""Lines between a client and a server, in user space: one that is long, and one that is narrow and shared."""
import collections
import random
import socket
import threading
import time

PIECE = 1 << 20


def pump(source, work):
    """Reads to the end, also of a connection that breaks off."""
    while True:
        try:
            piece = source.recv(PIECE)
        except OSError:
            piece = b""
        work(piece)
        if not piece:
            return


class Line:
    """Takes connections and makes one to the server for each."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.server_port))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink, is_up in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.carry, args=(source, sink, is_up), daemon=True).start()

    def carry(self, source, sink, is_up):
        raise NotImplementedError


class LongLine(Line):
    """Whatever is sent arrives `delay` seconds later, however much it is."""

    def __init__(self, server_port, delay):
        self.delay = delay
        super().__init__(server_port)

    def carry(self, source, sink, is_up):
        under_way, arrived = collections.deque(), threading.Condition()

        def take(piece):
            with arrived:
                under_way.append((time.monotonic() + self.delay, piece))
                arrived.notify()

        threading.Thread(target=pump, args=(source, take), daemon=True).start()
        while True:
            with arrived:
                while not under_way:
                    arrived.wait()
                due, piece = under_way.popleft()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not piece:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(piece)
            except OSError:
                return


class NarrowLine(Line):
    """Of all that clients send, `rate` bytes a second arrive. Which connection is next is a matter of luck."""

    PACKET = 1400

    def __init__(self, server_port, rate):
        self.rate, self.waiting, self.lock = rate, [], threading.Condition()
        super().__init__(server_port)
        threading.Thread(target=self.share, daemon=True).start()

    def carry(self, source, sink, is_up):
        if not is_up:
            try:
                pump(source, sink.sendall)
            except OSError:
                # The client does not wait for more.
                pass
            return
        # Little is under way on a narrow line: the rest waits at the client.
        source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with self.lock:
            self.waiting.append((source, sink))
            self.lock.notify()

    def share(self):
        due = time.monotonic()
        while True:
            with self.lock:
                while not self.waiting:
                    self.lock.wait()
                    due = time.monotonic()
                pair = random.choice(self.waiting)
            source, sink = pair
            try:
                piece = source.recv(self.PACKET, socket.MSG_DONTWAIT)
                if piece:
                    sink.sendall(piece)
                else:
                    sink.shutdown(socket.SHUT_WR)
            except BlockingIOError:
                time.sleep(0.0005)
                continue
            except OSError:
                piece = b""
            if not piece:
                with self.lock:
                    self.waiting.remove(pair)
            due = max(due + len(piece) / self.rate, time.monotonic() - 0.1)
            time.sleep(max(0, due - time.monotonic()))
