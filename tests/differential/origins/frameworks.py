"""Frameworks with a parser of their own, each called the way a handler of it reaches the form."""

from types import SimpleNamespace

import bottle
import cherrypy
import falcon
import falcon.media
import litestar
import sanic.compat
import sanic.request
import webob

from shapes import GENEROUS, part, wsgi_environ

bottle.BaseRequest.MEMFILE_MAX = GENEROUS

FALCON = falcon.RequestOptions()
FALCON_FORMS = FALCON.media_handlers[falcon.MEDIA_MULTIPART] = falcon.media.MultipartFormHandler()
FALCON_FORMS.parse_options.max_body_part_buffer_size = GENEROUS
FALCON_FORMS.parse_options.max_body_part_count = 0
FALCON_FORMS.parse_options.max_body_part_headers_size = GENEROUS

LITESTAR = litestar.Litestar([])
LITESTAR_HANDLER = SimpleNamespace(resolve_request_max_body_size=lambda: GENEROUS)


async def read_bottle(content_type, body):
    request = bottle.BaseRequest(wsgi_environ(content_type, body))
    fields = [part("field", name, None, value) for name, value in request.forms.allitems()]
    return fields + [part("file", name, file.raw_filename, file.file.read()) for name, file in request.files.allitems()]


async def read_falcon(content_type, body):
    form = falcon.Request(wsgi_environ(content_type, body), options=FALCON).get_media()
    if not isinstance(form, falcon.media.multipart.MultipartForm):
        return []
    return [part("file" if p.filename else "field", p.name, p.filename, p.stream.read()) for p in form]


async def read_sanic(content_type, body):
    headers = sanic.compat.Header({"content-type": content_type.decode("utf-8", "surrogateescape")})
    app = SimpleNamespace(config=SimpleNamespace(), ctx=None)
    request = sanic.request.Request(b"/", headers, "1.1", "POST", None, app)
    request.body = body
    fields = [part("field", name, None, value) for name, values in request.form.items() for value in values]
    return fields + [part("file", name, f.name, f.body) for name, files in request.files.items() for f in files]


def shown(name, value):
    """A value of WebOb or CherryPy: text, or a file."""
    if isinstance(value, (str, bytes)):
        return part("field", name, None, value)
    return part("file", name, value.filename, value.file.read())


async def read_webob(content_type, body):
    return [shown(name, value) for name, value in webob.Request(wsgi_environ(content_type, body)).POST.items()]


class Site:
    """Shows what the last form had."""

    params = {}

    @cherrypy.expose
    def default(self, *_, **__):
        self.params = dict(cherrypy.request.body.params)
        return b""


SITE = Site()
cherrypy.config.update({"environment": "embedded", "server.max_request_body_size": GENEROUS})
CHERRYPY = cherrypy.Application(SITE, "")


async def read_cherrypy(content_type, body):
    SITE.params = {}
    list(CHERRYPY({**wsgi_environ(content_type, body), "HTTP_HOST": "site.test"}, lambda *_: None))
    values = {name: value if isinstance(value, list) else [value] for name, value in SITE.params.items()}
    return [shown(name, value) for name, found in values.items() for value in found]


async def read_litestar(content_type, body):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers, "state": {}}
    scope |= {"litestar_app": LITESTAR, "app": LITESTAR, "route_handler": LITESTAR_HANDLER}
    parts = []
    for name, value in (await litestar.Request(scope, receive).form()).multi_items():
        if isinstance(value, litestar.datastructures.UploadFile):
            parts.append(part("file", name, value.filename, await value.read()))
        else:
            parts.append(part("field", name, None, value if isinstance(value, (str, bytes)) else str(value)))
    return parts


FRAMEWORKS = {
    "bottle": read_bottle,
    "falcon": read_falcon,
    "sanic": read_sanic,
    "webob": read_webob,
    "cherrypy": read_cherrypy,
    "litestar": read_litestar,
}
