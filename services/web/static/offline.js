// When the server is away the page stays of use: what was loaded is there, what is changed is kept and shown as waiting, and
// is sent when the server is back. Nothing is asked of htmx but that requests for changes go through here.

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
    if (location.pathname === "/enter") forgetViews(); // whoever enters next does not see them
    return;
  }
  keepApart(user);
  waiting = new Waiting((change, now) => queue.choose(change, now));
  queue = new Queue(user, {
    changed: (changes) => waiting.show(changes),
    state(state) {
      waiting.state(state);
      if (state === "login") refresh(); // to log in, or for whoever has
    },
    sent: refresh,
  });
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.request.method === "POST" && isChange(ctx.request.action)) ctx.fetch = (path, request) => send(path, request, ctx);
  });
  document.addEventListener("htmx:after:swap", () => {
    // Somebody else logged in meanwhile, in another tab: nothing of before goes on.
    const now = app().dataset.user; // a page that says that there is nothing is nobody's
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

// send sends a change, or keeps it when the server is away or earlier ones wait. One that is refused when its view is not shown any
// more is kept too, and then in conflict, for it to be seen wherever the person is.
async function send(path, request, ctx) {
  const from = here();
  const change = describe(path, request.body, request.form);
  // What is typed means the same whenever it arrives: should the answer be lost, it is sent again as it was.
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
  if (request.form?.elements.key) request.form.elements.key.value = newKey(); // another change by the same form is another
  if (change.kind === "edit" && from === here()) settle(204); // it is in the queue now
  return new Response(null, { status: 204, headers: { "HX-Push-Url": "false" } });
}

async function keep(change) {
  await queue.add(change);
  say(`${words(change)}: waits to be sent.`);
}

// describe makes a change of a form: when it was made, its fields, and of those that the person changed how they are called.
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

// edited lists the fields that do not hold what they were given.
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

// deleteNow keeps a deletion at once when it could not be sent after the time in which it can be undone: the page may be
// gone by then.
function deleteNow(event) {
  const form = event.target.closest("form[data-delete]");
  if (!form || (live && waiting.changes.length === 0)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  keep(describe(form.action, new FormData(form), form));
}

// leave asks before changes that were not sent are lost, and takes along what is kept of this user's.
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

// unsubscribe ends the browser's push subscription: whoever uses the browser next gets none of this person's reminders.
async function unsubscribe() {
  const registration = await navigator.serviceWorker?.getRegistration();
  await (await registration?.pushManager?.getSubscription())?.unsubscribe();
}

// keepApart lets nobody see the views of who used this browser before.
function keepApart(user) {
  if (localStorage.getItem("user") !== user) forgetViews();
  localStorage.setItem("user", user);
}

async function forgetViews() {
  navigator.serviceWorker?.controller?.postMessage("forget"); // also what is still to be answered
  if ("caches" in window) await caches.delete("views");
}

// startWorker makes the page load without a network, and reminders reach this browser.
export function startWorker() {
  const { serviceWorker } = navigator;
  // What is shown was loaded before there was anybody to keep it.
  const [loaded] = performance.getEntriesByType("navigation");
  if (app().dataset.user && !loaded?.workerStart) {
    if (serviceWorker?.controller) refresh();
    else serviceWorker?.addEventListener("controllerchange", refresh, { once: true });
  }
  // A notification that is clicked opens its task here, unless that would cost what is being typed.
  serviceWorker?.addEventListener("message", ({ data, ports: [port] }) => {
    if (data === "free?") port.postMessage(!typed() && !document.querySelector("[data-still]"));
  });
  serviceWorker?.startMessages();
  serviceWorker?.register("/sw.js").catch((error) => console.info("no service worker:", error.message));
}
