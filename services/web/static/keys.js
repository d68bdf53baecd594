// Keyboard shortcuts. They are single keys, so they are off while somebody types. Users of speech
// input can turn them off (WCAG 2.1.4).

import { rows } from "./view.js";

const pause = 1200; // longest time in ms between g and the next key
let going = -pause;

const actions = {
  n: add,
  "/": () => focus("#q"),
  j: () => move(1),
  k: () => move(-1),
  x: () => (row() ?? document.querySelector(".acts"))?.querySelector("[data-complete]")?.click(),
  t: () => row()?.querySelector("[data-tomorrow]")?.click(),
  e: () => row()?.querySelector("[data-open-task]")?.click(),
  "#": () => row()?.querySelector("form[data-delete]")?.requestSubmit(),
  z: () => document.querySelector("#notice [data-undo], #undos [data-undo]")?.click(),
  "?": () => document.getElementById("help").showModal(),
};

const on = () => localStorage.getItem("keys") !== "off";

export function startKeys() {
  const box = document.getElementById("keys-on");
  box.checked = on();
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !on()) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) {
      if (event.key === "Escape" && event.target.matches("#line, #q")) event.target.blur();
      return;
    }
    if (event.timeStamp - going < pause) { // time of the key press, because the page may be busy
      going = -pause;
      const link = document.querySelector(`[data-keys="g ${CSS.escape(event.key)}"]`);
      if (link) {
        event.preventDefault();
        link.click();
        return;
      }
    }
    if (event.key === "g") going = event.timeStamp;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

const row = () => document.activeElement?.closest("[data-task]");

function focus(selector) {
  const field = document.querySelector(selector);
  field?.focus();
  field?.select();
}

// add moves the focus to the line for new tasks. If the page has none, it opens Today first.
function add() {
  if (document.getElementById("line")) return focus("#line");
  document.addEventListener("htmx:after:settle", function settled() {
    if (!document.getElementById("line")) return; // another element has settled
    document.removeEventListener("htmx:after:settle", settled);
    setTimeout(() => focus("#line"));
  });
  document.querySelector('[data-keys="g t"]')?.click();
}

function move(by) {
  const all = rows();
  const at = all.indexOf(row());
  const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + by));
  all[next]?.querySelector("a")?.focus();
}
