// The live connection: changes in order from a revision on, also over interruptions. Whatever was missed while there was
// no connection is replayed, because each one asks for all after the last revision that was seen.
//
// A path can die without a close (NAT, VPN, sleep), and a browser does not notice. The server sends a heartbeat in every
// interval that it names; after a longer silence, and whenever the device may have been away, the page connects anew.

import { app, othersPage, owner, refresh, sessionEnded, stand, typed } from "./view.js";
import { askVersion } from "./version.js";

const firstWait = 500;
const longestWait = 30_000;
const patience = 2.5; // heartbeats that may be missing
const openTimeout = 15_000; // the first heartbeat comes, or the attempt has failed
const youngFor = 2_000; // an attempt that is younger is not replaced
const sleepAfter = 10_000; // a timer that comes later than this after its time tells of sleep
const doubtAfter = 1_000; // how long a connection that is replaced is shown as live
const tooMany = 4429; // the code of a close

// The clock of the device can be set back. The clock of the page can stand still while the device sleeps. The larger time counts.
const now = () => ({ wall: Date.now(), run: performance.now() });
const since = (then) => Math.max(Date.now() - then.wall, performance.now() - then.run);

class Live {
  #socket = null;
  #heard = null; // when the socket brought something, or began
  #proven = false; // the socket has brought a heartbeat
  #interval = 30_000; // of heartbeats, until one says it
  #retry = 0;
  #doubt = 0;
  #ticked = null;
  #wait = firstWait;
  #away = false;
  #refusals = 0; // for having too many windows, one after another
  #revision;
  #epoch; // the history which the revision is of: a restore of the server's database begins another
  #on;

  // on has change(message), resync(restored), state("live" | "connecting" | "offline" | "full"), full(reason) and refused().
  // That is called when a connection was not made or was closed. It resolves to "again", "away" when no server answers, or "stop".
  constructor(revision, epoch, on) {
    this.#revision = revision;
    this.#epoch = epoch ?? "";
    this.#on = on;
    addEventListener("online", this.#revive);
    addEventListener("offline", this.#lose);
    document.addEventListener("visibilitychange", () => document.hidden || this.#revive());
    this.#tick();
    this.#connect();
    this.#on.state("connecting");
  }

  // lose gives up a connection that leads nowhere: it would look alive for as long as nothing is sent.
  #lose = () => {
    this.#drop();
    this.#closed();
  };

  // revive connects anew when the old connection may be dead and nobody knows.
  #revive = () => {
    if (this.#socket && !this.#proven && since(this.#heard) < youngFor) return;
    this.#wait = firstWait;
    this.#connect();
    this.#doubt = setTimeout(() => this.#proven || this.#unsure(), doubtAfter);
  };

  // tick notices silence and sleep.
  #tick = () => {
    const every = Math.min(5_000, this.#interval / 4);
    const late = this.#ticked ? since(this.#ticked) - every : 0;
    this.#ticked = now();
    setTimeout(this.#tick, every);
    if (this.#socket && since(this.#heard) > (this.#proven ? patience * this.#interval : openTimeout)) this.#silent();
    else if (late > sleepAfter && !document.hidden) this.#revive(); // the timers of a hidden page are late
  };

  #silent() {
    if (!this.#proven) return this.#lose();
    this.#unsure();
    this.#connect();
  }

  #unsure() { if (!this.#away) this.#on.state("connecting"); }

  // drop forgets the socket. A close over a dead path would take the browser minutes.
  #drop() {
    clearTimeout(this.#retry);
    clearTimeout(this.#doubt);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #connect = () => {
    this.#drop();
    const url = new URL(`/live?since=${this.#revision}&epoch=${this.#epoch}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#proven = false;
    this.#heard = now();
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = ({ code, reason }) => {
      this.#socket = null;
      this.#closed(code, reason);
    };
  };

  #take(message) {
    this.#heard = now();
    const { epoch = this.#epoch } = message; // a server of an older version says none
    const restored = epoch !== this.#epoch;
    this.#revision = message.revision;
    this.#epoch = epoch;
    if (message.type === "heartbeat") {
      this.#interval = message.interval_seconds * 1_000;
      if (this.#proven) return;
      this.#proven = true;
      this.#wait = firstWait;
      this.#away = false;
      this.#refusals = 0;
      this.#on.state("live");
    } else if (message.type === "resync") this.#on.resync(restored);
    else if (message.task) this.#on.change(message);
  }

  async #closed(code, reason) {
    if (code === tooMany) this.#refusals++;
    else this.#unsure();
    // Clients that were cut off together come back one by one.
    const wait = this.#wait * (0.5 + Math.random() / 2);
    this.#wait = Math.min(this.#wait * 2, longestWait);
    if (code === tooMany) {
      // The place of a connection that this one replaces may not be free yet.
      if (this.#refusals > 1) this.#on.full(reason);
      this.#retry = setTimeout(this.#connect, wait);
      return;
    }
    const answer = await this.#on.refused();
    if (this.#socket) return; // the network may have come back meanwhile
    clearTimeout(this.#retry);
    this.#away = answer === "away";
    if (this.#away) this.#on.state("offline");
    if (answer !== "stop") this.#retry = setTimeout(this.#connect, wait);
  }
}

const words = { live: "Live", connecting: "Connecting…", offline: "Offline", full: "Not live" };

// startLive connects for as long as the page is shown to somebody who is logged in. Events at the document:
//
//	live:state   detail is "live", "connecting", "offline" or "full"
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
      if (state === "live") {
        stand("session");
        stand("full");
        askVersion();
      }
      tell("live:state", state);
    },
    full(reason) {
      this.state("full");
      stand("full", `${reason}. This one does not show what changes elsewhere until you close another.`);
    },
    async refused() {
      try {
        const response = await fetch("/api/v1/me", { headers: owner(), cache: "no-store", signal: AbortSignal.timeout(15_000) });
        if (response.status === 401) return sessionEnded() ? "stop" : "again";
        if (response.status === 403) return othersPage() ? "stop" : "again";
        stand("owner");
      } catch {
        return "away";
      }
      return "again";
    },
  });
}
