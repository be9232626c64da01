// What the usual Node parsers make of a form. Each is called the way a typical application calls it.
//
// A parser takes the request and adds to `parts` what it hands to the application; its error is thrown. Applications
// that act on events have acted on what came before an error, so parts stand in the answer then too.
'use strict';

const { Writable } = require('node:stream');
const { buffer } = require('node:stream/consumers');

const fastifyBusboy = require('@fastify/busboy');
const busboy = require('busboy');
const formidable = require('formidable');
const multer = require('multer');
const multiparty = require('multiparty');
const undici = require('undici');

const GENEROUS = 64 << 20;

const field = (name, value) => ({ kind: 'field', name, filename: null, content: Buffer.from(String(value), 'utf8') });
const file = (name, filename, content) => ({ kind: 'file', name, filename: filename ?? null, content });

// busboy and its descendant differ in what a `file` event carries.
function readEvents(parser, request, parts, fileName) {
  return new Promise((resolve, reject) => {
    const reading = [];
    parser.on('field', (name, value) => parts.push(field(name, value)));
    parser.on('file', (name, stream, ...info) => {
      const whole = buffer(stream).then((content) => parts.push(file(name, fileName(info), content)));
      reading.push(whole.catch(() => {}));
    });
    parser.on('error', reject);
    parser.on('finish', () => resolve(Promise.all(reading)));
    parser.on('close', () => resolve(Promise.all(reading)));
    request.pipe(parser);
  });
}

async function readBusboy(request, parts) {
  await readEvents(busboy({ headers: request.headers }), request, parts, ([info]) => info.filename);
}

async function readFastifyBusboy(request, parts) {
  await readEvents(fastifyBusboy({ headers: request.headers }), request, parts, ([filename]) => filename);
}

const upload = multer({ storage: multer.memoryStorage(), limits: { fieldSize: GENEROUS } }).any();

async function readMulter(request, parts) {
  await new Promise((resolve, reject) => upload(request, {}, (error) => (error ? reject(error) : resolve())));
  for (const found of request.files ?? []) parts.push(file(found.fieldname, found.originalname, found.buffer));
  flatten(request.body ?? {}, '', parts);
}

// multer nests fields as their names say: `a[b]` is an object.
function flatten(value, name, parts) {
  if (value === null || typeof value !== 'object') {
    parts.push(field(name, value));
  } else {
    for (const [key, inner] of Object.entries(value)) flatten(inner, name ? `${name}[${key}]` : key, parts);
  }
}

async function readFormidable(request, parts) {
  const contents = new Map();
  const form = formidable.formidable({
    allowEmptyFiles: true,
    minFileSize: 0,
    maxFileSize: GENEROUS,
    maxFieldsSize: GENEROUS,
    // In memory: what is written to disk is the same.
    fileWriteStreamHandler: (found) => {
      const chunks = [];
      contents.set(found, chunks);
      return new Writable({ write: (chunk, _, done) => done(null, void chunks.push(chunk)) });
    },
  });
  const [fields, files] = await form.parse(request);
  for (const [name, values] of Object.entries(fields)) values.forEach((value) => parts.push(field(name, value)));
  for (const [name, found] of Object.entries(files)) {
    for (const one of found) parts.push(file(name, one.originalFilename, Buffer.concat(contents.get(one))));
  }
}

function readMultiparty(request, parts) {
  return new Promise((resolve, reject) => {
    const reading = [];
    const form = new multiparty.Form({ maxFieldsSize: GENEROUS });
    form.on('field', (name, value) => parts.push(field(name, value)));
    form.on('part', (part) => {
      const whole = buffer(part).then((content) => parts.push(file(part.name, part.filename, content)));
      reading.push(whole.catch(() => {}));
    });
    form.on('error', reject);
    form.on('close', () => resolve(Promise.all(reading)));
    form.parse(request);
  });
}

// The class of undici, or the one that Node brings along.
async function readFormData(Response, request, parts) {
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  const form = await new Response(await buffer(request), { headers }).formData();
  for (const [name, value] of form) {
    if (typeof value === 'string') parts.push(field(name, value));
    else parts.push(file(name, value.name, Buffer.from(await value.arrayBuffer())));
  }
}

async function readEcho(request, parts) {
  parts.push({ ...field('content-type', ''), content: Buffer.from(request.headers['content-type'] ?? '', 'latin1') });
  parts.push(file('body', 'body', await buffer(request)));
}

module.exports = {
  busboy: readBusboy,
  multer: readMulter,
  'fastify-busboy': readFastifyBusboy,
  formidable: readFormidable,
  multiparty: readMultiparty,
  undici: (request, parts) => readFormData(undici.Response, request, parts),
  node: (request, parts) => readFormData(Response, request, parts),
  echo: readEcho,
};
