// As fill.py: `node --expose-gc fill.mjs PEER SHAPE COUNT`.
import { readFileSync, writeFileSync } from 'node:fs';
import { jsonlStreamProducer } from '@trpc/server/unstable-core-do-not-import';
import { encode } from 'turbo-stream';
import { DOCUMENTS, MARK } from './documents.mjs';

const SECONDS = 0.5;
const LONG = 12;
const WARM = 3;

const utf8 = new TextEncoder();
const PEERS = {
  trpc: { stream: (data) => jsonlStreamProducer({ data }), bytes: (chunk) => chunk },
  turbo: { stream: (data) => encode(data), bytes: (chunk) => utf8.encode(chunk) },
};

const [peer, shape, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];

async function once(document, take) {
  const { stream, bytes } = PEERS[peer];
  const [began, used] = [performance.now(), process.cpuUsage()];
  const reader = stream(document).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      const { user, system } = process.cpuUsage(used);
      return Math.min(performance.now() - began, (user + system) / 1000);
    }
    take(bytes(value));
  }
}

// What runs before it is made with its document was not scheduled: the loop turns before the next one.
async function made(amount, take) {
  await new Promise(setImmediate);
  globalThis.gc();
  return once(DOCUMENTS[shape](amount), take);
}

function status(name) {
  try {
    return Number(readFileSync('/proc/self/status', 'ascii').match(`${name}:\\s+(\\d+)`)[1]) * 1024;
  } catch {
    return 0;
  }
}

function forgetPeak() {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux: there is no peak.
  }
}

for (let warm = 0; warm < WARM; warm++) await made(1, () => {});

const seen = { ms: [], writes: 0, bytes: 0, extra: 0, marks: 0, read: [] };
const document = DOCUMENTS[shape](count);
globalThis.gc();
forgetPeak();
const before = status('VmRSS');
const first = await once(document, (bytes) => {
  seen.writes += 1;
  seen.bytes += bytes.length;
  seen.marks += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString().split(MARK).length - 1;
});
seen.extra = status('VmHWM') - before;

const until = performance.now() + SECONDS * 1000;
while (first < LONG * 1000 && (!seen.ms.length || performance.now() < until)) {
  seen.ms.push(await made(count, () => {}));
}
if (!seen.ms.length) seen.ms.push(first);
console.log(JSON.stringify(seen));
