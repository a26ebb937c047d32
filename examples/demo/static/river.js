// What the page has received, as a channel: its width is the rate (logarithmic), its colour says streamed or buffered.
import { bytes, color, setText, sharp } from "./dom.js";
import { receivedLately } from "./run.js";

const FOR = 20_000, STEP = 100;
const still = matchMedia("(prefers-reduced-motion: reduce)");

export function flow() {
  const canvas = document.getElementById("river");
  const rate = document.getElementById("river-rate");
  let drawn = 0;
  const frame = (now) => {
    const every = still.matches ? 1000 : 40;
    if (now - drawn >= every && canvas.getBoundingClientRect().bottom > 0) {
      drawn = now;
      const buckets = fill(now);
      paint(canvas, buckets, now);
      setText(rate, `${bytes(lastSecond(buckets))}/s`);
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

// Buckets stand at fixed times, so that the picture moves and does not shimmer.
function fill(now) {
  const first = Math.floor((now - FOR) / STEP);
  const buckets = Array.from({ length: FOR / STEP + 2 }, () => ({ stream: 0, twin: 0 }));
  for (const { at, bytes: size, kind } of receivedLately(now)) {
    const bucket = buckets[Math.floor(at / STEP) - first];
    if (bucket) bucket[kind] += size;
  }
  return buckets;
}

const lastSecond = (buckets) => buckets.slice(-11, -1).reduce((sum, { stream, twin }) => sum + stream + twin, 0);
const girth = (size) => (size ? Math.log10(1 + size / 20) / 6 : 0);   // 20 MB in a tenth of a second fill the channel

function paint(canvas, buckets, now) {
  const { context, width, height } = sharp(canvas);
  const middle = height / 2;
  const offset = (now % STEP) / STEP;
  const x = (n) => width * (n - offset) / (buckets.length - 2);
  context.strokeStyle = color("--line");
  context.setLineDash([2, 5]);
  context.beginPath();
  context.moveTo(0, middle);
  context.lineTo(width, middle);
  context.stroke();
  context.setLineDash([]);
  band(context, buckets.map((b) => girth(b.stream + b.twin) * (b.twin ? 1 : 0)), x, middle, color("--twin"));
  band(context, buckets.map((b) => girth(b.stream)), x, middle, color("--stream"));
}

function band(context, sizes, x, middle, fill) {
  const soft = soften(soften(sizes));
  const edge = (n) => (soft[n] ? Math.max(1, soft[n] * (middle - 4)) : 0);
  context.beginPath();
  context.moveTo(x(0), middle);
  for (let n = 0; n < soft.length - 1; n += 1) curve(context, x, n, middle - edge(n), middle - edge(n + 1));
  for (let n = soft.length - 1; n > 0; n -= 1) curve(context, x, n, middle + edge(n), middle + edge(n - 1), -1);
  context.closePath();
  context.fillStyle = fill;
  context.fill();
}

const soften = (sizes) => sizes.map((size, n) => (size * 2 + (sizes[n - 1] ?? 0) + (sizes[n + 1] ?? 0)) / 4);

function curve(context, x, n, from, to, direction = 1) {
  const half = (x(n) + x(n + direction)) / 2;
  context.bezierCurveTo(half, from, half, to, x(n + direction), to);
}
