// Deleting is final on the server, so it waits here for as long as it can be undone: the row is hidden, and the form is sent
// when the time has passed or the page is left. What is lost in between, by a crash or without a connection, is the
// deletion and never the task. (Making a deleted task again would lose its history, its id and its place in a series.)

import htmx from "./vendor/htmx.esm.min.js";
import { app, focusPlace, say } from "./view.js";

const undoFor = 10_000;
const waiting = new Map(); // task id -> how to end the wait

export function startDeletions() {
  // Before htmx, which listens at the form itself.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-delete]");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    wait(form);
  }, true);
  document.addEventListener("htmx:after:swap", hide);
  // While somebody points at one, none goes: another would take its place under the pointer.
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
  // Nobody is hurried who is in it.
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
  // The page goes: the request has to outlive it.
  function leave() {
    end(id, true);
    fetch(action, { method: "POST", body, keepalive: true });
  }
  waiting.set(id, deletion);
  hide();
  focus.restore();
  // The page of the task itself gives way to the view from which it was opened.
  if (form.dataset.then) htmx.ajax("GET", form.dataset.then, { target: "#app", swap: "outerMorph show:none", push: "true" });
  say(`Deleted ${form.dataset.title}. Undo with z.`);
}

// end ends the wait; the row comes back unless it is being deleted.
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

// hide hides the rows of what is about to be deleted, in whatever view shows them.
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
  document.getElementById("notice").replaceChildren(); // z undoes the last
  document.getElementById("undos").prepend(toast); // above the others, which stay where they are
  return toast;
}
