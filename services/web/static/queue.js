// Sends the waiting changes in order, from one tab at a time. Each change has an Idempotency-Key. An
// edit also has the revision of its task. Repeating a change therefore neither makes it twice nor
// overwrites another one.
//
//	waiting ── sent and made ──> gone
//	   │ ^
//	   │ └── unreachable, logged out or disk full: after a growing pause; busy: at the server's time
//	   v
//	conflict ── the user chooses ──> waiting, gone
//
// A change after a conflict about the same task waits for the choice.

import { explain } from "./api.js";
import { list, put, remove, replace } from "./store.js";

const timeout = 20_000;
const firstWait = 1_000;
const longestWait = 30_000;
const maxFailures = 5; // responses with a server error, before the change becomes a conflict
const diskFull = 507; // nothing was saved; the change can be repeated when there is room again
const quotaExceeded = "quota_exceeded"; // the account is full: a deletion, which makes room, must not wait behind this change

export class Queue {
  #user;
  #on;
  #channel = new BroadcastChannel("taskmaster-changes");
  #running = null;
  #again = false;
  #timer = 0;
  #wait = firstWait;
  #notBefore = 0; // earliest time of the next request to an overloaded server

  // on has changed(changes), state("idle" | "sending" | "away" | "busy" | "full" | "login") and
  // sent(). sent is called after a change was made.
  constructor(user, on) {
    this.#user = user;
    this.#on = on;
    this.#channel.onmessage = () => this.#show();
    this.#show();
    this.send();
  }

