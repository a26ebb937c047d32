// The stream and its buffered twin on one time axis: waiting is hatched, then the first item, then it flows.
import { count, h, setText, time } from "./dom.js";

const NAMES = { stream: "Streamed", twin: "Buffered" };
const ENDS = {
  connecting: "waiting", streaming: "running", failed: "failed at", cut: "cut off at", refused: "refused at",
  stopped: "stopped at", unreached: "no answer", unreadable: "unreadable",
};

export class Lanes {
  constructor(root, endless) {
    this.lanes = {};
    root.append(h("p", { class: "lane head" }, h("span"), h("span", {}, "First item after"), h("span"), h("span", {}, "End")));
    for (const kind of ["stream", "twin"]) {
      const wait = h("i", { class: "wait" });
      const flow = h("i", { class: "flow" });
      const first = h("b", { class: "lane-first" }, "–");
      const end = h("span", { class: "lane-end" }, "");
      flow.hidden = true;
      if (kind === "twin" && endless) {
        setText(first, "never");
        setText(end, "the list is never full");
      }
      root.append(h("div", { class: `lane ${kind}` }, h("span", { class: "lane-name" }, NAMES[kind]), first,
        h("div", { class: "track" }, wait, flow), end));
      this.lanes[kind] = { wait, flow, text: { first, end }, first: null, elapsed: 0, state: "idle", items: 0 };
    }
  }

  set(kind, { first, elapsed, state, items }) {
    Object.assign(this.lanes[kind], { first, elapsed, state, items });
    this.draw();
  }

  // What was measured for another choice is no comparison.
  reset() {
    for (const lane of Object.values(this.lanes)) {
      if (lane.state === "idle") continue;
      Object.assign(lane, { first: null, elapsed: 0, state: "idle" });
      lane.wait.style.width = 0;
      lane.flow.hidden = true;
      setText(lane.text.first, "–");
      setText(lane.text.end, "");
    }
  }

  draw() {
    const longest = Math.max(1, ...Object.values(this.lanes).map((lane) => lane.elapsed));
    for (const lane of Object.values(this.lanes)) {
      if (lane.state === "idle") continue;
      const { wait, flow, text, first, elapsed, state, items } = lane;
      const waited = first ?? elapsed;
      wait.style.width = `${100 * waited / longest}%`;
      flow.style.left = `${100 * waited / longest}%`;
      flow.style.width = `${100 * (elapsed - waited) / longest}%`;
      flow.hidden = first === null;
      setText(text.first, time(first));
      setText(text.end, state === "ended" ? `${count(items)} in ${time(elapsed)}` : `${ENDS[state]} ${time(elapsed)}`);
    }
  }
}
