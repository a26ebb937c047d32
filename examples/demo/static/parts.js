// The dashboard's cards: what each part of the document looks like. Each makes its elements once.
import { bytes, count, h, setText } from "./dom.js";

// Rows of a name, a number and a bar: `show([[name, part of 1, label]…])`.
function bars(root, most) {
  const rows = Array.from({ length: most }, () => {
    const name = h("span", { class: "meter-name" });
    const label = h("span", { class: "num" });
    const bar = h("i");
    const row = h("li", { class: "meter" }, name, label, h("div", { class: "track" }, bar));
    row.hidden = true;
    return { row, name, label, bar };
  });
  root.append(h("ol", { class: "bars" }, ...rows.map(({ row }) => row)));
  return (items) => rows.forEach(({ row, name, label, bar }, n) => {
    row.hidden = n >= items.length;
    if (row.hidden) return;
    const [what, part, text] = items[n];
    setText(name, what);
    name.title = what;
    setText(label, text);
    bar.style.width = `${100 * Math.min(1, part || 0)}%`;
  });
}

// Pairs of a word and what it stands for.
function facts(root) {
  const list = h("dl", { class: "facts" });
  root.append(list);
  return (pairs) => list.replaceChildren(...pairs.flatMap(([word, text]) => [h("dt", {}, word), h("dd", { title: text }, text)]));
}

// A line above the rows that says what they are of.
function summary(root) {
  const line = h("p", { class: "sum" });
  root.append(line);
  return (text) => setText(line, text);
}

function host(root) {
  const show = facts(root);
  return ({ system, machine, cpu, cores, load, booted, memory, python }) => show([
    ["System", system], ["Processor", cpu], ["Cores", `${cores ?? "?"}, ${machine}`],
    ["Load", load.map((one) => one.toFixed(2)).join("  ")],
    ["Memory", `${bytes(memory.used)} of ${bytes(memory.total)}`],
    ["Started", moment(booted)], ["Python", python],
  ]);
}

function git(root) {
  const show = facts(root);
  const week = h("div", { class: "week", role: "img" });
  root.append(week);
  return ({ commits, authors, files, first, last, newest, weekdays, shallow }) => {
    show([
      ["Commits", count(commits) + (shallow ? ", cut short" : "")], ["Authors", count(authors)], ["Files", count(files)],
      ["First", first.slice(0, 10)], ["Last", last.slice(0, 10)], ["Newest", newest.subject],
    ]);
    const most = Math.max(...weekdays, 1);
    week.setAttribute("aria-label", `Commits by weekday: ${weekdays.map((n, day) => `${DAYS[day]} ${n}`).join(", ")}`);
    week.replaceChildren(...weekdays.map((n, day) => {
      const bar = h("i");
      bar.style.height = `${100 * n / most}%`;
      return h("span", {}, h("span", { class: "column" }, bar), DAYS[day].slice(0, 2));
    }));
  };
}

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const moment = (iso) => iso.slice(0, 16).replace("T", " ") + (iso.endsWith("Z") ? " UTC" : "");

function processes(root) {
  const show = bars(root, 8);
  return (all) => show(all.map(({ name, cpu, rss }) => [name, cpu / 100, `${cpu.toFixed(0)} %, ${bytes(rss)}`]));
}

function disks(root) {
  const show = bars(root, 8);
  return (all) => show(all.map(({ mount, used, total }) => [mount, used / total, `${bytes(used)} of ${bytes(total)}`]));
}

function imports(root) {
  const say = summary(root);
  const show = bars(root, 7);
  return ({ modules, seconds, slowest }) => {
    say(`${count(modules)} modules in ${seconds.toFixed(2)} s`);
    show(slowest.map(({ module, ms }) => [module, ms / slowest[0].ms, `${ms.toFixed(1)} ms`]));
  };
}

// A list that grows, of parts that come one by one: null is one that has not come.
function packages(root) {
  const say = summary(root);
  const show = bars(root, 7);
  return (all, complete) => {
    const weighed = all.filter((one) => one !== null);
    const sum = weighed.reduce((total, one) => total + one.bytes, 0);
    say(complete && weighed.length === all.length ? `${count(all.length)} of them, ${bytes(sum)}`
      : `${count(weighed.length)} of ${count(all.length)} weighed, ${bytes(sum)}`);
    const largest = weighed.sort((a, b) => b.bytes - a.bytes).slice(0, 7);
    show(largest.map((one) => [`${one.name} ${one.version}`, one.bytes / largest[0].bytes, bytes(one.bytes)]));
  };
}

function report(root) {
  const text = h("div", { class: "prose", tabindex: "0", role: "region", "aria-label": "The report" });
  root.append(text);
  return (all) => {
    const follows = text.scrollTop + text.clientHeight >= text.scrollHeight - 4;
    setText(text, all);
    if (follows) text.scrollTop = text.scrollHeight;
  };
}

// In the order of the page, which is not the order in which they come.
export const PARTS = {
  host: { title: "This machine", make: host, bones: 7 },
  git: { title: "Git history", make: git, bones: 7 },
  disks: { title: "Disks", make: disks, bones: 1 },
  imports: { title: "Slowest imports", make: imports, bones: 7 },
  packages: { title: "Largest packages", make: packages, bones: 7 },
  processes: { title: "Busiest over a second", make: processes, bones: 8 },
  report: { title: "On its own source", make: report, bones: 6 },
};
