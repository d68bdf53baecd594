// The line for new tasks. htmx shows the parsed line below it. This module empties the line when it
// is sent, and restores it when the task was not added.

import { tell } from "./view.js";

// dates is the user's date order, which decides the meaning of 3/4.
const dates = (() => {
  const order = new Intl.DateTimeFormat(navigator.language, { day: "numeric", month: "numeric" })
    .formatToParts(new Date()).map((part) => part.type).filter((type) => type === "day" || type === "month");
  return order[0] === "month" ? "mdy" : "dmy";
})();

// newKey creates an Idempotency-Key. crypto.randomUUID exists only over https and on localhost.
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

let hint = null;

export function startAdd() {
  prepare();
  document.addEventListener("htmx:after:swap", prepare);
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement?.id === "add") reset(ctx.sourceElement);
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement?.id === "add" && !(ctx.response?.status < 400)) putBack(ctx.sourceElement, ctx.request.body);
  });
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.sourceElement?.id === "line") unsaid();
  });
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement?.id !== "line") return;
    if (ctx.response.status >= 400 || new URLSearchParams(ctx.request.action.split("?")[1]).get("line") !== document.getElementById("line").value) {
      event.preventDefault();
    }
  });
}

function prepare() {
  const form = document.getElementById("add");
  if (!form) return;
  form.elements.dates.value = dates;
  hint ??= [...document.getElementById("understood").childNodes].map((node) => node.cloneNode(true));
}

const typed = (form) => form.querySelectorAll("input:not([type=hidden]), select");

// reset empties the form while it is being sent, so that the next task can be typed at once.
function reset(form) {
  form.elements.key.value = newKey();
  for (const field of typed(form)) field.value = "";
  unsaid();
}

// putBack restores the typed text of a task that was not added, unless the line is in use again.
function putBack(form, sent) {
  if (form.elements.line.value !== "") {
    tell(`“${sent.get("line")}” was not added.`);
    return;
  }
  form.elements.key.value = sent.get("key");
  fill(form, sent);
}

// fill sets the visible fields of the form to the values that were sent.
function fill(form, sent) {
  for (const field of typed(form)) field.value = sent.get(field.name) ?? "";
  form.querySelector("details").open = ["due", "repeat", "priority"].some((name) => sent.get(name));
}

// addAgain puts a task that could not be added back into the line. It returns false if the line is
// not empty.
export function addAgain(fields) {
  const form = document.getElementById("add");
  if (!form || form.elements.line.value !== "") return false;
  fill(form, new Map(fields));
  form.elements.line.focus();
  return true;
}

function unsaid() {
  if (hint) document.getElementById("understood")?.replaceChildren(...hint.map((node) => node.cloneNode(true)));
}
