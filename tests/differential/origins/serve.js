// An origin of many parsers: the first segment of the path selects one, the answer tells what it saw.
//
// Prints one line, its port and the names of its parsers.
'use strict';

const http = require('node:http');

const parsers = require('./parsers.js');

const shown = ({ content, ...part }) => ({ ...part, base64: content.toString('base64') });

// formidable throws where nobody can catch it when a field has an encoding that Node does not know, such as 8bit.
const GIVES_UP_AFTER_MS = 2000;
const SILENT = new Error('no answer');

async function answer(request) {
  const parts = [];
  const parser = parsers[request.url.split('/')[1]];
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(SILENT), GIVES_UP_AFTER_MS);
  });
  try {
    await Promise.race([parser(request, parts), silence]);
    return { parts: parts.map(shown) };
  } catch (error) {
    return { error: String(error), parts: parts.map(shown) };
  } finally {
    clearTimeout(timer);
  }
}

// A parser that gives up may leave a stream behind that fails later; that is not an answer to anybody.
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});

const server = http.createServer(async (request, response) => {
  const answered = await answer(request);
  const text = JSON.stringify(answered);
  // What a parser left unread would be taken for the next request.
  request.unpipe();
  request.resume();
  // Where it still holds the stream, only a new connection is sure to begin with the next request.
  if (answered.error === String(SILENT)) response.setHeader('Connection', 'close');
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
});
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => {
  const names = Object.keys(parsers).filter((name) => name !== 'echo');
  console.log(server.address().port, ...names);
});
