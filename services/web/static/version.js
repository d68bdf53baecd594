// The page notices an upgrade of the server, says so, and loads itself anew when nothing is being typed.

import { stand, typed } from "./view.js";

const own = document.querySelector('meta[name="taskmaster-version"]')?.content;
const askPause = 600_000; // a replica that was not upgraded yet may have answered
const stillFor = 3_000; // after the last key or click
const reloadPause = 300_000; // before the page is loaded for the same version again: not every replica may have it yet

let newer = null;
let touched = 0;

export function startVersion() {
  for (const event of ["input", "keydown", "pointerdown"]) addEventListener(event, () => { touched = Date.now(); }, true);
  setInterval(() => document.hidden || askVersion(), askPause);
}

// askVersion asks the server which version its pages have.
export async function askVersion() {
  if (newer) return;
  let version;
  try {
    const response = await fetch("/healthz", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(15_000) });
    version = response.headers.get("Taskmaster-Version");
  } catch {
    return; // it is asked again after the next connection
  }
  if (newer || !own || !version || version === own) return;
  newer = version;
  stand("version", "A new version of TaskMaster is there. It is loaded as soon as nothing is being typed.");
  setInterval(load, 1_000);
}

function load() {
  if (busy()) return;
  const last = JSON.parse(sessionStorage.getItem("loaded") ?? "{}");
  if (last.version === newer && Date.now() - last.at < reloadPause) return;
  sessionStorage.setItem("loaded", JSON.stringify({ version: newer, at: Date.now() }));
  location.reload();
}

// busy reports whether loading the page would lose something: text, a secret that is shown once, a choice, a form on its way.
function busy() {
  return typed() || Date.now() - touched < stillFor && !document.hidden || edited() ||
    Boolean(document.querySelector("[data-still], dialog[open], #undos > *, .htmx-request"));
}

function edited() {
  const fields = document.querySelectorAll("input:not([type=hidden], [type=checkbox], [type=radio], [type=search], [type=submit]), textarea");
  return [...fields].some((field) => field.value !== field.defaultValue);
}
