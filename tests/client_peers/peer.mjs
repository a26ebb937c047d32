// Streams as Node's own server sends them: chunks that end anywhere, connections that end too early.
import { createServer } from "node:http";
import { createGzip, constants } from "node:zlib";

const COUNT = 6;
const row = (n) => ({ n, name: 'Zoë \u2028 "{n}"' });
const turn = () => new Promise(setImmediate);

/** Writes a text so that each chunk ends anywhere, in the middle of a character too. */
async function inPieces(response, text, size = 7) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) {
    response.write(bytes.subarray(at, at + size));
    await turn();
  }
}

const routes = {
  async events(request, response) {
    const after = request.headers["last-event-id"];
    const first = after === undefined ? 0 : Number(after) + 1;
    if (first >= COUNT) return response.writeHead(204).end();
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    await inPieces(response, "\ufeff: hello\r\rretry:10\r\n\r\n");
    for (let n = first; n < first + 2; n++) {
      await inPieces(response, `id:${n}\r\ndata:${JSON.stringify(row(n))}\r\nevent:row\r\n\r\n`);
    }
    await inPieces(response, `id: 99\ndata: {"n": `);
    await turn();
    response.destroy(); // in the middle of the next
  },
  async lines(request, response, url) {
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    for (let n = 0; n < COUNT; n++) {
      if (url.searchParams.has("cut") && n === 3) {
        response.write('{"n":3,"na');
        await turn();
        return response.destroy();
      }
      await inPieces(response, JSON.stringify(row(n)) + (n % 2 ? "\r\n" : "\n"));
    }
    response.end();
  },
  async array(request, response) {
    const body = JSON.stringify(Array.from({ length: COUNT }, (_, n) => row(n)), null, 2);
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    await inPieces(response, body);
    response.end();
  },
  async gzip(request, response) {
    response.writeHead(200, { "content-type": "application/jsonl", "content-encoding": "gzip" });
    const gzip = createGzip();
    gzip.pipe(response);
    for (let n = 0; n < COUNT; n++) {
      gzip.write(JSON.stringify(row(n)) + "\n");
      await new Promise((done) => gzip.flush(constants.Z_SYNC_FLUSH, done));
    }
    gzip.end();
  },
};

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  routes[url.pathname.slice(1)](request, response, url);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
