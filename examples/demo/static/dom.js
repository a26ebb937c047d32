// Small helpers: elements, numbers, colours.

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") element.className = value; else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

// Writing the text that is there already would still cost a layout.
export function setText(element, value) {
  const text = String(value);
  if (element.textContent !== text) element.textContent = text;
}

const whole = new Intl.NumberFormat("en");
export const count = (n) => whole.format(Math.round(n));

export function bytes(n) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  for (; n >= 999.5 && unit < units.length - 1; unit += 1) n /= 1000;
  return `${unit && n < 99.95 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

export function time(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 99_500 ? 1 : 0)} s`;
}

export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// A canvas's 2d context in CSS pixels, cleared.
export function sharp(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// A choice as radio buttons: the browser brings the keys. `choices`: [[value, label]…].
export function segments(fieldset, choices, chosen, onChange) {
  const name = `${fieldset.dataset.name}-${crypto.randomUUID?.() ?? Math.random()}`;
  for (const [value, label] of choices) {
    const input = h("input", { type: "radio", name, value });
    input.checked = value === chosen;
    input.addEventListener("change", () => onChange(value));
    fieldset.append(h("label", {}, input, h("span", {}, label)));
  }
  return { label: (value, text) => setText(fieldset.querySelector(`[value="${value}"]`).nextSibling, text) };
}
