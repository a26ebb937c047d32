// How a card shows its items: each view makes its elements once and then only changes their text.
import { bytes, count, h, setText } from "./dom.js";

function table(root, columns, rows) {
  const head = h("tr", {}, ...columns.map(([name, kind]) => h("th", { scope: "col", class: kind }, name)));
  const lines = Array.from({ length: rows }, () => h("tr", {}, ...columns.map(([, kind]) => h("td", { class: kind }))));
  root.append(h("table", {}, h("thead", {}, head), h("tbody", {}, ...lines)));
  return (items, cells) => lines.forEach((line, n) => {
    const texts = items[n] ? cells(items[n]) : [];
    [...line.cells].forEach((cell, at) => setText(cell, texts[at] ?? ""));
  });
}

function rowsView(root) {
  const show = table(root, [["#", "num"], ["function or class", "name"], ["module", "dim"], ["lines", "num"]], 11);
  return (items) => show([...items].reverse(), (row) => [count(row.n), row.qualname + row.signature, row.module, count(row.lines)]);
}

function ratioView(root) {
  const show = table(root, [["method", "name"], ["module", "dim"], ["lines each", "num"]], 11);
  return (items) => show([...items].reverse(), (row) => row.lines_per_argument === undefined
    ? [row.qualname, row.module, ""] : [row.method, row.module, row.lines_per_argument.toFixed(1)]);
}

const MOST_CHANGES = 24;

function historyView(root) {
  const list = h("ol", { class: "log" });
  root.append(list);
  let shown = "";
  return (items) => {
    const key = items.length + JSON.stringify(items.at(-1) ?? null);
    if (key === shown) return;
    shown = key;
    list.replaceChildren(...items.map((item) => (item.commit ? commit(item) : pack(item))));
  };
}

const commit = ({ commit: id, date, author, subject, changes }) => h("li", { class: "commit" },
  h("code", {}, id), h("span", { class: "subject" }, subject),
  h("span", { class: "num" }, ...lines(sum(changes))), h("span", { class: "dim" }, `${date.slice(0, 10)}, ${author}`),
  ...changes.slice(0, MOST_CHANGES).flatMap((change) => [
    h("span", { class: "path" }, change.path), h("span", { class: "num" }, ...lines(change))]),
  changes.length > MOST_CHANGES ? h("span", { class: "path" }, `and ${count(changes.length - MOST_CHANGES)} files more`) : "");

const sum = (changes) => ({
  added: changes.reduce((total, { added }) => total + added, 0),
  removed: changes.reduce((total, { removed }) => total + removed, 0),
});

const lines = ({ added, removed }) => (added === null ? ["binary"]
  : [h("b", { class: "plus" }, `+${count(added)}`), " ", h("b", { class: "minus" }, `−${count(removed)}`)]);

const pack = (item) => h("li", {},
  h("code", {}, item.package), h("span", { class: "subject" }, item.summary ?? ""),
  h("span", { class: "dim" }, item.version), h("span", { class: "num" }, `${count(item.files)} files`));

function meter(name) {
  const bar = h("i");
  const text = h("span", { class: "num" }, "–");
  const root = h("div", { class: "meter" }, h("span", { class: "meter-name" }, name), text, h("div", { class: "track" }, bar));
  return { root, set: (part, label) => { bar.style.width = `${100 * part}%`; setText(text, label); } };
}

// Cores, disks: as many meters as there are things, made when the first sample says how many.
function meters(root) {
  const made = new Map();
  return (name, part, label) => {
    if (!made.has(name)) {
      made.set(name, meter(name));
      root.append(made.get(name).root);
    }
    made.get(name).set(part, label);
  };
}

const MOST_CORES = 6, MOST_DISKS = 2;

function machineView(root) {
  const above = h("div", { class: "meters" });
  const below = h("div", { class: "processes" });
  root.append(above, below);
  const set = meters(above);
  const show = table(below, [["process", "name"], ["CPU", "num"], ["memory", "num"]], 8);
  let before = null;
  return (items) => {
    const now = items.at(-1);
    if (!now || now.time === before?.time) return;
    cores(set, now.cpu);
    set("memory", now.memory.used / now.memory.total, `${bytes(now.memory.used)} of ${bytes(now.memory.total)}`);
    for (const disk of now.disks.slice(0, MOST_DISKS)) {
      set(disk.mount, disk.used / disk.total, `${bytes(disk.used)} of ${bytes(disk.total)}`);
    }
    const seconds = before ? (Date.parse(now.time) - Date.parse(before.time)) / 1000 : 0;
    for (const way of ["received", "sent"]) {
      const rate = seconds ? (now.network[way] - before.network[way]) / seconds : 0;
      set(`net ${way}`, Math.min(1, Math.log10(1 + rate) / 9), `${bytes(rate)}/s`);
    }
    show(now.processes, (one) => [`${one.name}`, `${one.cpu.toFixed(0)} %`, bytes(one.rss)]);
    before = now;
  };
}

function cores(set, cpu) {
  if (cpu.length > MOST_CORES) {
    const mean = cpu.reduce((sum, one) => sum + one, 0) / cpu.length;
    set(`${cpu.length} cores`, mean / 100, `${mean.toFixed(0)} %`);
  } else cpu.forEach((one, n) => set(`core ${n + 1}`, one / 100, `${one.toFixed(0)} %`));
}

export const VIEWS = {
  export: { make: rowsView, keep: 11 },
  machine: { make: machineView, keep: 2 },
  history: { make: historyView, keep: 200 },
  faulty: { make: ratioView, keep: 11 },
};
