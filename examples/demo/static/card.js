// A card: one stream, its handler, its bytes, its items, and its buffered twin.
import { bytes, count, h, segments, setText, time } from "./dom.js";
import { highlight } from "./highlight.js";
import { Lanes } from "./lanes.js";
import { start } from "./run.js";
import { FORMATS } from "./scan.js";
import { VIEWS } from "./views.js";

const PARTS = { handler: "Handler and source", twin: "Buffered twin" };

const STATES = {
  idle: () => "Not started.",
  connecting: () => "Connecting…",
  streaming: () => "Streaming.",
  ended: ({ items, elapsed }) => `Ended as it should: ${many(items)} in ${time(elapsed)}.`,
  failed: ({ items, problem }) => `Failed after ${many(items)}: ${say(problem)}`,
  cut: ({ items }) => `Cut off after ${many(items)}: what arrived is not the whole.`,
  refused: ({ status, problem }) => `Refused with ${status}: ${say(problem)}`,
  stopped: ({ items }) => `Stopped by you after ${many(items)}.`,
  unreached: () => "The server does not answer.",
  unreadable: ({ detail }) => `This page could not read it: ${detail}`,
};

const many = (items) => (items === 1 ? "1 item" : `${count(items)} items`);

function say({ title, detail, ref }) {
  return [title, detail, ref && `reference ${ref}`].filter(Boolean).join(", ") || "no reason given";
}

export class Card {
  // `sizes`: what can be chosen to be streamed, {value: {label, path, twin (its path), twinLabel, code (its name)}}.
  constructor(name, { legend = "Rows", sizes, format, endless = false }) {
    this.name = name;
    this.sizes = sizes;
    this.size = Object.keys(sizes)[0];
    this.part = "handler";
    this.format = format;
    this.root = document.getElementById(name);
    this.root.append(document.getElementById("card-body").content.cloneNode(true));
    this.endless = endless;
    this.view = VIEWS[name].make(this.$(".view"));
    this.lanes = new Lanes(this.$(".lanes"), endless);
    this.running = null;
    this.fresh = null;       // the last update, not yet shown
    this.controls(legend, Object.entries(sizes).map(([value, { label }]) => [value, label]));
    this.show("stream", { ...NOTHING });
  }

  $(selector) { return this.root.querySelector(selector); }

  controls(legend, sizes) {
    segments(this.$("[data-name=format]"), Object.entries(FORMATS).map(([key, { label }]) => [key, label]), this.format,
      (format) => { this.format = format; this.changed(); });
    const field = this.$("[data-name=size]");
    field.hidden = sizes.length < 2;
    setText(field.firstElementChild, legend);
    this.sizeLabels = segments(field, sizes, this.size,
      (size) => { this.size = size; this.lanes.reset(); this.changed(); });
    this.$("[data-do=start]").addEventListener("click", () => (this.running ? this.stop() : this.run("stream")));
    this.$("[data-do=twin]").addEventListener("click", () => this.run("twin"));
    this.$("[data-do=twin]").hidden = this.endless;
    this.$("[data-do=copy]").addEventListener("click", () => this.copy());
    this.changed();
  }

  choose(size) {
    this.$(`[data-name=size] [value="${size}"]`).checked = true;
    this.size = size;
    this.changed();
  }

  // `all`: the code of every card by name, as the server has it.
  code(all) {
    this.all = all;
    const there = Object.entries(PARTS).slice(0, this.endless ? 1 : 2);
    segments(this.$("[data-name=code]"), there, "handler", (part) => { this.part = part; this.showCode(); });
    this.showCode();
  }

  showCode() {
    const { handler, source, twin } = this.all?.[this.sizes[this.size].code ?? this.name] ?? { handler: "", source: "" };
    highlight(this.$(".code pre code"), this.part === "twin" ? twin ?? "# It has none." : `${handler}\n\n${source}`);
  }

  // Another format or another size: the line to copy changes, and what is running starts anew.
  changed() {
    const { path, twin, twinLabel = "Run the buffered twin" } = this.sizes[this.size];
    const accept = this.format === "json" ? "" : `-H 'Accept: ${FORMATS[this.format].accept}' `;
    setText(this.$(".curl code"), `curl -N ${accept}'${location.origin}${path}'`);
    setText(this.$("[data-do=twin]"), twinLabel);
    this.$("[data-do=twin]").disabled = !twin || this.running !== null;
    this.showCode();
    if (this.running?.kind === "stream") {
      this.again = true;
      this.running.stop();
    }
  }

