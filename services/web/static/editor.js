// The form of a task. The typed text stays until it is saved, even if the task changes elsewhere.

let sending = null; // the request of the form
let answered = false; // its answer replaces the form
const late = new Map(); // fields that changed while it was sent

const form = () => document.getElementById("edit");
const dirty = () => form()?.dataset.dirty !== undefined;

export function startEditor() {
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#edit")) return;
    form().dataset.dirty = "";
    form().setAttribute("hx-morph-skip", "");
    if (isSent()) keepLate(event.target);
  });
  // A second request waits for the answer to the first. It must have the text and the revision of now.
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement?.id !== "edit") return;
    sending = ctx;
    ctx.request.body = new URLSearchParams(new FormData(form(), ctx.request.submitter));
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx !== sending) return;
    sending = null;
    late.clear();
  });
  // The form's own answer and other views replace it.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    answered = ctx.sourceElement?.id === "edit";
    if (answered) settle(ctx.response.status);
    else if (ctx.request && leaves(ctx)) settle(200);
  });
  document.addEventListener("htmx:after:swap", () => {
    if (answered && isSent()) bringBack();
    // A refused form is shown with its errors. It is still unsaved, so its text stays too.
    if (dirty()) form().setAttribute("hx-morph-skip", "");
  });
  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (leaves(ctx) && dirty() && !confirm("Leave without saving what you changed?")) event.preventDefault();
  });
  addEventListener("beforeunload", (event) => {
    if (dirty()) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("#edit")) form().requestSubmit();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.id === "time_zone") offerZones(document.getElementById("zones"));
  });
}

// leaves reports whether a request loads another view.
const leaves = (ctx) => ctx.request.method === "GET" && ctx.target?.id === "app";

// isSent reports whether the form on the page is the one that is being sent. The user may have opened
// another task meanwhile.
const isSent = () => sending && form()?.getAttribute("action") === sending.request.action;

const named = (name) => [...form().elements].filter((field) => field.name === name);

// keepLate remembers a field by its name and its place among the fields of that name.
function keepLate(field) {
  const { name, value, checked } = field;
  const place = named(name).indexOf(field);
  if (place >= 0) late.set(`${name} ${place}`, { name, place, value, checked });
}

// bringBack sets these fields in the form of the answer.
function bringBack() {
  for (const { name, place, value, checked } of [...late.values()]) {
    const field = named(name)[place];
    if (!field) continue;
    field.value = value;
    if (checked !== undefined) field.checked = checked;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// settle lets an answer replace the form. A refused form still counts as unsaved. An answer with
// status 204 has no form, because the change is in the queue. Fields that changed since then stay.
export function settle(status) {
  if (!form() || status >= 500 || status === 429 || status === 204 && late.size) return;
  form().removeAttribute("hx-morph-skip");
  if (status < 400) delete form().dataset.dirty;
}

function offerZones(list) {
  if (list.dataset.all !== undefined) return;
  list.dataset.all = "";
  const known = new Set([...list.options].map((option) => option.value));
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    if (known.has(zone)) continue;
    const option = document.createElement("option");
    option.value = zone;
    list.append(option);
  }
}
