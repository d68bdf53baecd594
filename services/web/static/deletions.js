// Delayed deletions. Deleting is permanent on the server, so this module waits while it can be
// undone. It hides the row, and sends the form after ten seconds or when the page is left. A crash
// or a lost connection can lose the deletion, but never the task. Creating a deleted task again
// would lose its history, its id and its place in a series.

import htmx from "./vendor/htmx.esm.min.js";
import { app, focusPlace, say } from "./view.js";

const undoFor = 10_000;
const waiting = new Map(); // task id -> pending deletion

export function startDeletions() {
  // Runs before htmx, which listens at the form itself.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-delete]");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    wait(form);
  }, true);
  document.addEventListener("htmx:after:swap", hide);
  // While the pointer is over the notices, none disappears. Otherwise the next one would move under
  // the pointer.
  const all = (what) => () => { for (const deletion of waiting.values()) deletion[what](); };
  const region = document.getElementById("undos");
  region?.addEventListener("pointerenter", all("pause"));
  region?.addEventListener("pointerleave", all("count"));
  addEventListener("pagehide", () => {
    for (const deletion of waiting.values()) deletion.leave();
  });
}

function wait(form) {
  const id = form.dataset.delete;
  if (waiting.has(id)) return;
  const body = new URLSearchParams(new FormData(form));
  body.set("sure", "yes");
  const action = form.action;
  const focus = focusPlace();
  const toast = undoToast(form.dataset.title, () => end(id));
  const deletion = { toast, send, leave, pause, count };
  // The time stops while the focus is in the notice.
  toast.addEventListener("focusin", pause);
  toast.addEventListener("focusout", () => waiting.get(id) === deletion && count());
  count();
  function pause() {
    clearTimeout(deletion.timer);
  }
  function count() {
    pause();
    deletion.timer = setTimeout(send, undoFor);
  }
  function send() {
    end(id, true);
    htmx.ajax("POST", action, { values: Object.fromEntries(body), target: "#app", swap: "outerMorph show:none" });
  }
  // The page is being left. keepalive lets the request outlive it.
  function leave() {
    end(id, true);
    fetch(action, { method: "POST", body, keepalive: true });
  }
  waiting.set(id, deletion);
  hide();
  focus.restore();
  // The page of the deleted task is replaced by the view that opened it.
  if (form.dataset.then) htmx.ajax("GET", form.dataset.then, { target: "#app", swap: "outerMorph show:none", push: "true" });
  say(`Deleted ${form.dataset.title}. Undo with z.`);
}

// end ends the wait. The row appears again unless the task is being deleted.
function end(id, deleting = false) {
  const deletion = waiting.get(id);
  if (!deletion) return;
  waiting.delete(id);
  clearTimeout(deletion.timer);
  deletion.toast.remove();
  const row = document.querySelector(`[data-task="${CSS.escape(id)}"]`);
  if (row && !deleting) {
    row.hidden = false;
    row.querySelector("a")?.focus();
  }
}

// hide hides the rows of pending deletions in every view.
function hide() {
  for (const row of app().querySelectorAll("[data-task]")) row.hidden = waiting.has(row.dataset.task);
}

function undoToast(title, undo) {
  const toast = document.createElement("div");
  toast.className = "toast";
  const words = document.createElement("p");
  words.textContent = `Deleted “${title}”`;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.dataset.undo = "";
  button.textContent = "Undo";
  button.addEventListener("click", undo);
  toast.append(words, button);
  document.getElementById("notice").replaceChildren(); // the shortcut z undoes the latest
  document.getElementById("undos").prepend(toast); // above the others, which do not move
  return toast;
}
