// Progressive JSON, version 2: records about numbered holes, put into the document that they belong to.

const LF = 10;
const LINE_LIMIT = 16 << 20;
const HOLE_LIMIT = 10_000;
const VERBS = ["set", "push", "text", "err"];
const INDEX = /^(?:0|[1-9]\d{0,8})$/;
const utf8 = new TextDecoder("utf-8", { fatal: true });

export const MEDIA_TYPE = "application/x-progressive-json;v=2";

export class Malformed extends Error {}     // no writer of this format says that
export class Truncated extends Error {}     // the body ended before it said that it was complete
export class Failed extends Error {         // the body says itself that it failed
  constructor(problem) { super(problem.title); this.problem = problem; }
}

// Bytes to lines, split at LF and nowhere else.
class Lines {
  constructor() { this.parts = []; this.size = 0; }

  *feed(chunk) {
    let start = 0;
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, start)) {
      const line = this.whole(chunk.subarray(start, at));
      this.parts = [];
      this.size = 0;
      start = at + 1;
      yield line;
    }
    if (start === chunk.length) return;
    this.check(chunk.length - start);
    this.parts.push(chunk.slice(start));
    this.size += chunk.length - start;
  }

  whole(last) {
    this.check(last.length);
    const bytes = new Uint8Array(this.size + last.length);
    let at = 0;
    for (const part of [...this.parts, last]) { bytes.set(part, at); at += part.length; }
    try { return utf8.decode(bytes); } catch { throw new Malformed("a record that is no UTF-8"); }
  }

  check(more) {
    if (this.size + more > LINE_LIMIT) throw new Malformed(`a record is over ${LINE_LIMIT} bytes`);
  }
}

// `document` is the tree as far as it has come. `onChange(path, problem)` is called with the place of what has
// changed; the problem is that of a hole which stays one. A record that is refused has no effect.
export class Records {
  constructor(onChange = () => {}) {
    this.onChange = onChange;
    this.lines = new Lines();
    this.count = 0;
    this.done = false;
    this.begin();
  }

  begin() {
    this.top = [null];
    this.last = 0;
    this.holes = new Map([[0, { kind: "set", places: [[this.top, 0]], path: [], within: [] }]]);
  }

  get document() { return this.top[0]; }

  // The places of what has not come, or may still grow.
  get open() { return [...this.holes.values()].map(({ path }) => path); }

  feed(chunk) {
    for (const line of this.lines.feed(chunk)) if (line.trim()) this.apply(parse(line));
  }

  finish() {
    if (!this.done) throw new Truncated("the body ended before its last record");
    if (this.lines.whole(new Uint8Array()).trim()) throw new Malformed("more behind the last record");
  }

  apply(record) {
    if (this.done) throw new Malformed("a record behind the last");
    const { id, end = false } = record;
    const said = VERBS.filter((verb) => Object.hasOwn(record, verb));
    if (Object.hasOwn(record, "done")) {
      this.over(record, said.some((verb) => verb !== "err") || id !== undefined);
      return;
    }
    if (said.length > 1 || (said.length === 0 && end !== true)) throw new Malformed("a record of no single verb");
    if (typeof end !== "boolean" || (end && (said[0] === "set" || said[0] === "err"))) throw new Malformed("an end that is none");
    if (id === 0) this.root(record);
    else this.change(id, said[0], record[said[0]], metaOf(record), end);
  }

  // The document itself; where it comes again, it starts over.
  root(record) {
    if (!Object.hasOwn(record, "set")) throw new Malformed("a record about the document that does not set it");
    if (record.v !== 2 && (this.count === 0 || Object.hasOwn(record, "v"))) throw new Malformed(`version ${record.v}`);
    const { top, last, holes } = this;
    this.begin();
    try {
      this.change(0, "set", record.set, metaOf(record), false);
    } catch (error) {
      Object.assign(this, { top, last, holes });
      throw error;
    }
  }

  change(id, verb, value, meta, end) {
    const hole = this.holes.get(id);
    if (!hole || (this.count === 0 && id !== 0)) throw new Malformed(`hole ${id} is not open`);
    if (verb !== "err" && (verb ? hole.kind !== verb : hole.kind === "set")) {
      throw new Malformed(`${verb ?? "an end"} for hole ${id}, which takes ${hole.kind}`);
    }
    if (verb) this[verb](hole, value, meta);
    if (end || verb === "set" || verb === "err") this.holes.delete(id);
    this.count += 1;
    this.onChange(hole.path, verb === "err" ? value : null);
  }

  set(hole, value, meta) {
    const box = [value];
    const found = this.find(hole, meta === null ? [] : [[box, 0, meta, hole.path]]);
    put(hole.places, value);
    // A hole in the stead of this one takes all its places; what is inside is the same at each of them.
    this.introduce(found, (container, key) => (container === box ? hole.places : [[container, key]]));
  }

