// Fastify: a stream of lines from an async generator.
import { Readable } from 'node:stream';
import Fastify from 'fastify';
import { rows, serve } from './rows.mjs';

async function* lines(count) {
  for await (const row of rows(count)) yield `${JSON.stringify(row)}\n`;
}

const app = Fastify();
app.get('/rows', (request, reply) => {
  reply.type('application/x-ndjson').send(Readable.from(lines(Number(request.query.count))));
});
await app.ready();
serve(app.server);
