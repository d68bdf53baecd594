// Offline use. Loaded views stay available when the server is unreachable. Changes are kept, shown
// as waiting, and sent when the server is back. To do so, this module replaces htmx's fetch for
// changes.

import { newKey } from "./add.js";
import { settle } from "./editor.js";
import { away, made, Queue, retryAfter, stamp } from "./queue.js";
import { app, here, refresh, say, typed } from "./view.js";
import { Waiting, words } from "./waiting.js";

let queue = null;
let waiting = null;
let live = false;

export function startOffline() {
  const { user } = app().dataset;
  if (!user) {
    if (location.pathname === "/enter") forgetViews(); // the next user must not see them
    return;
  }
  keepApart(user);
  waiting = new Waiting((change, now) => queue.choose(change, now));
  queue = new Queue(user, {
    changed: (changes) => waiting.show(changes),
    state(state) {
      waiting.state(state);
      if (state === "login") refresh(); // leads to the login page, or to the new user's view
    },
    sent: refresh,
  });
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.request.method === "POST" && isChange(ctx.request.action)) ctx.fetch = (path, request) => send(path, request, ctx);
  });
  document.addEventListener("htmx:after:swap", () => {
    // Somebody else logged in meanwhile in another tab. The old page must not go on.
    const now = app().dataset.user; // the page of an error belongs to no user
    if (now ? now !== user : document.querySelector("form[data-enter]")) location.reload();
    else waiting.mark();
  });
  document.addEventListener("live:state", ({ detail }) => {
    live = detail === "live";
    waiting.connection(detail);
    if (live) queue.send();
  });
  addEventListener("online", () => queue.send());
  document.addEventListener("submit", deleteNow, true);
  document.addEventListener("submit", leave, true);
}

const isChange = (path) => /^\/tasks(\/|$)/.test(new URL(path, location.href).pathname);

// send sends a change. It keeps the change if the server is unreachable or earlier changes are
// waiting. It also keeps a refused change whose view is no longer shown. That change becomes a
// conflict, which is shown in every view.
async function send(path, request, ctx) {
  const from = here();
  const change = describe(path, request.body, request.form);
  // The form names its time, so that it means the same whenever it arrives. If the answer is lost,
  // the same form is sent again.
  for (const [name, value] of made(change)) request.body.append(name, value);
  if (waiting.changes.length === 0) {
    try {
      const response = await fetch(path, request);
      if (!away(response.status) && (response.ok || from === here())) return response;
      queue.pause(retryAfter(response));
    } catch (error) {
      if (request.signal.aborted && request.signal.reason !== "timeout") throw error;
    }
  }
  await keep(change);
  if (request.form?.elements.key) request.form.elements.key.value = newKey(); // the next change of this form needs its own key
  if (change.kind === "edit" && from === here()) settle(204); // it is in the queue now
  return new Response(null, { status: 204, headers: { "HX-Push-Url": "false" } });
}

async function keep(change) {
  await queue.add(change);
  say(`${words(change)}: waits to be sent.`);
}

// describe returns a change for the queue: its form, its time, and the labels of the fields that
// the user changed.
function describe(path, body, form) {
  const url = new URL(path, location.href);
  const [, , task, kind] = url.pathname.split("/");
  const fields = [...body.entries()].map(([name, value]) => [name, String(value)]);
  const change = { path: url.pathname + url.search, task: task ?? "", kind: kind ?? (task ? "edit" : "add"), fields, ...stamp() };
  change.title = titleOf(change);
  change.edited = form && change.kind === "edit" ? edited(form) : [];
  return change;
}

function titleOf({ task, fields }) {
  const row = task && document.querySelector(`[data-task="${CSS.escape(task)}"] .name`);
  if (row) return row.textContent.trim();
  const named = fields.find(([name]) => name === "line" || name === "title");
  return named?.[1] ?? document.getElementById("title")?.textContent ?? "";
}

// edited lists the fields whose values differ from their initial values.
function edited(form) {
  const changed = [...form.elements].filter((element) => element.name && element.type !== "hidden" && isEdited(element));
  return [...new Set(changed.map((element) => element.name))].map((name) => {
    const element = changed.find((e) => e.name === name);
    const label = element.labels?.[0]?.firstChild.textContent ?? element.ariaLabel ?? name;
    return { label: label.trim(), value: new FormData(form).getAll(name).join(", ") };
  });
}

function isEdited(element) {
  if (element.type === "checkbox" || element.type === "radio") return element.checked !== element.defaultChecked;
  if (element.options) return [...element.options].some((option) => option.selected !== option.defaultSelected);
  return element.value !== element.defaultValue;
}

// deleteNow queues a deletion at once if it could not be sent after the time for undo. The page may
// be closed by then.
function deleteNow(event) {
  const form = event.target.closest("form[data-delete]");
  if (!form || (live && waiting.changes.length === 0)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  keep(describe(form.action, new FormData(form), form));
}

// leave asks for confirmation before unsent changes are lost. It then deletes the user's data from
// the browser.
async function leave(event) {
  const form = event.target.closest('form[action="/logout"]');
  if (!form) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (waiting.changes.length > 0) {
    await queue.send();
    if (waiting.changes.length > 0 && !await waiting.confirmLoss()) return;
  }
  await queue.clear();
  await forgetViews();
  await unsubscribe().catch(() => {}); // the server ends the channel in any case
  form.submit();
}

// unsubscribe ends the browser's push subscription, so that the next user of the browser gets none
// of this user's reminders.
async function unsubscribe() {
  const registration = await navigator.serviceWorker?.getRegistration();
  await (await registration?.pushManager?.getSubscription())?.unsubscribe();
}

// keepApart deletes the cached views of another user.
function keepApart(user) {
  if (localStorage.getItem("user") !== user) forgetViews();
  localStorage.setItem("user", user);
}

async function forgetViews() {
  navigator.serviceWorker?.controller?.postMessage("forget"); // includes views that are still being loaded
  if ("caches" in window) await caches.delete("views");
}

// startWorker starts the service worker, which loads pages without a network and receives
// reminders.
export function startWorker() {
  const { serviceWorker } = navigator;
  // The page was loaded before a service worker could cache it.
  const [loaded] = performance.getEntriesByType("navigation");
  if (app().dataset.user && !loaded?.workerStart) {
    if (serviceWorker?.controller) refresh();
    else serviceWorker?.addEventListener("controllerchange", refresh, { once: true });
  }
  // A click on a notification opens the task in this window, unless typed text would be lost.
  serviceWorker?.addEventListener("message", ({ data, ports: [port] }) => {
    if (data === "free?") port.postMessage(!typed() && !document.querySelector("[data-still]"));
  });
  serviceWorker?.startMessages();
  serviceWorker?.register("/sw.js").catch((error) => console.info("no service worker:", error.message));
}
