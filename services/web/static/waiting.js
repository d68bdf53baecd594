// Shows the waiting changes: in their own list and at their tasks. A change in conflict is shown
// beside the current values, so that the user can choose.

import { addAgain, newKey } from "./add.js";
import { version } from "./api.js";
import { field, withField } from "./queue.js";
import { app, say, tell } from "./view.js";

const verbs = { add: "Add", complete: "Complete", reopen: "Reopen", delete: "Delete", snooze: "Snooze", skip: "Skip", postpone: "Move", edit: "Change" };

// words describes a change.
export const words = ({ kind, title }) => `${verbs[kind]} “${title}”`;

export class Waiting {
  changes = [];
  #choose;
  #shown = {}; // the rendered list and its changes
  #state = "idle";
  #connection = "connecting";

  // choose(change, now) resolves a conflict. Without now it drops the change.
  constructor(choose) {
    this.#choose = choose;
  }

  show(changes) {
    const known = new Set(this.changes.filter((change) => change.conflict).map((change) => change.id));
    const stuck = changes.find((change) => change.conflict && !known.has(change.id));
    if (stuck) say(`Your choice is needed. ${words(stuck)}: ${stuck.conflict.words}`);
    this.changes = changes;
    this.#render();
    this.mark();
  }

  state(state) {
    this.#state = state;
    this.#render();
  }

  connection(state) {
    this.#connection = state;
    this.#render();
  }

  // mark shows at each task of the view that changes are waiting.
  mark() {
    const place = document.getElementById("waiting");
    if (place && !place.firstChild) this.#render();
    const kinds = new Map(this.changes.filter((change) => change.task).map((change) => [change.task, change.kind]));
    for (const row of app().querySelectorAll("[data-task]")) {
      const kind = kinds.get(row.dataset.task);
      row.querySelector(".waits")?.remove();
      if (!kind) {
        delete row.dataset.waiting;
        continue;
      }
      row.dataset.waiting = kind;
      row.querySelector(".about")?.append(element("span", "waits", "Waiting to be sent"));
    }
  }

