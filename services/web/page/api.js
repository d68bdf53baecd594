// Calls of the REST API. A failure is a Problem, whose message is fit to be shown.

export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const timeout = 15_000;

export function call(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = key();
  return request(method, "/api/v1" + path, { headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

// request asks this server and returns its JSON. A signal, if there is one, ends it early.
export async function request(method, path, { signal, ...options } = {}) {
  const signals = [AbortSignal.timeout(timeout), signal].filter(Boolean);
  let response;
  try {
    response = await fetch(path, { method, credentials: "same-origin", cache: "no-store", signal: AbortSignal.any(signals), ...options });
  } catch {
    throw new Problem(0, "The server cannot be reached. Try again in a moment.");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Problem(response.status, describe(response.status, answer));
  return answer;
}

// all reads every page of a list.
export async function all(path) {
  const items = [];
  let cursor = "";
  do {
    const page = await call("GET", `${path}&limit=200` + (cursor && `&cursor=${encodeURIComponent(cursor)}`));
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

function describe(status, problem) {
  if (!problem?.detail) return `The server answered with status ${status}.`;
  if (!problem.errors?.length) return sentence(problem.detail);
  return problem.errors.map((e) => sentence(`${e.field.replaceAll("_", " ")} ${e.message}`)).join(" ");
}

function sentence(text) {
  text = text.trim();
  return text[0].toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".");
}

// key is a random Idempotency-Key. crypto.randomUUID exists over https and on localhost alone.
function key() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
