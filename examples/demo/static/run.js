// One reading of one stream, in a worker of its own; and the list of all that are running, for the graphs.

export const spans = [];    // {kind: "stream" | "twin", from, to}: when something was being read

const traffic = [];         // {at, bytes, kind}: what came in, for the river
export const TRAFFIC_FOR = 22_000;

export function receivedLately(now) {
  while (traffic.length && traffic[0].at < now - TRAFFIC_FOR) traffic.shift();
  return traffic;
}

export function start({ url, format, keep, kind, graphed = true, onUpdate }) {
  const worker = new Worker(new URL("./reader.js", import.meta.url), { type: "module" });
  const span = { kind, from: performance.now(), to: null };
  if (graphed) spans.push(span);
  if (spans.length > 200) spans.shift();
  let before = 0;
  const update = (message) => {
    const now = performance.now();
    if (message.bytes > before) traffic.push({ at: now, bytes: message.bytes - before, kind });
    before = Math.max(before, message.bytes);
    if (message.state !== "streaming") {
      span.to = now;
      worker.terminate();
    }
    onUpdate(message);
  };
  worker.onmessage = ({ data }) => update(data);
  worker.onerror = (event) => update({
    state: "unreadable", detail: event.message, bytes: before, items: 0, first: null, elapsed: 0,
    head: "", tail: "", left: 0, recent: [], type: "",
  });
  worker.postMessage({ url, format, keep });
  return { stop: () => worker.postMessage({ stop: true }) };
}