  // confirmLoss asks whether the unsent changes may be lost.
  confirmLoss() {
    const dialog = element("dialog", "loss");
    const n = this.changes.length;
    const heading = element("h2", "", n === 1 ? "One change has not been sent" : `${n} changes have not been sent`);
    heading.id = "loss";
    dialog.setAttribute("aria-labelledby", heading.id);
    dialog.append(
      heading,
      element("p", "", "What could not be sent is in this browser alone. Log out, and it is lost."),
    );
    return new Promise((resolve) => {
      const end = (lose) => {
        dialog.remove();
        resolve(lose);
      };
      dialog.append(actions(["Stay", () => end(false)], ["Lose them and log out", () => end(true)]));
      dialog.addEventListener("cancel", () => end(false));
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  #render() {
    const place = document.getElementById("waiting");
    if (!place) return;
    place.hidden = this.changes.length === 0 && this.#connection !== "offline";
    if (!place.firstChild) place.append(element("h2"), element("p", "hint"), element("ul", "list"));
    const [heading, hint, list] = place.children;
    heading.textContent = this.#heading();
    hint.textContent = this.#explain();
    // A change of state alone keeps the buttons, because the user may be pressing one.
    const changes = JSON.stringify(this.changes);
    if (this.#shown.list === list && this.#shown.changes === changes) return;
    this.#shown = { list, changes };
    const focused = place.contains(document.activeElement) && document.activeElement.textContent;
    list.replaceChildren(...this.changes.map((change) => this.#row(change)));
    if (focused) [...place.querySelectorAll("button")].find((button) => button.textContent === focused)?.focus();
  }

  #heading() {
    const n = this.changes.length;
    if (n === 0) return "Offline";
    if (this.changes.some((change) => change.conflict)) return "Your choice is needed";
    return n === 1 ? "1 change waits to be sent" : `${n} changes wait to be sent`;
  }

  #explain() {
    if (this.changes.some((change) => change.conflict)) return "What you changed could not be done as it was meant. Nothing is lost: choose what holds.";
    if (this.#state === "login") return "Log in again, and they are sent.";
    if (this.#state === "sending") return "They are being sent.";
    if (this.#state === "busy") return "There is much to do at the server. What you change is kept in this browser and sent as soon as it has time.";
    if (this.#state === "full") return "The server's disk is full. What you change is kept in this browser and sent when there is room.";
    return "There is no connection. What you change is kept in this browser and sent when there is one.";
  }

  #row(change) {
    const row = element("li", "change");
    row.dataset.change = change.id;
    row.append(element("p", "name", words(change)));
    if (!change.conflict) {
      row.append(actions(["Take back", () => this.#choose(change)]));
      return row;
    }
    row.dataset.conflict = change.conflict.status;
    row.append(element("p", "why", change.conflict.words), versions(change), actions(...this.#ways(change)));
    return row;
  }

  // ways returns the choices for a conflict.
  #ways(change) {
    const { conflict, kind, fields } = change;
    const to = (now) => () => this.#choose(change, now && { ...change, ...now });
    const ways = [];
    if (conflict.parts.length > 0) {
      ways.push(["Keep mine", to({ fields: withField(fields, "made", join(conflict.seen, field(change, "made"))) })]);
      ways.push(["Keep theirs", to({ fields: conflict.parts.reduce((all, { name }) => withField(all, `keep_${name}`, "theirs"), fields) })]);
    } else if (conflict.status === 412) {
      ways.push([`${verbs[kind]} it anyway`, () => this.#anyway(change)]);
    } else if (conflict.status >= 500) {
      ways.push(["Try again", to({})]);
    }
    if (field(change, "line") !== undefined && conflict.status < 500) ways.push(["Put it back into the line", () => this.#again(change)]);
    if (kind === "edit") ways.push(["Add mine as a new task", to(copyOf(change))]);
    ways.push([kind === "edit" ? "Drop mine" : "Leave it", to()]);
    return ways;
  }

  // again puts a refused task back into the line for editing.
  #again(change) {
    if (addAgain(change.fields)) this.#choose(change);
    else tell("There is no empty line to put it into: go to one of the lists, and add what is typed there first.");
  }

  // anyway repeats an action for the current version of the task.
  async #anyway(change) {
    try {
      const now = await version(`/tasks/${change.task}`);
      this.#choose(change, { ...change, fields: withField(change.fields, "revision", now) });
    } catch (error) {
      tell(error.message);
    }
  }
}

// versions shows the user's values and, if known, the current ones.
function versions({ conflict, edited }) {
  const table = element("table", "versions");
  const known = conflict.parts.length > 0;
  const rows = known ? conflict.parts.map(({ label, mine, theirs }) => [label, mine, theirs])
    : (edited ?? []).map(({ label, value }) => [label, value]);
  if (rows.length === 0) return "";
  table.createTHead().insertRow().append(...["", "Yours", "There"].slice(0, rows[0].length).map((text) => element("th", "", text)));
  for (const [label, ...cells] of rows) {
    table.insertRow().append(element("th", "", label), ...cells.map((text) => element("td", "", text || "none")));
  }
  return table;
}

// copyOf turns the user's version into a new task.
function copyOf(change) {
  const fields = withField(change.fields, "key", newKey());
  return { path: "/tasks/copy", task: "", kind: "add", title: field(change, "title"), fields };
}

// join merges two digests part by part. Each part has a fixed position and may be empty.
function join(these, those = "") {
  const others = those.split(".");
  return these.split(".").map((part, i) => part || others[i] || "").join(".");
}

function actions(...buttons) {
  const row = element("div", "actions");
  for (const [text, act] of buttons) {
    const button = element("button", "secondary", text);
    button.type = "button";
    button.addEventListener("click", act);
    row.append(button);
  }
  return row;
}

function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}