  run(kind) {
    const { path, twin } = this.sizes[this.size];
    this.again = false;
    this.last = { at: performance.now(), items: 0, rate: null };
    const run = start({
      url: kind === "twin" ? twin : path,
      format: kind === "twin" ? "json" : this.format,
      keep: VIEWS[this.name].keep,
      kind,
      graphed: !this.endless,
      onUpdate: (update) => this.update(kind, update),
    });
    this.running = { kind, ...run };
    this.began = performance.now();
    this.buttons();
    this.update(kind, { ...NOTHING, state: "connecting" });
    this.tick();
  }

  stop() { this.running?.stop(); }

  update(kind, message) {
    if (!this.fresh) requestAnimationFrame(() => { const now = this.fresh; this.fresh = null; this.show(now.kind, now.message); });
    this.fresh = { kind, message };
    this.state = message;
    if (message.state === "streaming" || message.state === "connecting") return;
    this.running = null;
    this.buttons();
    if (this.again) this.run("stream");
  }

  // While nothing arrives the clock goes on all the same.
  tick() {
    if (!this.running) return;
    const { kind } = this.running;
    this.lanes.set(kind, { ...this.state, elapsed: performance.now() - this.began });
    setTimeout(() => requestAnimationFrame(() => this.tick()), 80);
  }

  buttons() {
    const button = this.$("[data-do=start]");
    setText(button, this.running ? "Stop" : "Start");
    button.classList.toggle("stop", this.running !== null);
    this.$("[data-do=twin]").disabled = this.running !== null || !this.sizes[this.size].twin;
  }

  show(kind, now) {
    const state = this.$(".state");
    state.firstElementChild.dataset.state = now.state;
    const who = kind === "twin" ? "Buffered twin: " : "";
    setText(state.lastElementChild, who + STATES[now.state](now));
    if (now.state !== "idle") this.lanes.set(kind, now);
    if (kind === "twin") return;   // figures, bytes and items stay those of the stream
    this.figures(now);
    setText(this.$(".bytes .type"), now.type);
    this.raw(now);
    setText(this.$(".items .note"), now.items ? note(this.name, now) : "");
    if (now.recent.length) this.view(now.recent);
  }

  figures(now) {
    setText(this.$("[data-figure=items]"), count(now.items));
    setText(this.$("[data-figure=bytes]"), bytes(now.bytes));
    setText(this.$("[data-figure=rate]"), this.rate(now));
  }

  // While it runs, the last half second; afterwards the whole run.
  rate({ state, items, elapsed }) {
    if (!items) return "–";
    if (state !== "streaming") return perSecond(items / elapsed * 1000);
    const now = performance.now();
    if (now - this.last.at > 500) {
      this.last = { at: now, items, rate: (items - this.last.items) / (now - this.last.at) * 1000 };
    }
    return perSecond(this.last.rate ?? items / elapsed * 1000);
  }

  raw({ head, tail, left }) {
    const box = this.$(".bytes pre");
    const gap = left ? h("span", { class: "gap" }, `${bytes(left)} more went by`) : "";
    box.replaceChildren(head, gap, tail);
    if (tail) box.scrollTop = box.scrollHeight;
  }

  async copy() {
    const line = this.$(".curl code");
    const button = this.$("[data-do=copy]");
    try {
      await navigator.clipboard.writeText(line.textContent);
      setText(button, "Copied");
    } catch {   // no clipboard without https or localhost: mark the line, so that one key press copies it
      getSelection().selectAllChildren(line);
      setText(button, "Marked");
    }
    setTimeout(() => setText(button, "Copy"), 1500);
  }
}

const NOTHING = { state: "idle", items: 0, bytes: 0, first: null, elapsed: 0, head: "", tail: "", left: 0, recent: [], type: "" };
const perSecond = (rate) => (rate < 9.95 ? rate.toFixed(1) : count(rate));

function note(name, { items, recent }) {
  if (name === "machine") return `sample ${count(items)}`;
  if (name === "history") return items > recent.length ? `the last ${count(recent.length)} of ${count(items)}` : "";
  return "newest first";
}
