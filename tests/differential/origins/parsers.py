"""What the usual Python frameworks make of a form: each parser is called the way a typical application reaches it.

A parser is an async function of the raw `Content-Type` value and the body that returns parts; errors are exceptions.
"""

import asyncio
import io
import warnings
from types import SimpleNamespace

import aiohttp
import aiohttp.web
import django
import django.conf
import multipart
import starlette.requests
import tornado.httputil
import werkzeug.wrappers
from aiohttp.test_utils import make_mocked_request
from django.core.handlers.wsgi import WSGIRequest

from frameworks import FRAMEWORKS
from shapes import GENEROUS, part, wsgi_environ

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import cgi
except ImportError:
    cgi = None

django.conf.settings.configure(
    DATA_UPLOAD_MAX_MEMORY_SIZE=GENEROUS,
    DATA_UPLOAD_MAX_NUMBER_FIELDS=None,
    DATA_UPLOAD_MAX_NUMBER_FILES=None,
    FILE_UPLOAD_MAX_MEMORY_SIZE=GENEROUS,
)
django.setup()


async def read_werkzeug(content_type, body):
    request = werkzeug.wrappers.Request(wsgi_environ(content_type, body))
    request.max_form_memory_size = GENEROUS
    files = [part("file", name, file.filename, file.read()) for name, file in request.files.items(multi=True)]
    return files + [part("field", name, None, value) for name, value in request.form.items(multi=True)]


async def read_django(content_type, body):
    request = WSGIRequest(wsgi_environ(content_type, body))
    fields = [part("field", name, None, value) for name, values in request.POST.lists() for value in values]
    return fields + [part("file", name, file.name, file.read()) for name, files in request.FILES.lists() for file in files]


async def read_starlette(content_type, body):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    parts = []
    async with starlette.requests.Request(scope, receive).form(max_part_size=GENEROUS) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                parts.append(part("field", name, None, value))
            else:
                parts.append(part("file", name, value.filename, await value.read()))
    return parts


async def read_multipart(content_type, body):
    forms, files = multipart.parse_form_data(wsgi_environ(content_type, body))
    fields = [part("field", name, None, value) for name, value in forms.iterallitems()]
    return fields + [part("file", name, file.filename, file.raw) for name, file in files.iterallitems()]


async def read_tornado(content_type, body):
    headers = tornado.httputil.HTTPHeaders({"Content-Type": content_type.decode("latin-1")})
    arguments, files = {}, {}
    tornado.httputil.parse_body_arguments(headers["Content-Type"], body, arguments, files, headers)
    fields = [part("field", name, None, value) for name, values in arguments.items() for value in values]
    return fields + [part("file", name, f["filename"], f["body"]) for name, found in files.items() for f in found]



def ignored(*_, **__):
    pass


# A connection that is never held back: the whole body is there before anybody reads.
UNPACED = SimpleNamespace(_reading_paused=False, pause_reading=ignored, resume_reading=ignored)


async def read_aiohttp(content_type, body):
    stream = aiohttp.StreamReader(UNPACED, GENEROUS, loop=asyncio.get_running_loop())
    stream.feed_data(body)
    stream.feed_eof()
    headers = {"Content-Type": content_type.decode("utf-8", "surrogateescape"), "Content-Length": str(len(body))}
    request = make_mocked_request("POST", "/", headers, payload=stream, client_max_size=GENEROUS)
    parts = []
    for name, value in (await request.post()).items():
        if isinstance(value, aiohttp.web.FileField):
            parts.append(part("file", name, value.filename, value.file.read()))
        else:
            parts.append(part("field", name, None, value))
    return parts


def cgi_parts(storage):
    for item in storage.list or []:
        if item.list:
            yield from cgi_parts(item)
        elif item.filename:
            yield part("file", item.name, item.filename, item.file.read())
        else:
            yield part("field", item.name, None, item.value)


async def read_cgi(content_type, body):
    environ = wsgi_environ(content_type, body)
    headers = {"content-type": environ["CONTENT_TYPE"], "content-length": environ["CONTENT_LENGTH"]}
    storage = cgi.FieldStorage(io.BytesIO(body), headers, environ=environ, keep_blank_values=True)
    return list(cgi_parts(storage))


PARSERS = {
    "werkzeug": read_werkzeug,
    "django": read_django,
    "starlette": read_starlette,
    "multipart": read_multipart,
    "tornado": read_tornado,
    "aiohttp": read_aiohttp,
    **FRAMEWORKS,
}
if cgi:
    PARSERS["cgi"] = read_cgi
