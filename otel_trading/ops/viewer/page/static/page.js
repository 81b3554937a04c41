// The scripts of the page: its theme, its keyboard shortcuts, and the refresh of its numbers.
"use strict";

const saved = localStorage.getItem("theme");
const isDark = saved ? saved === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.theme = isDark ? "dark" : "light";

function toggleTheme() {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
}

// values: {place: [text, state, at]}, the JSON of `Value` in frame.py
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
  else if (event.key === "t") toggleTheme();
  else if (event.key === "r") location.reload();
  else if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
    else location.href = "/traces";
  }
});
