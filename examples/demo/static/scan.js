// Counting items in bytes: one scanner for each format. None of them keeps what it has counted, save the last few
// items (`keep`), so a million rows cost no more memory than ten.

const LF = 10, QUOTE = 34, BACKSLASH = 92, COMMA = 44, SPACE = 32;
const OPEN_LIST = 91, CLOSE_LIST = 93, OPEN_DICT = 123, CLOSE_DICT = 125;
const CARRY_LIMIT = 1 << 20;
const text = new TextDecoder();

function join(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

class Scanner {
  constructor(keep) {
    this.count = 0;
    this.keep = keep;
    this.recent = [];        // bytes of the last `keep` items
    this.carry = [];         // the beginning of an item whose end has not come yet
    this.carried = 0;
    this.marks = new Int32Array(2 * keep);
    this.marked = 0;
  }

  feed(chunk) {
    this.marked = 0;
    const rest = this.scan(chunk);   // where the unfinished item begins; negative: in an earlier chunk
    this.collect(chunk);
    if (rest >= 0) { this.carry = []; this.carried = 0; }
    const tail = chunk.subarray(Math.max(rest, 0));
    if (tail.length && this.carried < CARRY_LIMIT) {
      this.carry.push(tail.slice());
      this.carried += tail.length;
    }
  }

  mark(start, end) {
    const at = 2 * (this.marked % this.keep);
    this.marks[at] = start;
    this.marks[at + 1] = end;
    this.marked += 1;
    this.count += 1;
  }

  collect(chunk) {
    const fresh = [];
    for (let n = Math.max(0, this.marked - this.keep); n < this.marked; n += 1) {
      const at = 2 * (n % this.keep);
      fresh.push(this.cut(chunk, this.marks[at], this.marks[at + 1]));
    }
    if (fresh.length) this.recent = [...this.recent, ...fresh].slice(-this.keep);
  }

  cut(chunk, start, end) {
    return start >= 0 ? chunk.slice(start, end) : join([...this.carry, chunk.subarray(0, end)]);
  }

  items() { return this.recent.map((bytes) => this.parse(text.decode(bytes))); }
  parse(item) { return JSON.parse(item); }
  rest() { return text.decode(join(this.carry)); }
}

export class LineScanner extends Scanner {
  scan(chunk) {
    let start = this.carried ? -1 : 0;
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1)) {
      if (start < 0 || at > start) this.mark(start, at);
      start = at + 1;
    }
    return start;
  }

  // An unterminated last record is how a failed stream says what went wrong: it lacks its brace and its newline.
  end() {
    const rest = this.rest().trim();
    if (!rest) return { state: "ended" };
    if (!rest.startsWith('{"problem":')) return { state: "cut" };
    try { return { state: "failed", problem: JSON.parse(`${rest}}`).problem }; } catch { return { state: "cut" }; }
  }
}

export class ArrayScanner extends Scanner {
  constructor(keep) {
    super(keep);
    this.depth = 0;
    this.inString = false;
    this.escaped = false;
    this.filled = false;     // something other than white space has come since the last comma
    this.closed = false;
    this.last = 0;           // the last byte that was not white space
  }

  scan(chunk) {
    let { depth, inString, escaped, filled, last } = this;
    let start = depth ? -1 : 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte > SPACE) {
        last = byte;
        if (byte === OPEN_LIST || byte === OPEN_DICT) {
          depth += 1;
          if (depth === 1) start = at + 1; else filled = true;
        } else if (byte === CLOSE_LIST || byte === CLOSE_DICT) {
          depth -= 1;
          if (depth === 0) { if (filled) this.mark(start, at); this.closed = true; start = at + 1; }
        } else if (byte === COMMA && depth === 1) {
          this.mark(start, at);
          start = at + 1;
          filled = false;
        } else {
          filled = true;
          inString = byte === QUOTE;
        }
      }
    }
    Object.assign(this, { depth, inString, escaped, filled, last });
    return start;
  }

  end() {
    // A failed array is left open: its last item is whole, though neither comma nor bracket has said so.
    const whole = this.depth === 1 && !this.inString && (this.last === CLOSE_DICT || this.last === CLOSE_LIST);
    if (whole) { this.count += 1; this.last = 0; }
    return { state: this.closed ? "ended" : "cut" };
  }
}

export class EventScanner extends Scanner {
  constructor(keep) {
    super(keep);
    this.lead = 0;           // first byte of the line that is coming in
    this.hasData = false;
    this.named = false;
    this.outcome = { state: "cut" };   // only an event says that it is over
  }

  scan(chunk) {
    let start = this.carried ? -1 : 0;
    let line = 0;
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, line)) {
      const lead = this.lead || (at > line ? chunk[line] : 0);
      this.lead = 0;
      line = at + 1;
      if (lead === 100) this.hasData = true;          // d: data
      else if (lead === 101) this.named = true;       // e: event
      else if (lead === 0) { this.finish(chunk, start, at); start = line; }
    }
    if (line < chunk.length && !this.lead) this.lead = chunk[line];
    return start;
  }

  finish(chunk, start, end) {
    if (this.named) this.terminal(text.decode(this.cut(chunk, start, end)));
    else if (this.hasData) this.mark(start, end);
    this.hasData = this.named = false;
  }

  terminal(block) {
    if (/^event: end$/m.test(block)) this.outcome = { state: "ended" };
    if (/^event: problem$/m.test(block)) this.outcome = { state: "failed", problem: this.parse(block) };
  }

  parse(block) {
    return JSON.parse(block.split("\n").filter((l) => l.startsWith("data:")).map((l) => l.slice(5)).join("\n"));
  }

  end() { return this.outcome; }
}

export const FORMATS = {
  json: { label: "JSON array", accept: "application/json", scanner: ArrayScanner },
  ndjson: { label: "NDJSON", accept: "application/x-ndjson", scanner: LineScanner },
  sse: { label: "SSE", accept: "text/event-stream", scanner: EventScanner },
};
