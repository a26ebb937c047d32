// One side of the dashboard: its cards, its clock, and when each card was there.
import { count, h, setText } from "./dom.js";
import { PARTS } from "./parts.js";

const NAMES = Object.keys(PARTS);

const STATES = {
  idle: () => "Not started.",
  running: () => "Under way.",
  ended: ({ elapsed, failed }) => `Complete after ${seconds(elapsed)}${failed.length ? `; failed: ${failed.join(", ")}` : ""}.`,
  cut: ({ there }) => `Cut off with ${cards(there)} there: the others never came.`,
  failed: ({ problem }) => `Failed: ${say(problem)}.`,
  refused: ({ status, problem }) => `Refused with ${status}: ${say(problem)}.`,
  stopped: ({ there }) => `Stopped by you with ${cards(there)} there.`,
  unreached: () => "The server does not answer.",
  unreadable: ({ detail }) => `This page could not read it: ${detail}.`,
};

const NEVER = {
  cut: "The stream was cut before this had come.", stopped: "Stopped before this had come.",
  failed: "The stream failed before this had come.",
};

const after = (ms) => (ms === undefined ? "–" : ms < 999.5 ? `${Math.round(ms)} ms` : seconds(ms));
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
const cards = (there) => `${there} of ${NAMES.length} cards`;

function say({ title, detail, ref }) {
  const what = [title, detail].filter(Boolean).join(": ") || "no reason given";
  return (ref ? `${what} (reference ${ref})` : what).replace(/\.$/, "");
}

class PartCard {
  constructor(name, side) {
    const { title, make, bones } = PARTS[name];
    this.name = name;
    this.title = title;
    this.make = make;
    this.bones = bones;
    const id = `${side}-${name}`;
    this.when = h("span", { class: "when" });
    this.body = h("div", { class: "part-body" });
    this.root = h("article", { class: "part", "data-part": name, "aria-labelledby": id },
      h("div", { class: "bar" }, h("h3", { id }, title), this.when), this.body);
    this.reset();
  }

  reset() {
    this.at = null;
    this.problem = null;
    this.view = null;
    setText(this.when, "");
    this.body.replaceChildren(...Array.from({ length: this.bones }, () => h("span", { class: "bone" })));
    this.mark("waiting");
  }

  mark(state) {
    this.root.dataset.state = state;
    this.root.setAttribute("aria-busy", state === "waiting" || state === "filling");
  }

  show(value, complete) {
    if (!this.view) {
      this.body.replaceChildren();
      this.view = this.make(this.body);
      this.mark("filling");
    }
    this.view(value, complete);
  }

  settle(at, problem) {
    this.at = at;
    this.problem = problem;
    setText(this.when, `${problem ? "failed " : ""}after ${after(at)}`);
    if (problem) this.fail(`${say(problem)}.`, "failed");
    else this.mark("there");
  }

  // What has come of it stays where it is.
  fail(why, state) {
    if (!this.view) this.body.replaceChildren();
    this.body.append(h("p", { class: "problem" }, why));
    this.mark(state);
  }
}

export class Board {
  constructor(side) {
    this.head = document.getElementById(`${side}-head`);
    this.cards = Object.fromEntries(NAMES.map((name) => [name, new PartCard(name, side)]));
    document.getElementById(`${side}-board`).append(...Object.values(this.cards).map(({ root }) => root));
    this.ticks = NAMES.map(() => h("i", { class: "tick" }));
    this.$(".track").append(...this.ticks);
    this.reset("idle");
  }

  $(selector) { return this.head.querySelector(selector); }

  reset(state) {
    this.state = { state };
    this.began = performance.now();
    this.ended = state === "idle" ? this.began : null;
    for (const card of Object.values(this.cards)) card.reset();
    this.say();
    this.draw();
  }

  get elapsed() { return (this.ended ?? performance.now()) - this.began; }

  get running() { return this.ended === null; }

  // `open`: the parts that have not come or still grow; `problems`: {part: problem} of those that failed.
  show(document, open, problems) {
    const now = this.elapsed;
    for (const card of Object.values(this.cards)) {
      if (card.at !== null) continue;
      const value = document?.[card.name], complete = !open.has(card.name);
      if (begun(value)) card.show(value, complete);
      if (complete) card.settle(now, problems[card.name] ?? null);
    }
  }

  end(outcome) {
    if (!this.running) return;
    this.ended = performance.now();
    const all = Object.values(this.cards);
    const there = all.filter(({ at }) => at !== null).length;
    const failed = all.filter(({ problem }) => problem).map(({ title }) => title);
    this.state = { ...outcome, elapsed: this.elapsed, there, failed };
    const why = NEVER[outcome.state] ?? "This did not come.";
    for (const card of all) if (card.at === null) card.fail(why, outcome.state === "stopped" ? "stopped" : "missing");
    this.say();
    this.draw();
  }

  say() {
    const state = this.$(".state");
    state.firstElementChild.dataset.state = DOTS[this.state.state] ?? this.state.state;
    setText(state.lastElementChild, STATES[this.state.state](this.state));
  }

  // `longest`: what the whole width of the track stands for, the same on both sides.
  draw(longest = Math.max(1, this.elapsed)) {
    const times = Object.values(this.cards).map(({ at }) => at);
    const there = times.filter((at) => at !== null).sort((a, b) => a - b);
    setText(this.$(".clock"), seconds(this.elapsed));
    setText(this.$("[data-figure=first]"), after(there[0]));
    setText(this.$("[data-figure=last]"), there.length === NAMES.length ? after(there.at(-1)) : "–");
    setText(this.$("[data-figure=parts]"), `${count(there.length)} of ${NAMES.length}`);
    const waited = there[0] ?? this.elapsed;
    this.$(".wait").style.width = `${100 * waited / longest}%`;
    this.$(".flow").hidden = !there.length;
    this.$(".flow").style.left = `${100 * waited / longest}%`;
    this.$(".flow").style.width = `${100 * (this.elapsed - waited) / longest}%`;
    this.ticks.forEach((tick, n) => {
      tick.hidden = n >= there.length;
      if (!tick.hidden) tick.style.left = `${100 * there[n] / longest}%`;
    });
  }
}

const DOTS = { running: "streaming", idle: "idle" };

// A list or a text that has begun is worth showing; a value is there or it is null.
const begun = (value) => (typeof value === "string" || Array.isArray(value) ? value.length > 0 : value !== null && value !== undefined);
