"""What a parser returns, and what it is given."""

import io

GENEROUS = 64 << 20


def part(kind, name, filename, content):
    if isinstance(content, str):
        # Lone surrogates are bytes that were not UTF-8, or came out of a strange charset; neither may stop us.
        try:
            content = content.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            content = content.encode("utf-8", "surrogatepass")
    return {"kind": kind, "name": readable(name), "filename": readable(filename), "content": bytes(content or b"")}


def readable(name):
    """The name without lone surrogates, which JSON cannot carry."""
    return name.encode("utf-8", "replace").decode() if isinstance(name, str) else name


def wsgi_environ(content_type, body):
    """The environment that WSGI servers make: header bytes as Latin-1 (PEP 3333)."""
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "site.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": content_type.decode("latin-1"),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
