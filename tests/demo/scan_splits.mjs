// Cases on standard input: each body whole, byte by byte and at every split, must give its items and its end.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { FORMATS } from "./scan.mjs";

for (const { format, items, state, body } of JSON.parse(readFileSync(0, "utf8"))) {
  const bytes = Uint8Array.from(body);
  const splits = [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))];
  for (let at = 1; at < bytes.length; at += 1) splits.push([bytes.subarray(0, at), bytes.subarray(at)]);
  for (const chunks of splits) {
    const scanner = new FORMATS[format].scanner(100);
    for (const chunk of chunks) scanner.feed(chunk);
    const end = scanner.end();
    const where = `${format} ${state} split at ${chunks[0]?.length} of ${bytes.length}`;
    assert.equal(end.state, state, where);
    assert.equal(scanner.count, items.length, where);
    if (format !== "json" || state === "ended") assert.deepEqual(scanner.items(), items, where);
    if (state === "failed") assert.equal(end.problem.title, "Broken", where);
  }
}
