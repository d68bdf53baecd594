// The tasks and their rows. A row stays the same element as long as its task is shown, so that focus is not lost.

import { request } from "./api.js";

const said = new Map(); // recurrences in words

export class List {
  #element;
  #actions;
  #tasks = new Map();
  #rows = new Map();
  #deleted = new Map(); // id -> revision

  // actions has toggle(task) and remove(task).
  constructor(element, actions) {
    this.#element = element;
    this.#actions = actions;
  }

  clear() {
    this.#tasks.clear();
    this.#deleted.clear();
    this.#rows.clear();
    this.#element.replaceChildren();
  }

  replace(tasks) {
    this.#tasks.clear();
    for (const task of tasks) this.put(task);
  }

  // put takes in a task unless a later state of it is known.
  put(task) {
    const known = this.#tasks.get(task.id)?.revision ?? this.#deleted.get(task.id) ?? 0;
    if (task.revision >= known) this.#tasks.set(task.id, task);
  }

  delete(id, revision) {
    this.#deleted.set(id, revision);
    this.#tasks.delete(id);
  }

  // render shows the tasks that are open, by due date, or those that are done, the latest first.
  render(done) {
    const tasks = [...this.#tasks.values()];
    const wanted = tasks.filter((t) => t.completed === done).sort(done ? byCompletion : byDueDate);
    const ids = new Set(wanted.map((t) => t.id));
    const focus = this.#focus(ids);
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    let place = this.#element.firstChild;
    for (const task of wanted) {
      const row = this.#row(task.id);
      row.show(task);
      if (row.element === place) place = place.nextSibling;
      else this.#element.insertBefore(row.element, place);
    }
    focus?.focus();
    return { shown: wanted.length, open: tasks.filter((t) => !t.completed).length };
  }

  // focus returns what to focus when the row that has it goes: its neighbour.
  #focus(staying) {
    const rows = [...this.#rows];
    const at = rows.findIndex(([, row]) => row.element.contains(document.activeElement));
    if (at < 0 || staying.has(rows[at][0])) return null;
    const elements = [...this.#element.children];
    const here = elements.indexOf(rows[at][1].element);
    const stays = (element) => rows.some(([id, row]) => row.element === element && staying.has(id));
    const next = elements.slice(here + 1).find(stays) ?? elements.slice(0, here).findLast(stays);
    return next?.querySelector("button") ?? document.getElementById("add-title");
  }

  #row(id) {
    if (!this.#rows.has(id)) this.#rows.set(id, newRow(() => this.#tasks.get(id), this.#actions));
    return this.#rows.get(id);
  }
}

function newRow(task, actions) {
  const element = document.createElement("li");
  const check = button("check");
  check.setAttribute("role", "checkbox");
  element.append(check);
  const what = append(element, "div", "what");
  const name = append(what, "div", "name");
  const about = append(what, "div", "about");
  const remove = button("quiet");
  remove.textContent = "Delete";
  element.append(remove);
  for (const [b, act] of [[check, actions.toggle], [remove, actions.remove]]) {
    b.addEventListener("click", async () => {
      // Not disabled: that would take the focus away.
      if (element.ariaBusy === "true") return;
      element.ariaBusy = "true";
      await act(task());
      element.ariaBusy = "false";
    });
  }
  return {
    element,
    show(t) {
      element.classList.toggle("done", t.completed);
      check.ariaChecked = String(t.completed);
      check.ariaLabel = t.title;
      remove.ariaLabel = `Delete ${t.title}`;
      name.textContent = t.title;
      about.replaceChildren(...facts(t));
    },
  };
}

function append(parent, tag, name) {
  const element = document.createElement(tag);
  element.className = name;
  parent.append(element);
  return element;
}

function button(name) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = name;
  return element;
}

// facts are what is to be said of a task besides its title.
function facts(t) {
  const out = [];
  const add = (text, name = "") => {
    const element = document.createElement("span");
    element.textContent = text;
    element.className = name;
    out.push(element);
    return element;
  };
  if (t.due_at) {
    const overdue = !t.completed && new Date(t.due_at) < new Date();
    add((overdue ? "Overdue: " : "") + day(new Date(t.due_at)), overdue ? "overdue" : "");
  }
  if (t.recurrence) {
    const element = add("Repeats");
    repeats(t).then((words) => { element.textContent = `Repeats ${words}`; });
  }
  if (t.priority !== "none") add(`${t.priority[0].toUpperCase()}${t.priority.slice(1)} priority`, t.priority);
  for (const tag of t.tags) add(`#${tag}`);
  return out;
}

// repeats says the recurrence of a task in words; each is asked for once.
function repeats(t) {
  const { rrule, anchor, dtstart, end_at } = t.recurrence;
  const query = new URLSearchParams({ rrule, anchor, due_at: dtstart ?? t.due_at, end_at: end_at ?? "", zone: t.time_zone });
  const path = `/repeats?${query}`;
  if (!said.has(path)) {
    said.set(path, request("GET", path).then((answer) => answer.repeats, () => {
      said.delete(path);
      return rrule;
    }));
  }
  return said.get(path);
}

export function day(date) {
  const time = date.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  const days = Math.round((midnight(date) - midnight(new Date())) / 86_400_000);
  const near = { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
  if (near) return `${near}, ${time}`;
  const options = { weekday: "short", day: "numeric", month: "short" };
  if (date.getFullYear() !== new Date().getFullYear()) options.year = "numeric";
  return `${date.toLocaleDateString([], options)}, ${time}`;
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

function byDueDate(a, b) {
  if (a.due_at !== b.due_at) return (a.due_at ?? "9") < (b.due_at ?? "9") ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

function byCompletion(a, b) {
  return a.completed_at < b.completed_at ? 1 : -1;
}
