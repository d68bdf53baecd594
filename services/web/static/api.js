// Calls of the REST API by scripts of the page. A failure is an Error whose message can be shown.

import { owner } from "./view.js";

const timeout = 15_000;

export async function call(method, path, body) {
  return (await ask(method, path, body)).answer;
}

// version returns the version of the resource at path: its ETag without the quotes, as in forms.
export async function version(path) {
  return (await ask("GET", path)).response.headers.get("ETag")?.replaceAll('"', "") ?? "";
}

async function ask(method, path, body) {
  let response;
  try {
    response = await fetch("/api/v1" + path, {
      method, credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(timeout),
      headers: { ...owner(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("The server cannot be reached. Try again in a moment.");
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Error(explain(response.status, answer));
  return { response, answer };
}

// explain returns the text of a problem (RFC 9457) for people.
export function explain(status, problem) {
  const reasons = problem?.errors?.map((e) => `${e.field.replaceAll("_", " ")} ${e.message}`);
  const text = reasons?.length ? reasons.join("; ") : problem?.detail ?? `the server answered with status ${status}`;
  return text[0].toUpperCase() + text.slice(1).replace(/\.?$/, ".");
}
