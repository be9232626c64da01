"""A headless Chromium, driven over the pipe of its debugging protocol, so that nothing else is needed."""

import json
import os
import shutil
import subprocess
import tempfile


class Browser:
    """One page at `address`, in which expressions are evaluated. It is started again when it ends."""

    def __init__(self, address, flags=()):
        self.program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not self.program:
            raise OSError("there is no chromium")
        self.address, self.flags = address, flags
        self.folder = tempfile.mkdtemp()
        self.start()

    def start(self):
        to_read, self.write_to = os.pipe()
        self.read_from, to_write = os.pipe()
        os.makedirs(self.folder, exist_ok=True)

        def wire():
            os.dup2(to_read, 3)
            os.dup2(to_write, 4)

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--disable-dev-shm-usage"]
        flags += [f"--user-data-dir={self.folder}/profile", *self.flags]
        self.process = subprocess.Popen(
            [self.program, *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=wire,
            pass_fds=(3, 4, to_read, to_write),
        )
        os.close(to_read)
        os.close(to_write)
        self.number, self.buffer = 0, b""
        target = self.call("Target.createTarget", {"url": self.address})["targetId"]
        self.session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]

    def call(self, method, parameters, session=None):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_to, data) :]
        while True:
            while b"\0" not in self.buffer:
                read = os.read(self.read_from, 1 << 20)
                if not read:
                    raise OSError("chromium is gone")
                self.buffer += read
            answer, _, self.buffer = self.buffer.partition(b"\0")
            answer = json.loads(answer)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise OSError(answer["error"]["message"])
                return answer["result"]

    def evaluate(self, expression, milliseconds):
        """The value of `expression`, once its promise is kept; `None` where there is none."""
        try:
            parameters = {
                "expression": expression,
                "awaitPromise": True,
                "returnByValue": True,
                "timeout": milliseconds,
            }
            return self.call("Runtime.evaluate", parameters, self.session)["result"].get("value")
        except OSError:
            self.process.kill()
            self.process.wait()
            os.close(self.read_from)
            os.close(self.write_to)
            self.start()
            return None

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
