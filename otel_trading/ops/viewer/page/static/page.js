// What the page does by itself: its theme, its shortcuts, and the numbers that change.
"use strict";

const wish = localStorage.getItem("theme");
const isDark = wish ? wish === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.theme = isDark ? "dark" : "light";

function turn() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
}

// {place: [text, state, at]}: as `Value` in frame.py
function live(values) {
  for (const [key, [text, state, at]] of Object.entries(values)) {
    for (const place of document.querySelectorAll(`[data-live="${CSS.escape(key)}"]`)) {
      if (text !== null && !("quiet" in place.dataset)) place.textContent = text;
      place.dataset.state = state;
      if (at === null) continue;
      place.style.setProperty("--at", at);
      if ("quiet" in place.dataset) place.hidden = at < 0;
    }
  }
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const area = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
  if (area) area.click();
  else if (event.key === "t") turn();
  else if (event.key === "r") location.reload();
  else if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
    else location.href = "/traces";
  }
});
