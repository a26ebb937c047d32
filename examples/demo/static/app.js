import { Card } from "./card.js";
import { count } from "./dom.js";
import { showMemory, watchIndex, watchServer } from "./gauge.js";
import { flow } from "./river.js";

const TWIN_LIMIT = 200_000;
const MILLION = 1_000_000;

const cards = {
  export: new Card("export", {
    format: "ndjson",
    sizes: {
      million: {
        label: "1,000,000", path: `/export?rows=${MILLION}`,
        twin: `/export/buffered?rows=${TWIN_LIMIT}`, twinLabel: `Run the twin with ${count(TWIN_LIMIT)}`,
      },
      all: { label: "the index", path: "/export", twin: "/export/buffered" },
      some: { label: "10,000", path: "/export?rows=10000", twin: "/export/buffered?rows=10000" },
    },
  }),
  machine: new Card("machine", { format: "sse", endless: true, sizes: { all: { path: "/machine" } } }),
  history: new Card("history", { format: "json", sizes: { all: { path: "/history", twin: "/history/buffered" } } }),
  faulty: new Card("faulty", {
    format: "ndjson",
    legend: "It fails",
    sizes: {
      midway: { label: "midway", path: "/faulty", twin: "/faulty/buffered" },
      first: { label: "before the first item", path: "/module/no.such.module", code: "module" },
    },
  }),
};

const memory = cards.export.$(".memory");
memory.hidden = false;
showMemory(memory.querySelector("canvas"), memory.querySelector("output"));

let known = false;
watchIndex((progress) => {
  if (progress.state === "ready") cards.export.sizeLabels.label("all", `all ${count(progress.rows)}`);
  // The first start: show the rows while they are being found.
  if (progress.state === "building" && !known) {
    cards.export.choose("all");
    cards.export.run("stream");
  }
  known = true;
});
watchServer();
flow();

const code = await (await fetch("/code")).json();
for (const card of Object.values(cards)) card.code(code);
cards.history.run("stream");
cards.machine.run("stream");
