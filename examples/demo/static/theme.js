// A classic script in <head>: the page must have its theme before it is painted.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const stored = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const apply = (theme) => {
    root.dataset.theme = theme ?? (dark.matches ? "dark" : "light");
    const button = document.getElementById("theme");
    if (button) {
      const other = root.dataset.theme === "dark" ? "Light" : "Dark";
      button.lastElementChild.textContent = other;
      button.setAttribute("aria-label", `${other} theme`);
    }
    dispatchEvent(new Event("themechange"));
  };
  apply(stored());
  dark.addEventListener("change", () => apply(stored()));
  addEventListener("DOMContentLoaded", () => {
    apply(stored());
    document.getElementById("theme").addEventListener("click", () => {
      const next = root.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.setItem("theme", next); } catch { /* private mode: for this page only */ }
      apply(next);
    });
  });
})();
