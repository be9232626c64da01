"""Routers of Python, each with the same handlers. A handler answers with its name.

Usage: routers.py wsgi|asgi|own. Prints one line: `name=port` of each. The first two run all frameworks behind one server
of their kind, which tells them apart by the host `name.test`.
"""

import asyncio
import logging
import os
import re
import socket
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def flask_app():
    import flask

    app = flask.Flask(__name__)
    run = lambda name: lambda **_: (f"ran {name}", 200)
    for path, name, methods in [
        ("/upload", "upload", METHODS),
        ("/upload/<path:rest>", "upload", METHODS),
        ("/upload/", "upload", METHODS),
        ("/form.php", "form", METHODS),
        ("/api/<id>/file", "api", METHODS),
        ("/submit", "submit", METHODS),
        ("/store", "store", ["PUT"]),
    ]:
        app.add_url_rule(path, path, run(name), methods=methods, provide_automatic_options=False)
    app.register_error_handler(404, lambda _: ("ran other", 200))
    return app


def django_settings():
    from django.conf import settings

    if not settings.configured:
        settings.configure(ROOT_URLCONF="routers_urls", ALLOWED_HOSTS=["*"], MIDDLEWARE=[], APPEND_SLASH=False)


def django_urls():
    import types

    from django.http import HttpResponse
    from django.urls import path, re_path

    def run(name, methods=None):
        def view(request, **_):
            is_it = methods is None or request.method in methods
            return HttpResponse(f"ran {name if is_it else 'other'}")

        return view

    module = types.ModuleType("routers_urls")
    module.urlpatterns = [
        path("upload", run("upload")),
        path("upload/", run("upload")),
        path("upload/<path:rest>", run("upload")),
        re_path(r"^form\.php$", run("form")),
        re_path(r"(?i)^api/(?P<id>[^/]+)/file/?$", run("api")),
        path("submit", run("submit")),
        path("store", run("store", ["PUT"])),
        re_path(r"", run("other")),
    ]
    sys.modules["routers_urls"] = module


def bottle_app():
    import bottle

    app = bottle.Bottle()
    for path, name, method in [
        ("/upload", "upload", "ANY"),
        ("/upload/<rest:path>", "upload", "ANY"),
        ("/form.php", "form", "ANY"),
        ("/api/<id>/file", "api", "ANY"),
        ("/submit", "submit", "ANY"),
        ("/store", "store", "PUT"),
    ]:
        app.route(path, method, (lambda name: lambda **_: f"ran {name}")(name))
    app.route("/<rest:path>", "ANY", lambda rest: "ran other")
    return app


def falcon_app():
    import falcon

    def resource(name, methods=None):
        class Resource:
            pass

        def run(self, request, response, **_):
            response.content_type, response.text = "text/plain", f"ran {name}"

        for method in methods or METHODS:
            setattr(Resource, f"on_{method.lower()}", run)
        return Resource()

    app = falcon.App()
    app.req_options.strip_url_path_trailing_slash = True
    for path, name in [("/upload", "upload"), ("/form.php", "form"), ("/api/{id}/file", "api"), ("/submit", "submit")]:
        app.add_route(path, resource(name))
    app.add_route("/upload/{rest:path}", resource("upload"))
    app.add_route("/store", resource("store", ["PUT"]))
    other = resource("other").on_get
    app.add_sink(other)
    return app


def bare_app(environ, start_response):
    """What middleware does by hand: a mount in a header, as in a snippet for Flask that is copied much."""
    path = environ["PATH_INFO"]
    mount = environ.get("HTTP_X_SCRIPT_NAME") or environ.get("HTTP_X_FORWARDED_PREFIX") or ""
    if mount and path.startswith(mount):
        path = path[len(mount) :]
    name = "other"
    if path == "/upload" or path.startswith("/upload/"):
        name = "upload"
    elif path == "/form.php":
        name = "form"
    elif re.match(r"/api/[^/]+/file$", path):
        name = "api"
    elif path.rstrip("/") == "/submit":
        name = "submit"
    method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", environ["REQUEST_METHOD"])
    if path == "/store" and method == "PUT":
        name = "store"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"ran {name}".encode()]


def fastapi_app():
    import fastapi
    from starlette.responses import PlainTextResponse

    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for path, name, methods in [
        ("/upload", "upload", METHODS),
        ("/upload/{rest:path}", "upload", METHODS),
        ("/form.php", "form", METHODS),
        ("/api/{id}/file", "api", METHODS),
        ("/submit", "submit", METHODS),
        ("/store", "store", ["PUT"]),
        ("/{rest:path}", "other", METHODS),
    ]:
        app.add_api_route(path, (lambda name: lambda: PlainTextResponse(f"ran {name}"))(name), methods=methods)
    return app