  all() { return list(this.#user); }

  // add keeps a change and sends it as soon as possible. A change has a path, form fields (names
  // and values) and the time at which it was made. It may have a task's id.
  async add(change) {
    await put({ ...change, user: this.#user });
    await this.#changed();
    this.send();
  }

  // choose resolves a conflict. now is the change to send instead, or undefined to drop it.
  async choose(change, now) {
    await (now ? put({ ...now, id: change.id, user: this.#user, at: change.at, conflict: undefined, failures: 0 }) : remove(change.id));
    await this.#changed();
    this.send();
  }

  async clear() {
    for (const change of await this.all()) await remove(change.id);
    await this.#changed();
  }

  // pause stops sending to an overloaded server for the number of seconds that it asked for.
  pause(seconds) {
    if (!seconds) return;
    this.#notBefore = Date.now() + seconds * 1_000;
    this.#on.state("busy");
  }

  // send sends now, or as soon as the server allows it.
  send() {
    clearTimeout(this.#timer);
    if (this.#paused()) {
      this.#timer = setTimeout(() => this.send(), this.#notBefore - Date.now());
      return this.#running ?? Promise.resolve();
    }
    this.#again = true;
    return (this.#running ??= this.#run());
  }

  #paused() { return Date.now() < this.#notBefore; }

  async #run() {
    try {
      do {
        this.#again = false;
        // Over http there are no locks, and two tabs may send the same change. Its key and revision
        // make that harmless.
        if (navigator.locks) await navigator.locks.request(`taskmaster-changes-${this.#user}`, () => this.#drain());
        else await this.#drain();
      } while (this.#again && !this.#paused());
    } finally {
      this.#running = null;
    }
  }

  async #drain() {
    let done = 0;
    let state = "idle";
    for (let next; (next = ready(await this.all()));) {
      if (this.#paused()) {
        state = "busy";
        break;
      }
      this.#on.state("sending");
      const answer = await this.#post(next);
      if (answer.done) {
        await follow(next, answer.done, await this.all());
        await remove(next.id);
        this.#wait = firstWait;
        done++;
      } else if (answer.conflict) {
        await replace({ ...next, conflict: answer.conflict });
      } else {
        if (answer.failed) await replace({ ...next, failures: (next.failures ?? 0) + 1 });
        state = answer.login ? "login" : answer.full ? "full" : answer.after ? "busy" : "away";
        if (!answer.login) this.#later(answer.after);
        break;
      }
      await this.#changed();
    }
    this.#on.state(state);
    if (done > 0) this.#on.sent();
  }

  // later tries again at the time that the server named, or after a growing pause. The random part
  // spreads clients that lost their connections together.
  #later(after) {
    this.pause(after);
    const wait = after ? after * 1_000 : this.#wait * (0.5 + Math.random() / 2);
    this.#wait = Math.min(this.#wait * 2, longestWait);
    this.#timer = setTimeout(() => this.send(), wait);
  }

  async #post(change) {
    let response;
    try {
      response = await post(change, this.#user);
    } catch {
      return {};
    }
    const { status } = response;
    if (response.ok) return { done: response.headers };
    if (status === 401) return { login: true };
    if (away(status)) return { after: retryAfter(response) };
    const problem = await response.json().catch(() => null);
    if (status === diskFull && problem?.code !== quotaExceeded) return { full: true };
    if (status >= 500 && status !== diskFull && (change.failures ?? 0) < maxFailures) return { failed: true };
    return { conflict: { status, words: words(status, problem), seen: problem?.seen, parts: problem?.conflicts ?? [] } };
  }

  async #changed() {
    this.#channel.postMessage("");
    await this.#show();
  }

  async #show() { this.#on.changed(await this.all()); }
}

// post sends a change as a form. The header makes the server answer without a page, and compare the
// owner of the change with the logged-in user.
export function post(change, user) {
  return fetch(change.path, {
    method: "POST", credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(timeout),
    headers: { "Taskmaster-Change-Of": user },
    body: new URLSearchParams([...change.fields, ...made(change)]),
  });
}

// stamp returns the time of a change. The device's clock may be wrong by hours, and may be set
// before the change is sent.
export const stamp = () => ({ at: new Date().toISOString(), ticks: performance.now(), page: performance.timeOrigin });

// made returns the time and the age of a change. A constant error of the clock cancels out in the
// age. Within the page that made the change, performance.now() also counts. It ignores a clock that
// is set back, but may stop while the device sleeps.
export function made(change) {
  const ticks = change.page === performance.timeOrigin ? performance.now() - change.ticks : 0;
  const ago = Math.max(Date.now() - Date.parse(change.at), ticks, 0);
  return [["made_at", change.at], ["made_ago", String(Math.round(ago))]];
}

// away reports whether a status means that the server is unreachable or overloaded. The change
// itself is fine, and its key makes it safe to send it again.
export const away = (status) => [408, 429, 502, 503, 504].includes(status);

// retryAfter returns the number of seconds that the server asks to wait. It is 0 when the header is
// missing or holds a date.
export const retryAfter = (response) => Number(response.headers.get("Retry-After")) || 0;

// ready returns the first change that is not in conflict and does not follow a conflict about the
// same task.
function ready(changes) {
  const stuck = new Set(changes.filter((change) => change.conflict && change.task).map((change) => change.task));
  return changes.find((change) => !change.conflict && !stuck.has(change.task));
}

// follow updates the later changes of a task after an earlier one was made. Otherwise they would
// conflict with it.
async function follow(done, headers, changes) {
  const revision = headers.get("ETag")?.replaceAll('"', "");
  const made = headers.get("Taskmaster-Made");
  for (const change of changes) {
    if (change.id === done.id || !change.task || change.task !== done.task) continue;
    let { fields } = change;
    if (revision && field(done, "revision") && field(change, "revision") === field(done, "revision")) {
      fields = withField(fields, "revision", revision);
    }
    if (made && field(change, "was")) fields = withField(fields, "made", made);
    if (fields !== change.fields) await replace({ ...change, fields });
  }
}

export const field = (change, name) => change.fields.find(([n]) => n === name)?.[1];

export const withField = (fields, name, value) => [...fields.filter(([n]) => n !== name), [name, value]];

function words(status, problem) {
  if (status === 404) return "The task was deleted elsewhere.";
  if (status === 412) return "The task was changed elsewhere meanwhile.";
  return explain(status, problem);
}