  push(hole, elements, meta) {
    if (!Array.isArray(elements)) throw new Malformed("a push of no list");
    const start = hole.value.length;
    const inside = meta === null ? [] : members(elements, meta).map(([key, inner]) => (
      [elements, key, inner, [...hole.path, String(start + Number(key))]]));
    const found = this.find(hole, inside);
    for (const element of elements) hole.value.push(element);
    this.introduce(found, (container, key) => (container === elements ? [[hole.value, start + Number(key)]] : [[container, key]]));
  }

  text(hole, piece) {
    if (typeof piece !== "string") throw new Malformed("a piece of text that is none");
    hole.value += piece;
    put(hole.places, hole.value);
  }

  err(hole, problem) {
    if (!isObject(problem)) throw new Malformed("an err that is no problem");
  }

  // The holes that `meta` names, in the order of their places: no recursion, and nothing is changed yet.
  find(within, waiting) {
    const found = [], fresh = new Map();
    waiting.reverse();
    while (waiting.length) {
      const [container, key, meta, path] = waiting.pop();
      const value = container[key];
      if (typeof meta === "number") {
        const kind = kindOf(value);
        const hole = this.holes.get(meta) ?? fresh.get(meta) ?? { kind, value, path, places: [], within: [] };
        if (!this.holes.has(meta)) fresh.set(meta, hole);
        if (hole.kind !== kind) throw new Malformed(`hole ${meta}, which takes ${hole.kind}, where one would take ${kind}`);
        if (fresh.has(meta) && value && !hole.value.length) hole.value = value;   // whichever place it has begun at
        if (isWithin(within, hole)) throw new Malformed(`hole ${meta} inside itself`);
        found.push({ number: meta, hole, within, place: [container, key] });
      } else {
        for (const [name, inner] of members(value, meta).reverse()) waiting.push([value, name, inner, [...path, name]]);
      }
    }
    this.checkNumbers([...fresh.keys()]);
    return found;
  }

  // Holes are numbered in the order in which they are introduced, so a number that is closed never comes again.
  checkNumbers(numbers) {
    if (this.holes.size + numbers.length > HOLE_LIMIT) throw new Malformed(`more than ${HOLE_LIMIT} holes are open`);
    numbers.sort((a, b) => a - b).forEach((number, n) => {
      if (number !== this.last + 1 + n) throw new Malformed(`a new hole ${number} after ${this.last + n}`);
    });
  }

  introduce(found, placesOf) {
    for (const { number, hole, within, place } of found) {
      const places = placesOf(...place);
      this.holes.set(number, hole);
      this.last = Math.max(this.last, number);
      hole.within.push(within);
      hole.places.push(...places);
      put(places, hole.value);
    }
  }

  over({ done, err }, saysMore) {
    if (saysMore || typeof done !== "number") throw new Malformed("a last record that is none");
    if (err !== undefined && !isObject(err)) throw new Malformed("an err that is no problem");
    if (done !== this.count) throw new Truncated(`${this.count} records came of ${done}`);
    if (err === undefined && this.holes.size) throw new Truncated("the last record leaves parts open");
    this.done = true;
    if (err !== undefined) throw new Failed(err);
  }
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

function parse(line) {
  let record;
  try { record = JSON.parse(line); } catch { throw new Malformed("a record that is no JSON"); }
  if (!isObject(record)) throw new Malformed("a record that is no object");
  return record;
}

// What stands at a hole says what will come: null a value, a list its elements, a text its pieces.
function kindOf(value) {
  if (value === null) return "set";
  if (Array.isArray(value)) return "push";
  if (typeof value === "string") return "text";
  throw new Malformed("a hole where there is neither null nor a list nor a text");
}

// A string in `meta` is the tag of a typed value: nothing here needs to know.
const metaOf = ({ meta = null }) => (typeof meta === "string" ? null : meta);

// The members that a `meta` is about: those that a value has itself, and no tags.
function members(value, meta) {
  if (!isObject(meta)) throw new Malformed("a meta that is neither a number nor an object");
  if (value === null || typeof value !== "object") throw new Malformed("a meta for members of what has none");
  const named = Object.entries(meta).filter(([, inner]) => typeof inner !== "string");
  for (const [name] of named) {
    const there = Object.hasOwn(value, name) && (!Array.isArray(value) || INDEX.test(name));
    if (!there) throw new Malformed(`a meta for ${name}, which the value does not have`);
  }
  return named;
}

function isWithin(hole, other) {
  const waiting = [hole], seen = new Set();
  for (let one = waiting.pop(); one; one = waiting.pop()) {
    if (one === other) return true;
    if (seen.has(one)) continue;
    seen.add(one);
    waiting.push(...one.within);
  }
  return false;
}

// The member is its container's own, `__proto__` too: this assigns, and never reaches a setter.
function put(places, value) {
  for (const [container, key] of places) container[key] = value;
}
