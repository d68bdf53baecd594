// The current view: refreshing it and showing notices.

import htmx from "./vendor/htmx.esm.min.js";

const timeout = 15_000;
const pause = 400; // ms between two refreshes when many changes arrive

export const app = () => document.getElementById("app");
export const here = () => location.pathname + location.search;

// owner returns the header that names the account of the page. Somebody else may have logged in in
// another tab. The server then refuses the request.
export const owner = () => (app().dataset.user ? { "Taskmaster-Account": app().dataset.user } : {});

// sending holds the changes that are being sent. A refused form gets its text back.
const sending = new Set();
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.request.method !== "GET") sending.add(ctx);
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => sending.delete(ctx));

// typed reports whether the page holds typed text that a reload would lose.
export const typed = () => Boolean(sending.size || document.querySelector("[data-dirty]") || document.getElementById("line")?.value);

let shown = 0; // number of views shown so far
let running = null;
let again = false;

let { revision, epoch } = app().dataset; // of the current view

document.addEventListener("htmx:after:swap", () => {
  shown++;
  const before = { revision, epoch };
  ({ revision, epoch } = app().dataset);
  // A late answer has replaced a newer view. Revisions of different epochs cannot be compared.
  if (epoch === before.epoch && Number(revision) < Number(before.revision)) refresh();
});

// refresh fetches the view and morphs the page into it. Focus, scroll position and typed text stay.
// Calls during a refresh cause one more. It resolves to whether the view is up to date.
export function refresh() {
  again = true;
  running ??= run().finally(() => { running = null; });
  return running;
}

async function run() {
  let fresh = false;
  while (again) {
    again = false;
    fresh = await fetchView();
    if (again) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return fresh;
}

async function fetchView() {
  // A refresh would lose typed text, or a secret that is shown once.
  if (document.querySelector("[data-still]")) return true;
  const [path, before] = [here(), shown];
  // A task keeps the link to the view that opened it.
  const from = new URL(document.getElementById("from")?.value || path, location.href).href;
  let response, text;
  try {
    response = await fetch(path, {
      headers: { "HX-Request": "true", "HX-Current-URL": from, "Taskmaster-Refresh": "1", ...owner() },
      cache: "no-store", signal: AbortSignal.timeout(timeout),
    });
    text = await response.text();
  } catch {
    return false;
  }
  if (new URL(response.url).pathname === "/enter") {
    sessionEnded();
    return true;
  }
  if (response.status === 403) {
    othersPage();
    return true;
  }
  if (response.status >= 500 || response.status === 429) return false;
  stand("owner");
  if (path !== here() || before !== shown) {
    // The view was replaced meanwhile, but perhaps by an older state.
    again = true;
    return false;
  }
  if ((response.status >= 400 || response.redirected) && typed()) {
    tell("This page is not there any more. What you typed is still here.");
    return true;
  }
  const focus = focusPlace();
  await htmx.swap({ text, target: app(), sourceElement: document.body, swap: "outerMorph show:none" });
  focus.restore();
  return true;
}

// focusPlace remembers the focused row. If that row disappears, restore moves the focus to its
// neighbour.
export function focusPlace() {
  const row = document.activeElement?.closest("[data-task]");
  const at = row ? rows().indexOf(row) : -1;
  return {
    restore() {
      if (!row || row.isConnected && !row.hidden) return;
      const left = rows();
      (left[Math.min(at, left.length - 1)]?.querySelector("a") ?? document.getElementById("title"))?.focus();
    },
  };
}

// rows returns the visible tasks.
export const rows = () => [...document.querySelectorAll("[data-task]")].filter((row) => !row.hidden);

// say announces a text to screen readers only.
export function say(text) {
  document.getElementById("said").textContent = text;
}

// tell shows an error until it is closed.
export function tell(text) {
  document.getElementById("problem").replaceChildren(newToast(text));
}

const standing = new Map(); // name -> toast and text

// stand shows a named notice until it is called again without a text. A link {href, text} opens in
// another tab.
export function stand(name, text, link) {
  const shown = standing.get(name);
  if (shown?.text === text) return;
  shown?.toast.remove();
  standing.delete(name);
  if (!text) return;
  const toast = newToast(text, link);
  standing.set(name, { toast, text });
  document.getElementById("standing")?.append(toast);
}

function newToast(text, link) {
  const toast = document.createElement("div");
  toast.className = "toast";
  const words = document.createElement("p");
  words.textContent = text;
  if (link) words.append(" ", Object.assign(document.createElement("a"), { href: link.href, textContent: link.text, target: "_blank" }));
  const close = document.createElement("button");
  close.type = "button";
  close.className = "link";
  close.dataset.close = "";
  close.textContent = "Close";
  toast.append(words, close);
  return toast;
}

// sessionEnded opens the login page and returns true. If that would lose typed text, it shows a
// notice and returns false.
export function sessionEnded() {
  if (typed()) {
    stand("session", "Your session has ended. What you typed is still here.", { href: "/enter", text: "Log in in another tab" });
    return false;
  }
  location.assign("/enter?next=" + encodeURIComponent(here()));
  return true;
}

// othersPage reloads a page of another account and returns true. If that would lose typed text, it
// shows a notice and returns false.
export function othersPage() {
  if (typed()) {
    stand("owner", "Somebody else has logged in in this browser. What you typed is still here, and is not sent for them.");
    return false;
  }
  location.reload();
  return true;
}

export function clearProblem() {
  document.getElementById("problem").replaceChildren();
}
