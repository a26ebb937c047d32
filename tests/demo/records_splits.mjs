// Cases on standard input: each body whole, byte by byte and at every split, must give its document and its end.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Failed, Malformed, Records, Truncated } from "./records.mjs";

const ERRORS = { Failed, Malformed, Truncated };

for (const { name, body, document, open, error } of JSON.parse(readFileSync(0, "utf8"))) {
  const bytes = new TextEncoder().encode(body);
  const splits = [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))];
  for (let at = 1; at < bytes.length; at += 1) splits.push([bytes.subarray(0, at), bytes.subarray(at)]);
  for (const chunks of splits) {
    const records = new Records();
    const where = `${name}, split at ${chunks[0]?.length} of ${bytes.length}`;
    const read = () => { for (const chunk of chunks) records.feed(chunk); records.finish(); };
    if (error) assert.throws(read, ERRORS[error], where); else assert.doesNotThrow(read, where);
    // As text: deepEqual takes an own `__proto__` for the prototype.
    if (document !== undefined) assert.equal(JSON.stringify(records.document), JSON.stringify(document), where);
    if (open) assert.deepEqual(records.open.map((path) => `/${path.join("/")}`), open, where);
  }
}
