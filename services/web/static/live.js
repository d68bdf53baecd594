// The live connection. It delivers changes in order from a revision on, also across interruptions.
// Each new connection asks for the changes after the last seen revision, so missed changes are
// replayed.
//
// A connection can die without a close (NAT, VPN, sleep), and the browser does not notice. The
// server therefore sends heartbeats and names their interval. The page reconnects after a longer
// silence, and whenever the device may have been offline or asleep.

import { app, othersPage, owner, refresh, sessionEnded, stand, typed } from "./view.js";
import { askVersion } from "./version.js";

const firstWait = 500;
const longestWait = 30_000;
const patience = 2.5; // heartbeat intervals of silence before reconnecting
const openTimeout = 15_000; // ms until the first heartbeat, or the attempt has failed
const youngFor = 2_000; // ms; a younger attempt is not replaced
const sleepAfter = 10_000; // ms; a timer that is later than this indicates sleep
const doubtAfter = 1_000; // ms for which a connection that is being replaced still counts as live
const tooMany = 4429; // the close code for too many connections

// The device's clock can be set back. The page's clock can stop while the device sleeps. The larger
// difference counts.
const now = () => ({ wall: Date.now(), run: performance.now() });
const since = (then) => Math.max(Date.now() - then.wall, performance.now() - then.run);

class Live {
  #socket = null;
  #heard = null; // time of the last message, or of the connection attempt
  #proven = false; // whether the socket has received a heartbeat
  #interval = 30_000; // ms between heartbeats, until the server names it
  #retry = 0;
  #doubt = 0;
  #ticked = null;
  #wait = firstWait;
  #away = false;
  #refusals = 0; // consecutive refusals because of too many windows
  #revision;
  #epoch; // history of the revision; a restore of the server's database starts another
  #on;

  // on has change(message), resync(restored), state("live" | "connecting" | "offline" | "full"),
  // full(reason) and refused(). refused is called when a connection failed or was closed. It
  // resolves to "again", to "away" when no server answers, or to "stop".
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

  // lose gives up a dead connection, which would otherwise look alive until something is sent.
  #lose = () => {
    this.#drop();
    this.#closed();
  };

  // revive reconnects when the old connection may be dead.
  #revive = () => {
    if (this.#socket && !this.#proven && since(this.#heard) < youngFor) return;
    this.#wait = firstWait;
    this.#connect();
    this.#doubt = setTimeout(() => this.#proven || this.#unsure(), doubtAfter);
  };

  // tick detects silence and sleep.
  #tick = () => {
    const every = Math.min(5_000, this.#interval / 4);
    const late = this.#ticked ? since(this.#ticked) - every : 0;
    this.#ticked = now();
    setTimeout(this.#tick, every);
    if (this.#socket && since(this.#heard) > (this.#proven ? patience * this.#interval : openTimeout)) this.#silent();
    else if (late > sleepAfter && !document.hidden) this.#revive(); // timers of a hidden page are late anyway
  };

  #silent() {
    if (!this.#proven) return this.#lose();
    this.#unsure();
    this.#connect();
  }

  #unsure() { if (!this.#away) this.#on.state("connecting"); }

  // drop forgets the socket. Closing it over a dead path would take the browser minutes.
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
    const { epoch = this.#epoch } = message; // an older server sends no epoch
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
    // The random delay spreads the clients that lost their connections together.
    const wait = this.#wait * (0.5 + Math.random() / 2);
    this.#wait = Math.min(this.#wait * 2, longestWait);
    if (code === tooMany) {
      // The server may not have noticed yet that this connection replaces another.
      if (this.#refusals > 1) this.#on.full(reason);
      this.#retry = setTimeout(this.#connect, wait);
      return;
    }
    const answer = await this.#on.refused();
    if (this.#socket) return; // the network may be back already
    clearTimeout(this.#retry);
    this.#away = answer === "away";
    if (this.#away) this.#on.state("offline");
    if (answer !== "stop") this.#retry = setTimeout(this.#connect, wait);
  }
}

const words = { live: "Live", connecting: "Connecting…", offline: "Offline", full: "Not live" };

// startLive connects while a logged-in user's page is shown. It dispatches events at the document:
//
//	live:state   detail is "live", "connecting", "offline" or "full"
//	live:change  detail is the message: {revision, type, task}; the view is refreshed
//	live:resync  too many changes were missed to replay them; the view is refreshed
export function startLive() {
  const { revision, epoch } = app().dataset;
  if (revision === undefined) return;
  let stale = false;
  let wait = firstWait;
  // update refreshes the view. A hidden page is refreshed when it becomes visible.
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
      // After a restore, everything on this page may be outdated.
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
