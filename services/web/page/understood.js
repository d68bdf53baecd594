// What the server understands of the line in which a task is added, and how that is shown.

import { request } from "./api.js";
import { day } from "./list.js";

const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const pause = 200; // milliseconds without a key, after which the line is read

// dates is the order of 3/4 where the reader is.
const dates = (() => {
  const order = new Intl.DateTimeFormat(navigator.language, { day: "numeric", month: "numeric" })
    .formatToParts(new Date()).map((part) => part.type).filter((type) => type === "day" || type === "month");
  return order[0] === "month" ? "mdy" : "dmy";
})();

export function understand(line, signal) {
  return request("GET", `/understand?${new URLSearchParams({ line, zone: timeZone, dates })}`, { signal });
}

// watch shows beneath an input what is understood of it while it is typed.
export function watch(input, place) {
  const hint = [...place.childNodes];
  let timer = 0;
  let asked = null;
  let shown = "";

  async function ask() {
    const line = input.value;
    asked = new AbortController();
    try {
      const answer = await understand(line, asked.signal);
      if (input.value !== line) return;
      show(place, answer);
      shown = line;
    } catch {
      // Adding says what is wrong; until then nothing is claimed.
      if (input.value === line) reset();
    }
  }
  function reset() {
    clearTimeout(timer);
    asked?.abort();
    shown = "";
    place.replaceChildren(...hint);
  }
  input.addEventListener("input", () => {
    clearTimeout(timer);
    asked?.abort();
    if (input.value.trim() === "") reset();
    else if (input.value !== shown) timer = setTimeout(ask, pause);
  });
  input.form.addEventListener("reset", reset);
}

function show(place, { task, repeats, occurrences }) {
  const parts = [chip(task.title, "title")];
  if (task.due_at && !repeats) parts.push(chip(`Due ${day(new Date(task.due_at))}`));
  if (repeats) parts.push(chip(`Repeats ${repeats}`));
  if (task.priority) parts.push(chip(`${task.priority} priority`, task.priority));
  for (const tag of task.tags ?? []) parts.push(chip(`#${tag}`));
  if (task.reminders) parts.push(chip(reminders(task.reminders)));
  if (occurrences) parts.push(chip(`Next: ${occurrences.map((at) => day(new Date(at))).join("; ")}`, "next"));
  // What is read aloud is read when it changes alone.
  if (place.textContent !== parts.map((part) => part.textContent).join("")) place.replaceChildren(...parts);
}

function chip(text, name = "") {
  const element = document.createElement("span");
  element.className = `chip ${name}`;
  element.textContent = `${text} `;
  return element;
}

function reminders(list) {
  if (list.length === 0) return "No reminder";
  return "Reminds " + list.map((r) => r.at ? day(new Date(r.at)) : `${length(r.minutes_before)} before`).join(", ");
}

function length(minutes) {
  const [n, unit] = minutes % 1440 === 0 ? [minutes / 1440, "day"] : minutes % 60 === 0 ? [minutes / 60, "hour"] : [minutes, "minute"];
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}
