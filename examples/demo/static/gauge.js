// The strip under the header: the index, the server's memory, and whether the server is there.
import { bytes, color, count, setText, sharp } from "./dom.js";
import { spans } from "./run.js";

const MEMORY_FOR = 60_000, MEMORY_LEAST = 12_000;
const samples = [];         // {at, rss}
const $ = (id) => document.getElementById(id);
const graphs = [];          // {canvas, output}: the big ones, in cards

export function showMemory(canvas, output) { graphs.push({ canvas, output }); }

export function watchServer() {
  let source = null;
  const open = () => {
    source = new EventSource("/server");
    source.onmessage = ({ data }) => {
      const { rss } = JSON.parse(data);
      samples.push({ at: performance.now(), rss });
      while (samples[0].at < performance.now() - MEMORY_FOR - 2000) samples.shift();
      link(true);
      requestAnimationFrame(draw);
    };
    source.onerror = () => link(false);
    source.addEventListener("problem", () => link(false));
  };
  // A hidden page looks at nothing, and a browser has but six connections to a server for all its tabs.
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (!document.hidden) open();
  });
  open();
}

function link(there) {
  $("link-dot").dataset.state = there ? "streaming" : "cut";
  setText($("link-text"), there ? "live" : "no server");
}

export function watchIndex(onProgress) {
  const source = new EventSource("/index/progress");
  source.onmessage = ({ data }) => {
    const progress = JSON.parse(data);
    const { state, files, total, rows, seconds, cached } = progress;
    const found = `${count(rows)} functions and classes`;
    setText($("index-text"), {
      building: `reading ${count(files)} of ${count(total)} files, ${found}`,
      ready: cached ? `${found}, kept from an earlier start` : `${found}, read in ${seconds.toFixed(1)} s`,
      failed: `given up after ${found}`,
    }[state]);
    $("index-bar").value = state === "building" ? files / Math.max(total, 1) : 1;
    $("index-bar").dataset.state = state;
    onProgress(progress);
  };
  source.addEventListener("end", () => source.close());
  source.addEventListener("problem", () => source.close());
}

function draw() {
  if (!samples.length) return;
  const now = performance.now();
  const last = samples[samples.length - 1];
  const peak = Math.max(...samples.map((sample) => sample.rss));
  const top = nice(peak);
  const from = Math.max(now - MEMORY_FOR, Math.min(samples[0].at, now - MEMORY_LEAST));
  setText($("rss"), bytes(last.rss));
  plot($("memory-small"), { from, now, top });
  for (const { canvas, output } of graphs) {
    setText(output, `${bytes(last.rss)} now, ${bytes(peak)} peak`);
    plot(canvas, { from, now, top, labels: true });
  }
}

// The axis begins at nothing: a flat line is flat, and not a magnified ripple.
function nice(peak) {
  const step = 10 ** Math.floor(Math.log10(peak));
  return [1, 1.5, 2, 3, 5, 7.5, 10].map((n) => n * step).find((n) => n > peak * 1.15) ?? 10 * step;
}

function plot(canvas, { from, now, top, labels = false }) {
  const { context, width, height } = sharp(canvas);
  const floor = height - (labels ? 1 : 2);
  const x = (at) => width * (at - from) / (now - from);
  const y = (rss) => floor - (floor - 4) * rss / top;
  for (const span of spans) {
    if ((span.to ?? now) < from) continue;
    context.fillStyle = color(span.kind === "twin" ? "--twin-wash" : "--stream-wash");
    context.fillRect(x(span.from), 0, Math.max(2, x(span.to ?? now) - x(span.from)), height);
  }
  if (labels) axis(context, width, y, top);
  context.beginPath();
  for (const { at, rss } of samples) context.lineTo(x(at), y(rss));
  context.strokeStyle = color("--ink");
  context.lineWidth = 1.6;
  context.lineJoin = "round";
  context.stroke();
}

function axis(context, width, y, top) {
  context.strokeStyle = color("--line");
  context.fillStyle = color("--muted");
  context.font = `11px ${color("--mono")}`;
  for (const part of [0.5, 1]) {
    context.beginPath();
    context.moveTo(0, Math.round(y(top * part)) + 0.5);
    context.lineTo(width, Math.round(y(top * part)) + 0.5);
    context.stroke();
    context.fillText(bytes(top * part), 4, y(top * part) + 13);
  }
}
