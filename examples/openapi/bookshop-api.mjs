/** The API that bookshop.yaml describes, small enough to read. Prints its address; PORT says where to listen (default 8790). */

import { createServer } from 'node:http';

const KEY = process.env.BOOKSHOP_KEY ?? 'demo-key-1234';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const books = new Map([
  ['1', { id: 1, title: 'The Tempest', genre: 'poetry', price: 9.5, subtitle: null }],
  ['2', { id: 2, title: 'On the Origin of Species', genre: 'science', price: 14 }],
  ['3', { id: 3, title: 'Middlemarch', genre: 'novel', price: 12 }],
]);

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function search(query) {
  const genres = query.get('genre')?.split(',');
  const min = Number(query.get('price[min]') ?? 0);
  const max = Number(query.get('price[max]') ?? Number.POSITIVE_INFINITY);
  const words = (query.get('q') ?? '').toLowerCase();
  return [...books.values()].filter(
    (book) =>
      book.title.toLowerCase().includes(words) &&
      (genres === undefined || genres.includes(book.genre)) &&
      book.price >= min &&
      book.price <= max,
  );
}

async function answer(request, send) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const [, version, kind, id, part] = pathname.split('/');
  const route = `${request.method} ${version}/${kind}${id === undefined ? '' : '/id'}${part === undefined ? '' : `/${part}`}`;
  const problem = (status, title) => send(status, { title }, { 'content-type': 'application/problem+json' });
  if (request.headers['x-api-key'] !== KEY) return problem(401, 'A valid key is required');
  switch (route) {
    case 'GET v1/books': {
      const found = search(searchParams);
      return send(200, found.slice(0, Number(searchParams.get('limit') ?? 20)), { 'x-total-count': found.length });
    }
    case 'POST v1/books': {
      const book = { id: books.size + 1, price: 0, ...JSON.parse(await readBody(request)) };
      books.set(String(book.id), book);
      return send(201, book, { location: `/v1/books/${book.id}` });
    }
    case 'GET v1/books/id':
      return books.has(id) ? send(200, books.get(id)) : problem(404, `There is no book ${id}`);
    case 'GET v1/books/id/cover':
      return send(200, PNG, { 'content-type': 'image/png' });
    case 'PUT v1/books/id/cover':
      return (await readBody(request)).includes(PNG) ? send(204) : problem(400, 'That is no picture');
    case 'POST v1/orders': {
      const order = new URLSearchParams(String(await readBody(request)));
      return send(202, undefined, { location: `/v1/orders/${order.get('book')}-${order.get('copies')}` });
    }
    default:
      return problem(404, 'There is no such thing');
  }
}

const server = createServer((request, response) => {
  const send = (status, body, headers = {}) => {
    const isJson = body !== undefined && !Buffer.isBuffer(body);
    response.writeHead(status, { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers });
    response.end(isJson ? JSON.stringify(body) : body);
  };
  answer(request, send).catch((error) => send(500, { title: String(error) }));
});
server.listen(Number(process.env.PORT ?? 8790), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/v1`);
});
