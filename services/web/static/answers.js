// Late answers. The answer to a form contains the view that sent the form. If another view is shown
// by then, that view stays and is refreshed. Only the notices of the answer are used. Of two
// clicked links, the later one wins.

import { here, refresh } from "./view.js";

let latest = null; // latest request for another view

const isView = (ctx) => ctx.request?.method === "GET" && ctx.target?.id === "app";

export function startAnswers() {
  // Runs after all other listeners, which may have cancelled the request.
  addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (isView(ctx) && !event.defaultPrevented) latest = ctx;
  });
  // Runs before all other listeners, which would make room for the answer.
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

// from returns the view that sent a request. The server leads back to it.
function from(ctx) {
  const { pathname, search } = new URL(ctx.request.headers["HX-Current-URL"]);
  return pathname + search;
}
