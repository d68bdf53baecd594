// Upgrades. The page notices a new version of the server, announces it, and reloads when nobody is
// typing.

import { stand, typed } from "./view.js";

const own = document.querySelector('meta[name="taskmaster-version"]')?.content;
const askPause = 600_000; // ms; another replica may still have the old version
const stillFor = 3_000; // ms since the last key or click
const reloadPause = 300_000; // ms before reloading for the same version again, because some replicas may still be old

let newer = null;
let touched = 0;

export function startVersion() {
  for (const event of ["input", "keydown", "pointerdown"]) addEventListener(event, () => { touched = Date.now(); }, true);
  setInterval(() => document.hidden || askVersion(), askPause);
}

// askVersion asks the server for the version of its pages.
export async function askVersion() {
  if (newer) return;
  let version;
  try {
    const response = await fetch("/healthz", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(15_000) });
    version = response.headers.get("Taskmaster-Version");
  } catch {
    return; // asks again after the next connection
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

// busy reports whether a reload would lose something: text, a secret that is shown once, a choice,
// or a form that is being sent.
function busy() {
  return typed() || Date.now() - touched < stillFor && !document.hidden || edited() ||
    Boolean(document.querySelector("[data-still], dialog[open], #undos > *, .htmx-request"));
}

function edited() {
  const fields = document.querySelectorAll("input:not([type=hidden], [type=checkbox], [type=radio], [type=search], [type=submit]), textarea");
  return [...fields].some((field) => field.value !== field.defaultValue);
}
