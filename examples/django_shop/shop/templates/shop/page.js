const $ = (id) => document.getElementById(id);
const amount = new Intl.NumberFormat("en", { style: "currency", currency: "EUR", maximumFractionDigits: 0 });
const whole = new Intl.NumberFormat("en");

function say(id, state, text = state) {
  $(id).dataset.state = state;
  $(id).textContent = text;
}

function h(name, text, attributes = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// The audit log. When the connection is lost the browser comes back by itself, and says which entry it has seen last.
const KEPT = 12;

function watch() {
  const source = new EventSource("/audit/live");
  source.onopen = () => say("audit-state", "open", "live");
  source.onerror = () => say("audit-state", "lost", source.readyState === EventSource.CLOSED ? "refused" : "lost, coming back");
  source.onmessage = ({ data }) => add(JSON.parse(data));
  source.addEventListener("problem", ({ data }) => { source.close(); say("audit-state", "failed", JSON.parse(data).title); });
}

function add({ id, at, action, detail }) {
  const { quantity, product, order, total } = detail;
  const row = h("tr", "", { class: "new", "data-id": id });
  const what = product ? `${action} ${order}: ${quantity} × ${product}, ${amount.format(total)}` : action;
  row.append(h("td", id), h("td", new Date(at).toLocaleTimeString([], { hour12: false })), h("td", what));
  $("entries").prepend(row);
  while ($("entries").children.length > KEPT) $("entries").lastElementChild.remove();
  $("empty").hidden = true;
}

// The figures: a document in version 2 of progressive JSON, whose events have one record or several, a line each.
// In this one no part stands within another; PROTOCOL.md has the whole.
const records = (data) => data.split("\n").map((line) => JSON.parse(line));

class Page {
  #holes = new Map();

  apply({ id, set, push, err, meta }) {
    if (id === 0) {
      this.value = set;
      for (const [name, number] of Object.entries(meta ?? {})) this.#holes.set(number, name);
    } else if (set !== undefined) this.value[this.#holes.get(id)] = set;
    else if (push) this.value[this.#holes.get(id)].push(...push);
    else if (err) this.value[this.#holes.get(id)] = err.title;
  }
}

let running = null;

function load() {
  running?.close();
  const page = new Page();
  const source = running = new EventSource("/dashboard");
  say("dashboard-state", "connecting");
  source.onopen = () => say("dashboard-state", "open", "filling in");
  source.onmessage = ({ data }) => {
    for (const record of records(data)) page.apply(record);
    show(page.value);
  };
  // Behind its end there is nothing to come back for.
  source.addEventListener("end", () => { source.close(); say("dashboard-state", "complete"); });
  source.addEventListener("problem", ({ data }) => { source.close(); say("dashboard-state", "failed", records(data).at(-1).err.title); });
  source.onerror = () => say("dashboard-state", "lost", "lost, coming back");
}

function show({ orders, revenue, days, best, short }) {
  tile("orders", orders, whole);
  tile("revenue", revenue, amount);
  bars(days);
  rows("best", best, (one) => one.sold);
  rows("short", short ?? [], (one) => one.stock);
}

function tile(id, value, format) {
  $(id).classList.toggle("wait", value === null);
  $(id).textContent = value === null ? "\u00a0" : format.format(value);
}

function bars(days) {
  const most = Math.max(...days.map(({ total }) => Number(total)), 1);
  $("days").replaceChildren(...days.map(({ day, orders, total }) => {
    const item = h("li", "", { title: `${day}: ${whole.format(orders)} orders, ${amount.format(total)}` });
    const bar = h("i", "");
    bar.style.height = `${100 * Number(total) / most}%`;
    item.append(bar);
    return item;
  }));
}

function rows(id, items, figure) {
  $(id).replaceChildren(...items.map((one) => {
    const item = h("li", "");
    item.append(h("span", one.name), h("b", whole.format(figure(one))));
    return item;
  }));
}

$("again").addEventListener("click", load);
$("order").addEventListener("submit", async (event) => {
  event.preventDefault();
  const order = Object.fromEntries(new FormData(event.target));
  const response = await fetch("/api/orders", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(order),
  });
  $("refused").hidden = response.ok;
  $("refused").textContent = response.ok ? "" : `Not taken: ${await response.text()}`;
});
watch();
load();
