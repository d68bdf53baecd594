// The view that is shown: bringing it up to date, and telling what happened.

import htmx from "./vendor/htmx.esm.min.js";

const timeout = 15_000;
const pause = 400; // between one refresh and the next, when much changes at once

export const app = () => document.getElementById("app");
export const here = () => location.pathname + location.search;

// owner is the header by which a request names the account that the page was made for. Somebody else may have logged in in another
// tab: the server refuses to act for them.
export const owner = () => (app().dataset.user ? { "Taskmaster-Account": app().dataset.user } : {});

// typed says whether something was typed that would be lost with the page.
export const typed = () => Boolean(document.querySelector("[data-dirty]") || document.getElementById("line")?.value);

let shown = 0; // counts what has been shown
let running = null;
let again = false;

let { revision, epoch } = app().dataset; // of what is shown

document.addEventListener("htmx:after:swap", () => {
  shown++;
  const before = { revision, epoch };
  ({ revision, epoch } = app().dataset);
  // An answer that was made before what it took the place of. Of another epoch it says nothing.
  if (epoch === before.epoch && Number(revision) < Number(before.revision)) refresh();
});

// refresh fetches the view anew and morphs what is shown into it: focus, scroll and what is being typed stay. However often
// it is called meanwhile, one more follows. It resolves to whether the view is up to date.
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
  // What is typed there, and a secret that is shown once, would go.
  if (document.querySelector("[data-still]")) return true;
  const [path, before] = [here(), shown];
  // A task still leads back to the view from which it was opened.
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
    // What is shown now is newer than what was asked for, but perhaps not new enough.
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

// focusPlace remembers which row has the focus: when that goes, its neighbour gets it.
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

// rows are the tasks that are shown.
export const rows = () => [...document.querySelectorAll("[data-task]")].filter((row) => !row.hidden);

// say tells a screen reader, and nobody else.
export function say(text) {
  document.getElementById("said").textContent = text;
}

// tell shows that something went wrong, until it is closed.
export function tell(text) {
  document.getElementById("problem").replaceChildren(newToast(text));
}

const standing = new Map(); // name -> the toast and its text

// stand shows a notice of a name for as long as it holds: until stand is called without a text. A link {href, text} opens
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

// sessionEnded leads to where the person logs in and returns true. It returns false and only says so when that would lose
// what is being typed.
export function sessionEnded() {
  if (typed()) {
    stand("session", "Your session has ended. What you typed is still here.", { href: "/enter", text: "Log in in another tab" });
    return false;
  }
  location.assign("/enter?next=" + encodeURIComponent(here()));
  return true;
}

// othersPage loads a page anew that was made for somebody else than who is logged in by now, and returns true. It returns false and
// only says so when that would lose what is being typed.
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
