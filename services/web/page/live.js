// The live connection: changes in order from a revision on, also over interruptions. Whatever was missed while there was
// no connection is replayed, because each one asks for all after the last revision that was seen.

const firstWait = 500;
const longestWait = 30_000;

export class Live {
  #socket = null;
  #timer = 0;
  #wait = firstWait;
  #revision;
  #on;

  // on has change(message), resync(), state("live" | "connecting") and refused(), which is called when a connection was
  // not made or was closed and says whether to try again.
  constructor(revision, on) {
    this.#revision = revision;
    this.#on = on;
    addEventListener("online", this.#now);
    this.#connect();
  }

  stop() {
    removeEventListener("online", this.#now);
    clearTimeout(this.#timer);
    this.#on = null;
    this.#socket?.close();
  }

  #now = () => {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#connect();
  };

  #connect() {
    this.#on.state("connecting");
    const url = new URL(`/live?since=${this.#revision}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#wait = firstWait;
      this.#on?.state("live");
    };
    socket.onmessage = (event) => {
      if (!this.#on) return;
      const message = JSON.parse(event.data);
      this.#revision = message.revision;
      if (message.type === "resync") this.#on.resync();
      else if (message.task) this.#on.change(message);
    };
    socket.onclose = () => this.#closed();
  }

  async #closed() {
    this.#socket = null;
    if (!this.#on) return;
    this.#on.state("connecting");
    // Clients that were cut off together come back one by one.
    const wait = this.#wait * (0.5 + Math.random() / 2);
    this.#wait = Math.min(this.#wait * 2, longestWait);
    const again = await this.#on.refused();
    if (this.#on && again && !this.#socket) this.#timer = setTimeout(this.#now, wait);
  }
}
