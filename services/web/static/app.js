// The page works without scripts. With them, views change without a page load, changes from
// elsewhere appear at once, and there are keyboard shortcuts.

import "./vendor/htmx.esm.min.js";
import { startAdd } from "./add.js";
import { startAnswers } from "./answers.js";
import { startDeletions } from "./deletions.js";
import { startEditor } from "./editor.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startOffline, startWorker } from "./offline.js";
import { startToasts } from "./toasts.js";
import { startVersion } from "./version.js";
import { app, clearProblem, focusPlace, refresh, tell } from "./view.js";

const on = (name, handle) => document.addEventListener(name, handle);

// The sign-up form needs the browser's time zone and first day of the week.
for (const field of document.querySelectorAll("[data-enter] [name=week_start]")) {
  const locale = new Intl.Locale(navigator.language);
  const week = locale.getWeekInfo?.() ?? locale.weekInfo;
  field.value = { 1: "monday", 6: "saturday", 7: "sunday" }[week?.firstDay] ?? "";
}
for (const field of document.querySelectorAll("[data-enter] [name=time_zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}

startAnswers();
startOffline(); // before deletions, because it may have to keep them offline
startDeletions();
startAdd();
startEditor();
startKeys();
startToasts();
startVersion();
startLive();
startWorker();
go();
on("htmx:after:swap", go);

// Some views have a module of their own.
async function go() {
  if (document.querySelector("[data-zones],[data-select],[data-import]")) import("./settings.js");
  const e = document.querySelector("#chat,[data-push]");
  if (e) (await (e.id ? import("./chat.js") : import("./push.js"))).start(e);
}

// A link to another view moves the focus to its heading, as a page load would. A form leaves the
// focus where it is.
let focus = null;
on("htmx:before:request", ({ detail: { ctx } }) => {
  focus = focusPlace();
  if (ctx.sourceElement?.id !== "line") clearProblem();
  // A completed row goes at once. It comes back if the request fails, or if the view shows completed
  // tasks too.
  if (!ctx.sourceElement?.matches(".check")) return;
  ctx.row = ctx.sourceElement.parentElement;
  ctx.row.hidden = true;
  focus.restore();
});
on("htmx:finally:request", ({ detail: { ctx } }) => ctx.row && (ctx.row.hidden = false));
on("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx?.sourceElement?.id === "line" || !ctx?.request) return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (ctx.request.method === "GET" || menu.contains(ctx.sourceElement)) menu.open = false; // another menu was opened meanwhile
  }
  if (ctx.request.method === "GET" && ctx.sourceElement?.matches("a:not([data-more]), form")) {
    scrollTo(0, 0);
    document.getElementById("title")?.focus({ preventScroll: true });
  } else {
    focus?.restore();
  }
});
on("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (ctx && !ctx.sourceElement?.matches("#line, #q")) tell("The server cannot be reached. Nothing you typed is lost: try again in a moment.");
});

// Refreshes the view when a task becomes overdue and when the day ends.
const longest = 2 ** 31 - 1;
const firstPause = 500;
const longestPause = 60_000;
let pause = firstPause;
let timer = 0;
let last = 0; // the due time of the last refresh
function schedule() {
  clearTimeout(timer);
  const at = Number(app().dataset.refreshAt);
  if (at) timer = setTimeout(passed, Math.min(Math.max(at - Date.now(), 0) + pause, longest), at);
}
// passed waits longer after each refresh that changes nothing: there may be no connection, or this
// clock may be ahead.
function passed(at) {
  pause = at === last ? Math.min(pause * 2, longestPause) : firstPause;
  last = at;
  refresh().then(schedule);
}
schedule();
on("htmx:after:swap", schedule);

on("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  // A click outside a menu closes it.
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
on("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
for (const element of document.querySelectorAll("[data-open][hidden]")) element.hidden = false;

window.addEventListener("pageshow", (event) => {
  if (event.persisted) refresh();
});
