// The same route twice at once: as a progressive document, and as the finished one.
import { Board } from "./board.js";
import { h, segments, setText } from "./dom.js";
import { highlight } from "./highlight.js";
import { Failed, Malformed, MEDIA_TYPE, Records, Truncated } from "./records.js";

const ROUTE = "/dashboard";
const RAW_LIMIT = 200_000;

const boards = { progressive: new Board("progressive"), plain: new Board("plain") };
const raw = document.getElementById("raw");
const fresh = [];    // text that came and is not yet shown
let controller = null;

function start() {
  controller?.abort();
  controller = new AbortController();
  const { signal } = controller;
  raw.replaceChildren();
  fresh.length = 0;
  for (const board of Object.values(boards)) board.reset("running");
  const runs = [run(boards.progressive, MEDIA_TYPE, progressive, signal), run(boards.plain, "application/json", plain, signal)];
  document.getElementById("stop").disabled = false;
  Promise.all(runs).then(() => { document.getElementById("stop").disabled = !running(); });
  tick();
}

const running = () => Object.values(boards).some((board) => board.running);

async function run(board, accept, read, signal) {
  let response = null;
  let outcome;
  try {
    response = await fetch(ROUTE, { headers: { Accept: accept }, cache: "no-store", signal });
    outcome = response.ok ? await read(board, response, signal) : await refused(response);
  } catch (error) {
    outcome = outcomeOf(error, response);
  }
  if (!signal.aborted) board.end(outcome);
}

function outcomeOf(error, response) {
  if (!response) return { state: "unreached" };
  if (error instanceof Failed) return { state: "failed", problem: error.problem };
  if (error instanceof Malformed) return { state: "unreadable", detail: error.message };
  // A connection that breaks is a TypeError of fetch; a body that ends too early says so by what it lacks.
  if (error instanceof TypeError || error instanceof Truncated) return { state: "cut" };
  return { state: "unreadable", detail: String(error) };
}

async function refused(response) {
  const body = await response.text();
  try { return { state: "refused", status: response.status, problem: JSON.parse(body) }; }
  catch { return { state: "refused", status: response.status, problem: { detail: body } }; }
}

async function progressive(board, response, signal) {
  let problems = {};
  const records = new Records((path, problem) => {
    if (!path.length) problems = {};   // it starts over
    if (problem && path.length) problems[path[0]] ??= problem;
  });
  const type = response.headers.get("Content-Type") ?? "";
  if (type.replaceAll(/[ "]/g, "") !== MEDIA_TYPE) throw new Malformed(`it came as ${type || "nothing in particular"}`);
  const show = () => {
    // Hole 0 is the document: before it has come there is nothing of any part.
    const open = new Set(records.open.map(([part]) => part));
    if (records.count && !signal.aborted) board.show(records.document, open, problems);
  };
  const text = new TextDecoder();
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    keep(text.decode(value, { stream: true }));
    try { records.feed(value); } finally { show(); }
  }
  records.finish();
  return { state: "ended" };
}

function keep(text) {
  fresh.push(text);
  if (fresh.length === 1) requestAnimationFrame(showRaw);
}

function showRaw() {
  if (raw.textContent.length < RAW_LIMIT) raw.append(fresh.join(""));
  fresh.length = 0;
  raw.scrollTop = raw.scrollHeight;
}

async function plain(board, response) {
  const whole = await response.json();
  const problems = Object.fromEntries(whole.problems.map((problem) => [problem.pointer.split("/")[1], problem]));
  board.show(whole, new Set(), problems);
  return { state: "ended" };
}

function stop() {
  controller?.abort();
  for (const board of Object.values(boards)) board.end({ state: "stopped" });
  document.getElementById("stop").disabled = true;
}

function tick() {
  const longest = Math.max(1, ...Object.values(boards).map((board) => board.elapsed));
  for (const board of Object.values(boards)) board.draw(longest);
  if (running()) setTimeout(() => requestAnimationFrame(tick), 40);
}

async function showCode() {
  const { dashboard } = await (await fetch("/code")).json();
  highlight(document.querySelector(".code pre code"), Object.values(dashboard).join("\n\n"));
}

// On a narrow page there is room for one of the boards.
const main = document.getElementById("boards");
segments(document.getElementById("which"), [["progressive", "Progressive"], ["plain", "Plain JSON"]], "progressive",
  (side) => { main.dataset.shown = side; });

setText(document.querySelector(".curl code"), `curl -N -H 'Accept: ${MEDIA_TYPE}' '${location.origin}${ROUTE}'`);
document.getElementById("again").addEventListener("click", start);
document.getElementById("stop").addEventListener("click", stop);
addEventListener("pagehide", stop);
showCode();
start();
