// The live connection: changes in order from a revision on, also over interruptions. Whatever was missed while there was
// no connection is replayed, because each one asks for all after the last revision that was seen.

import { app, refresh, tell as tellPerson, typed } from "./view.js";

const firstWait = 500;
const longestWait = 30_000;

class Live {
  #socket = null;
  #timer = 0;
  #wait = firstWait;
  #away = false;
  #revision;
  #epoch; // the history which the revision is of: a restore of the server's database begins another
  #on;

  // on has change(message), resync(restored), state("live" | "connecting" | "offline") and refused(), which is called
  // when a connection was not made or was closed, and resolves to "again", "away" when no server answers, or "stop".
  constructor(revision, epoch, on) {
    this.#revision = revision;
    this.#epoch = epoch ?? "";
    this.#on = on;
    addEventListener("online", this.#now);
    addEventListener("offline", this.#off);
    this.#connect();
  }

  stop() {
    removeEventListener("online", this.#now);
    removeEventListener("offline", this.#off);
    clearTimeout(this.#timer);
    this.#on = null;
    this.#socket?.close();
  }

  #now = () => {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#connect();
  };

  // A connection that leads nowhere would look alive for as long as nothing is sent.
  #off = () => this.#socket?.close();

  #connect() {
    if (!this.#away) this.#on.state("connecting");
    const url = new URL(`/live?since=${this.#revision}&epoch=${this.#epoch}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#wait = firstWait;
      this.#away = false;
      this.#on?.state("live");
    };
    socket.onmessage = (event) => {
      if (!this.#on) return;
      const message = JSON.parse(event.data);
      const { epoch = this.#epoch } = message; // a server of an older version says none
      const restored = epoch !== this.#epoch;
      this.#revision = message.revision;
      this.#epoch = epoch;
      if (message.type === "resync") this.#on.resync(restored);
      else if (message.task) this.#on.change(message);
    };
    socket.onclose = () => this.#closed();
  }

  async #closed() {
    this.#socket = null;
    if (!this.#on) return;
    if (!this.#away) this.#on.state("connecting");
    // Clients that were cut off together come back one by one.
    const wait = this.#wait * (0.5 + Math.random() / 2);
    this.#wait = Math.min(this.#wait * 2, longestWait);
    const answer = await this.#on.refused();
    if (!this.#on || this.#socket) return; // the network may have come back meanwhile
    this.#away = answer === "away";
    if (this.#away) this.#on.state("offline");
    if (answer !== "stop") this.#timer = setTimeout(this.#now, wait);
  }
}

const words = { live: "Live", connecting: "Connecting…", offline: "Offline" };

// startLive connects for as long as the page is shown to somebody who is logged in. Events at the document:
//
//	live:state   detail is "live", "connecting" or "offline"
//	live:change  detail is the message: {revision, type, task}; the view is refreshed by it
//	live:resync  too much was missed to be told one by one; the view is refreshed too
export function startLive() {
  const { revision, epoch } = app().dataset;
  if (revision === undefined) return;
  let stale = false;
  let wait = firstWait;
  // A page that nobody looks at is brought up to date when somebody does.
  async function update() {
    stale = true;
    if (document.hidden) return;
    stale = false;
    if (await refresh()) {
      wait = firstWait;
    } else {
      setTimeout(update, wait);
      wait = Math.min(wait * 2, longestWait);
    }
  }
  document.addEventListener("visibilitychange", () => stale && update());
  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
  new Live(Number(revision), epoch, {
    change(message) {
      tell("live:change", message);
      update();
    },
    resync(restored) {
      tell("live:resync");
      // After a restore nothing that this page knows need be true any more.
      if (restored && !typed()) location.reload();
      else update();
    },
    state(state) {
      const shown = document.getElementById("connection");
      if (shown && shown.dataset.state !== state) {
        shown.dataset.state = state;
        shown.textContent = words[state];
      }
      tell("live:state", state);
    },
    // Not when the session has ended.
    async refused() {
      try {
        const response = await fetch("/api/v1/me", { cache: "no-store", signal: AbortSignal.timeout(15_000) });
        if (response.status === 401 && typed()) {
          tellPerson("You are not logged in any more. What you typed is still here: log in in another window, and go on.");
          return "again";
        }
        if (response.status === 401) {
          location.assign("/enter?next=" + encodeURIComponent(location.pathname + location.search));
          return "stop";
        }
      } catch {
        return "away";
      }
      return "again";
    },
  });
}