def starlette_app():
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    def run(name):
        async def view(request):
            return PlainTextResponse(f"ran {name}")

        return view

    return Starlette(
        routes=[
            Mount("/upload", routes=[Route("/{rest:path}", run("upload"), methods=METHODS)]),
            Route("/form.php", run("form"), methods=METHODS),
            Route("/api/{id}/file", run("api"), methods=METHODS),
            Route("/submit", run("submit"), methods=METHODS),
            Route("/store", run("store"), methods=["PUT"]),
            Route("/{rest:path}", run("other"), methods=METHODS),
        ]
    )


def django_asgi():
    import django
    from django.core.asgi import get_asgi_application

    django_settings()
    django_urls()
    django.setup()
    return get_asgi_application()


def by_host_wsgi(apps):
    def app(environ, start_response):
        return apps[environ["HTTP_HOST"].split(".")[0]](environ, start_response)

    return app


def by_host_asgi(apps):
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        host = dict(scope["headers"])[b"host"].decode().split(".")[0]
        await apps[host](scope, receive, send)

    return app


def serve_wsgi():
    import django
    from django.core.wsgi import get_wsgi_application
    from gunicorn.app.base import BaseApplication

    django_settings()
    django_urls()
    django.setup()
    apps = {
        "flask": flask_app(),
        "django": get_wsgi_application(),
        "bottle": bottle_app(),
        "falcon": falcon_app(),
        "wsgi": bare_app,
    }
    port = free_port()

    class Server(BaseApplication):
        def load_config(self):
            for name, value in {"bind": f"127.0.0.1:{port}", "workers": 2, "loglevel": "critical"}.items():
                self.cfg.set(name, value)
            self.cfg.set("when_ready", lambda _: say({name: port for name in apps}))

        def load(self):
            return by_host_wsgi(apps)

    sys.argv = sys.argv[:1]
    Server().run()


def serve_asgi():
    import uvicorn

    apps = {"fastapi": fastapi_app(), "starlette": starlette_app(), "djangoasgi": django_asgi()}
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    say({name: listener.getsockname()[1] for name in apps})
    config = uvicorn.Config(by_host_asgi(apps), log_level="critical", lifespan="off", timeout_keep_alive=600)
    uvicorn.Server(config).run(sockets=[listener])


async def serve_own():
    import tornado.httpserver
    import tornado.netutil
    import tornado.web
    from aiohttp import web

    def run(name):
        async def view(request):
            return web.Response(text=f"ran {name}")

        return view

    app = web.Application()
    for path, name, method in [
        ("/upload", "upload", "*"),
        ("/upload/{rest:.*}", "upload", "*"),
        ("/form.php", "form", "*"),
        ("/api/{id}/file", "api", "*"),
        ("/submit", "submit", "*"),
        ("/store", "store", "PUT"),
        ("/{rest:.*}", "other", "*"),
    ]:
        app.router.add_route(method, path, run(name))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()

    def handler(name, methods=None):
        class Handler(tornado.web.RequestHandler):
            SUPPORTED_METHODS = tuple(METHODS)

            def answer(self, *_, **__):
                self.write(f"ran {name if methods is None or self.request.method in methods else 'other'}")

        for method in METHODS:
            setattr(Handler, method.lower(), Handler.answer)
        return Handler

    tornado_app = tornado.web.Application(
        [
            (r"/upload(?:/.*)?", handler("upload")),
            (r"/form\.php", handler("form")),
            (r"/api/([^/]+)/file", handler("api")),
            (r"/submit/?", handler("submit")),
            (r"/store", handler("store", ["PUT"])),
            (r".*", handler("other")),
        ]
    )
    server = tornado.httpserver.HTTPServer(tornado_app)
    listeners = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server.add_sockets(listeners)
    say({"aiohttp": runner.addresses[0][1], "tornado": listeners[0].getsockname()[1]})
    await asyncio.Event().wait()


def say(ports):
    print(*(f"{name}={port}" for name, port in ports.items()), flush=True)


if __name__ == "__main__":
    {"wsgi": serve_wsgi, "asgi": serve_asgi, "own": lambda: asyncio.run(serve_own())}[sys.argv[1]]()
