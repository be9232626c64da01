"""A client of the Penstock under test. Its origin answers 200 with the header `x-flagged: 1` where it was told so."""

import http.client
import threading


class Penstock:
    """One connection for each thread."""

    def __init__(self, address):
        self.address = address
        self.kept = threading.local()

    def post(self, path, data, media_type="application/octet-stream"):
        """The status, and whether the origin was told of a flag."""
        for _ in range(3):
            try:
                connection = getattr(self.kept, "connection", None)
                if connection is None:
                    host, port = self.address.rsplit(":", 1)
                    connection = self.kept.connection = http.client.HTTPConnection(host, int(port), timeout=60)
                connection.request("POST", path, data, {"Content-Type": media_type})
                answer = connection.getresponse()
                answer.read()
                return answer.status, answer.getheader("x-flagged") == "1"
            except (OSError, http.client.HTTPException):
                self.kept.connection = None
        return 0, False

    def judge(self, data, media_type="application/octet-stream"):
        """What became of an upload, in a word."""
        status, is_flagged = self.post("/upload/x", data, media_type)
        if status == 451:
            return "blocked"
        if status == 200:
            return "inconclusive" if is_flagged else "allowed"
        if status in (413, 422, 403):
            return "inconclusive"
        return f"status {status}"
