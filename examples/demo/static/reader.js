// A worker: reads one response as fast as it comes and tells the page, at most ten times a second, where it is.
import { FORMATS } from "./scan.js";

const HEAD = 420, TAIL = 900, EVERY = 100;
const decoder = new TextDecoder();
const controller = new AbortController();

onmessage = ({ data }) => {
  if (data.stop) controller.abort(); else read(data);
};

async function read({ url, format, keep }) {
  const seen = new Seen(new FORMATS[format].scanner(keep));
  let response;
  try {
    const headers = { Accept: FORMATS[format].accept };
    response = await fetch(url, { headers, cache: "no-store", signal: controller.signal });
    seen.type = response.headers.get("Content-Type") ?? "";
    if (!response.ok) return await refused(seen, response);
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      seen.take(value);
    }
    seen.over(seen.scanner.end());
  } catch (error) {
    if (controller.signal.aborted) seen.over({ state: "stopped" });
    else if (!response) seen.over({ state: "unreached" });
    else if (error instanceof TypeError) seen.over(broken(seen.scanner));
    else seen.over({ state: "unreadable", detail: String(error) });
  }
  close();
}

// The connection was aborted. What came before may say why; what looks whole is not to be trusted all the same.
function broken(scanner) {
  const end = scanner.end();
  return end.state === "ended" ? { state: "cut" } : end;
}

async function refused(seen, response) {
  const body = await response.text();
  let problem = {};
  try { problem = JSON.parse(body); } catch { problem = { detail: body }; }
  seen.bytes = body.length;
  seen.head = body;
  seen.over({ state: "refused", status: response.status, problem });
  close();
}

class Seen {
  constructor(scanner) {
    this.scanner = scanner;
    this.began = performance.now();
    this.first = null;
    this.bytes = 0;
    this.headBytes = new Uint8Array(0);
    this.head = "";
    this.tail = new Uint8Array(0);
    this.type = "";
    this.posted = 0;
    this.timer = 0;
  }

  take(chunk) {
    this.bytes += chunk.length;
    this.scanner.feed(chunk);
    if (this.first === null && this.scanner.count) this.first = performance.now() - this.began;
    if (this.headBytes.length < HEAD) {
      this.headBytes = concat(this.headBytes, chunk.subarray(0, HEAD - this.headBytes.length));
      this.head = decoder.decode(this.headBytes);
    }
    this.tail = chunk.length >= TAIL ? chunk.slice(-TAIL) : concat(this.tail, chunk).slice(-TAIL);
    const wait = this.posted + EVERY - performance.now();
    if (wait <= 0) this.post({ state: "streaming" });
    else this.timer ||= setTimeout(() => this.post({ state: "streaming" }), wait);
  }

  over(outcome) { this.post(outcome); }

  post(outcome) {
    clearTimeout(this.timer);
    this.timer = 0;
    this.posted = performance.now();
    postMessage({
      ...outcome,
      type: this.type,
      bytes: this.bytes,
      items: this.scanner.count,
      first: this.first,
      elapsed: this.posted - this.began,
      head: this.head,
      tail: this.bytes > HEAD ? decoder.decode(whole(this.tail.slice(HEAD - this.bytes))) : "",
      left: Math.max(0, this.bytes - HEAD - TAIL),
      recent: this.scanner.items(),
    });
  }
}

function concat(a, b) {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

// The tail may begin inside a character: leave its continuation bytes out.
function whole(bytes) {
  let at = 0;
  while (at < 4 && (bytes[at] & 0xc0) === 0x80) at += 1;
  return bytes.subarray(at);
}
