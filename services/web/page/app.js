// The page: who is there, their tasks, and what changes while they look.

import { addForm } from "./add.js";
import { all, call, Problem } from "./api.js";
import { Live } from "./live.js";
import { List } from "./list.js";

const $ = (id) => document.getElementById(id);
const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

let live = null;
let loading = null; // changes that came while the tasks were being loaded
let loads = Promise.resolve();
let withDone = false; // whether done tasks have been asked for
const list = new List($("list"), { toggle, remove });

// attempt runs something that may fail and shows why it did.
async function attempt(work) {
  $("problem").hidden = true;
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401 && !$("tasks").hidden) leave("You are not logged in any more.");
    else fail(error.message);
  }
}

function fail(message) {
  $("problem").textContent = message;
  $("problem").hidden = false;
}

function say(message) {
  $("said").textContent = message;
}

// busy runs work while a form cannot be sent again.
async function busy(form, work) {
  const buttons = form.querySelectorAll("button");
  for (const b of buttons) b.disabled = true;
  await attempt(work);
  for (const b of buttons) b.disabled = false;
}

async function enter(user) {
  $("email").textContent = user.email;
  $("enter").hidden = true;
  $("account").hidden = $("tasks").hidden = false;
  $("enter").reset();
  await load();
  live?.stop();
  // From the revision before the tasks were listed: what changed since is in the list or comes.
  live = new Live(user.revision, { change, resync, state: connection, refused: stillHere });
  $("add-title").focus();
}

function leave(why) {
  live?.stop();
  live = null;
  list.clear();
  $("account").hidden = $("tasks").hidden = true;
  $("deliveries").open = withDone = false;
  $("filter").querySelector("[value=open]").checked = true;
  $("enter").hidden = false;
  $("enter-email").focus();
  if (why) fail(why);
}

// load lists the tasks anew, one time after another.
function load() {
  return loads = loads.catch(() => {}).then(loadNow);
}

async function loadNow() {
  loading = [];
  try {
    list.replace(await all(`/tasks?status=${withDone ? "all" : "open"}`));
    for (const message of loading) apply(message);
  } finally {
    loading = null;
    show();
  }
}

// resync lists the tasks anew, until that succeeds: what they were before is of no use.
async function resync() {
  try {
    await load();
  } catch (error) {
    if (error.status !== 401) setTimeout(() => live && resync(), 5_000);
  }
}

function change(message) {
  if (loading) loading.push(message);
  else {
    apply(message);
    show();
  }
}

function apply(message) {
  if (message.type === "task.deleted") list.delete(message.task.id, message.revision);
  else list.put(message.task);
}

function show() {
  const done = $("filter").querySelector(":checked").value === "done";
  const { shown, open } = list.render(done);
  $("count").textContent = open === 1 ? "1 open task" : `${open} open tasks`;
  $("empty").hidden = shown > 0;
  $("empty").textContent = done ? "Nothing is done yet." : "Nothing to do.";
}

function connection(state) {
  $("connection").dataset.state = state;
  $("connection").textContent = state === "live" ? "Live" : "Connecting…";
}

// stillHere says whether to connect again: not when the session has ended.
async function stillHere() {
  try {
    await call("GET", "/me");
  } catch (error) {
    if (error.status === 401) {
      leave("You are not logged in any more.");
      return false;
    }
  }
  return true;
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const signup = event.submitter?.value === "signup";
  const body = { email: form.elements.email.value.trim(), password: form.elements.password.value };
  if (signup) body.time_zone = timeZone;
  busy(form, async () => enter(await call("POST", signup ? "/signup" : "/login", body)));
});

$("logout").addEventListener("click", () => attempt(async () => {
  await call("POST", "/logout");
  leave();
}));

addForm($("add"), $("understood"), {
  attempt,
  added(task) {
    list.put(task);
    show();
    say(`Added ${task.title}`);
  },
});

$("filter").addEventListener("change", () => {
  show();
  if (withDone) return;
  withDone = true;
  attempt(load);
});

function toggle(task) {
  return attempt(async () => {
    const changed = await call("POST", `/tasks/${task.id}/${task.completed ? "reopen" : "complete"}`);
    list.put(changed);
    show();
    say(`${task.title} is ${changed.completed ? "done" : "open again"}`);
  });
}

function remove(task) {
  return attempt(async () => {
    try {
      await call("DELETE", `/tasks/${task.id}`);
    } catch (error) {
      if (error.status !== 404) throw error;
    }
    list.delete(task.id, Infinity);
    show();
    say(`Deleted ${task.title}`);
  });
}

$("deliveries").addEventListener("toggle", () => $("deliveries").open && attempt(async () => {
  const { items } = await call("GET", "/deliveries?limit=20");
  const rows = items.map((delivery) => {
    const row = document.createElement("li");
    const when = new Date(delivery.created_at).toLocaleString();
    row.textContent = [when, delivery.channel_kind, delivery.state, delivery.reason].filter(Boolean).join(" · ");
    return row;
  });
  if (rows.length === 0) {
    rows.push(document.createElement("li"));
    rows[0].textContent = "No reminder has been sent yet.";
  }
  $("delivery-list").replaceChildren(...rows);
}));

setInterval(() => $("tasks").hidden || show(), 60_000); // what is due becomes overdue

try {
  const user = await call("GET", "/me");
  await attempt(() => enter(user));
} catch (error) {
  leave(error.status === 401 ? "" : error.message);
}
