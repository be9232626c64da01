"""An origin of many parsers: the first segment of the path selects one, the answer tells what it saw.

Prints one line, its port and the names of its parsers. The head of a request is cut apart here and not by a framework,
so that parsers get the very bytes of the header value.
"""

import asyncio
import base64
import json
import logging
import warnings

from parsers import PARSERS

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


async def read_echo(content_type, body):
    return [
        {"kind": "field", "name": "content-type", "filename": None, "content": content_type},
        {"kind": "file", "name": "body", "filename": "body", "content": body},
    ]


def shown(part):
    content = base64.b64encode(part.pop("content")).decode()
    return {**part, "base64": content}


async def answer(path, content_type, body):
    name = path.split("/")[1]
    parser = {**PARSERS, "echo": read_echo}[name]
    try:
        return {"parts": [shown(part) for part in await parser(content_type, body)]}
    except Exception as error:  # Whatever a parser gives up with is its answer.
        # Of bytes that are no UTF-8, halves of characters may be in the message, which no JSON may have.
        return {"error": f"{type(error).__name__}: {error}".encode(errors="replace").decode()}


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    start, *lines = head[:-4].split(b"\r\n")
    pairs = (line.split(b":", 1) for line in lines)
    headers = {name.lower(): value.strip(b" \t") for name, value in pairs}
    body = await reader.readexactly(int(headers[b"content-length"]))
    return start.split(b" ")[1].decode(), headers.get(b"content-type", b""), body


async def serve(reader, writer):
    try:
        while True:
            text = json.dumps(await answer(*await read_request(reader))).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
            writer.write(head.encode() + text)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], *PARSERS, flush=True)
    await server.serve_forever()


asyncio.run(main())
