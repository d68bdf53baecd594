// Answers that come late. What a form is answered with is the view from which it was sent: when another one is shown by then, that
// stays and is brought up to date, and only what the answer has to say is taken from it. Of two links the later one holds.

import { here, refresh } from "./view.js";

let latest = null; // request for another view

const isView = (ctx) => ctx.request?.method === "GET" && ctx.target?.id === "app";

export function startAnswers() {
  // After everybody else, who may have stopped it.
  addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (isView(ctx) && !event.defaultPrevented) latest = ctx;
  });
  // Before everybody else, who would make way for it.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx, tasks } = event.detail;
    if (isView(ctx)) {
      if (ctx === latest) return;
      event.preventDefault();
    } else {
      if (ctx.request?.method !== "POST" || ctx.target?.id !== "app" || from(ctx) === here()) return;
      tasks.splice(0, tasks.length, ...tasks.filter((task) => task.type !== "main"));
      ctx.push = ctx.replace = "false";
      ctx.hx = {};
      ctx.title = null;
      refresh();
    }
    event.stopImmediatePropagation();
  }, true);
}

// from is the view that was shown as a request was made, which is where the server leads back.
function from(ctx) {
  const { pathname, search } = new URL(ctx.request.headers["HX-Current-URL"]);
  return pathname + search;
}
