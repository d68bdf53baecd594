// The form of a task: what was typed into it stays until it is saved, whatever happens elsewhere.

const form = () => document.getElementById("edit");
const dirty = () => form()?.dataset.dirty !== undefined;

export function startEditor() {
  document.addEventListener("input", (event) => {
    if (!event.target.closest("#edit")) return;
    form().dataset.dirty = "";
    form().setAttribute("hx-morph-skip", "");
  });
  // What the form itself is answered with, and another view, take its place.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement?.id === "edit") settle(ctx.response.status);
    else if (ctx.request && leaves(ctx)) settle(200);
  });
  // What was refused is shown with why, and is not saved yet: it stays as well.
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

// leaves says whether a request is for another view.
const leaves = (ctx) => ctx.request.method === "GET" && ctx.target?.id === "app";

// settle makes way for an answer; what was refused is still not saved.
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
