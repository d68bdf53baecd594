// The form of a task. The typed text stays until it is saved, even if the task changes elsewhere.

const form = () => document.getElementById("edit");
const dirty = () => form()?.dataset.dirty !== undefined;

export function startEditor() {
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#edit")) return;
    form().dataset.dirty = "";
    form().setAttribute("hx-morph-skip", "");
  });
  // The form's own answer and other views replace it.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement?.id === "edit") settle(ctx.response.status);
    else if (ctx.request && leaves(ctx)) settle(200);
  });
  // A refused form is shown with its errors. It is still unsaved, so its text stays too.
  document.addEventListener("htmx:after:swap", () => dirty() && form().setAttribute("hx-morph-skip", ""));
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

// settle lets an answer replace the form. A refused form still counts as unsaved.
export function settle(status) {
  if (!form() || status >= 500 || status === 429) return;
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
