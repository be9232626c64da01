// Routers of Node, each with the same handlers on a port of its own. A handler answers with its name.
//
// Prints one line: `name=port` of each.
'use strict';

const http = require('node:http');
const url = require('node:url');

const express4 = require('express');
const express5 = require('express5');
const fastify = require('fastify');
const findMyWay = require('find-my-way');
const { getRequestListener } = require('@hono/node-server');
const { Hono } = require('hono');
const Koa = require('koa');
const KoaRouter = require('@koa/router');
const methodOverride = require('method-override');
const polka = require('polka');

const reply = (response, name) => {
  const text = `ran ${name}`;
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': text.length, Connection: 'close' });
  response.end(text);
};

const handler = (name) => (request, response) => reply(response, name);

// Gives `app` the handlers that `run` makes of their names, but for those below /upload, which each spells in its way.
const register = (app, run) => {
  for (const [path, name] of [['/form.php', 'form'], ['/api/:id/file', 'api'], ['/submit', 'submit']]) {
    app.all(path, run(name));
  }
};

// Express takes the header's word for the method of a POST.
function onExpress(express) {
  const app = express();
  app.use(methodOverride('X-HTTP-Method-Override'));
  app.use(methodOverride('_method'));
  app.use('/upload', handler('upload'));
  register(app, handler);
  app.put('/store', handler('store'));
  app.use(handler('other'));
  return http.createServer(app);
}

async function onFastify() {
  const app = fastify({ routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, caseSensitive: false } });
  app.addContentTypeParser('*', (request, payload, done) => payload.resume().on('end', () => done(null)));
  const run = (name) => async (request, answer) => answer.header('Connection', 'close').send(`ran ${name}`);
  app.all('/upload', run('upload'));
  app.all('/upload/*', run('upload'));
  register(app, run);
  app.put('/store', run('store'));
  app.setNotFoundHandler(run('other'));
  await app.ready();
  return app.server;
}

function onKoa() {
  const [app, router] = [new Koa(), new KoaRouter()];
  const run = (name) => (context) => {
    context.set('Connection', 'close');
    context.body = `ran ${name}`;
  };
  router.all('/upload', run('upload'));
  router.all('/upload/{*rest}', run('upload'));
  register(router, run);
  router.put('/store', run('store'));
  app.use(router.routes());
  app.use(run('other'));
  return http.createServer(app.callback());
}

function onHono() {
  const app = new Hono();
  const run = (name) => (context) => context.text(`ran ${name}`, 200, { Connection: 'close' });
  app.all('/upload', run('upload'));
  app.all('/upload/*', run('upload'));
  register(app, run);
  app.put('/store', run('store'));
  app.all('*', run('other'));
  return http.createServer(getRequestListener(app.fetch));
}

function onPolka() {
  const app = polka({ onNoMatch: handler('other') });
  app.all('/upload', handler('upload'));
  app.all('/upload/*', handler('upload'));
  register(app, handler);
  app.put('/store', handler('store'));
  return http.createServer(app.handler);
}

function onFindMyWay() {
  const router = findMyWay({ ignoreTrailingSlash: true, useSemicolonDelimiter: true, defaultRoute: handler('other') });
  router.all('/upload', handler('upload'));
  router.all('/upload/*', handler('upload'));
  register(router, handler);
  router.on('PUT', '/store', handler('store'));
  return http.createServer((request, response) => router.lookup(request, response));
}

// What people write by hand, with what they take a path out of a request with.
function byHand(pathOf) {
  return http.createServer((request, response) => {
    let path;
    try {
      path = pathOf(request);
    } catch {
      return reply(response, 'other');
    }
    const is = (expected) => path === expected;
    if (is('/upload') || path.startsWith('/upload/')) return reply(response, 'upload');
    if (is('/form.php')) return reply(response, 'form');
    if (/^\/api\/[^/]+\/file$/.test(path)) return reply(response, 'api');
    if (is('/submit')) return reply(response, 'submit');
    if (is('/store') && request.method === 'PUT') return reply(response, 'store');
    return reply(response, 'other');
  });
}

async function servers() {
  return {
    express4: onExpress(express4),
    express5: onExpress(express5),
    fastify: await onFastify(),
    koa: onKoa(),
    hono: onHono(),
    polka: onPolka(),
    findmyway: onFindMyWay(),
    nodeurl: byHand((request) => new URL(request.url, 'http://localhost').pathname),
    nodeurldecoded: byHand((request) => decodeURIComponent(new URL(request.url, 'http://localhost').pathname)),
    nodelegacy: byHand((request) => url.parse(request.url).pathname),
    noderewrite: byHand((request) => {
      const steered = request.headers['x-original-url'] ?? request.headers['x-rewrite-url'] ?? request.url;
      return steered.split('?')[0];
    }),
  };
}

process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

servers().then(async (all) => {
  const places = [];
  for (const [name, server] of Object.entries(all)) {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    places.push(`${name}=${server.address().port}`);
  }
  console.log(places.join(' '));
});
