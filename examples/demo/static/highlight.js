// Python, lightly: enough to read by.
const TOKEN = new RegExp([
  /(?<comment>#.*)/,
  /(?<string>[rbf]{0,2}(?:"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))/,
  /(?<decorator>^\s*@[\w.]+)/,
  /(?<keyword>\b(?:async|await|def|return|yield|from|for|in|if|else|elif|while|with|not|and|or|is|None|True|False|raise|try|finally|except|assert|class|import|as)\b)/,
  /(?<number>\b\d[\d_.]*\b)/,
  /(?<name>\bStream\b)/,
  /(?<call>\b\w+(?=\())/,
].map((part) => part.source).join("|"), "gm");

export function highlight(element, code) {
  const parts = [];
  let at = 0;
  for (const match of code.matchAll(TOKEN)) {
    const kind = Object.entries(match.groups).find(([, value]) => value !== undefined)[0];
    const span = document.createElement("span");
    span.className = `t-${kind}`;
    span.textContent = match[0];
    parts.push(code.slice(at, match.index), span);
    at = match.index + match[0].length;
  }
  element.replaceChildren(...parts, code.slice(at).trimEnd());
}
