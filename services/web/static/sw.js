// The service worker: keeps what was loaded for when there is no network, and shows what is pushed. The server puts two lines
// before this: version, which names the page's files by their content, and files, their paths.

const fileCache = `files-${version}`;
const viewCache = "views";
const maxViews = 80;
const patience = 5_000; // for a view of which there is a copy

// views are what is kept. Settings are not, since they show secrets once.
const views = /^\/(today|upcoming|all|done|calendar|search|tags?|priority|priorities|task)(\/|$)/;

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

async function install() {
  const cache = await caches.open(fileCache);
  await cache.addAll(files);
  await cache.put("/offline", await fetch("/offline", { credentials: "omit" }));
  await self.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith("files-") && name !== fileCache) await caches.delete(name);
  }
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin || request.method !== "GET") return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request, url));
  else if (request.mode === "navigate" || request.headers.get("HX-Request")) {
    if (views.test(url.pathname) || url.pathname === "/") event.respondWith(view(event, request, url));
    else if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match("/offline")));
  }
});

// file serves what is known by its content from the cache. A page of an older version is given the files there are.
async function file(request, url) {
  const cache = await caches.open(fileCache);
  const name = url.pathname.replace(/^\/static\/[^/]*\//, "");
  const kept = await cache.match(request) ?? null;
  if (kept) return kept;
  try {
    return await fetch(request);
  } catch (error) {
    const other = await cache.match(`/static/${version}/${name}`);
    if (other) return other;
    throw error;
  }
}

// view asks the network first, and shows the copy when that does not answer.
async function view(event, request, url) {
  const key = url.pathname + url.search;
  const kept = url.pathname === "/" ? null : await recall(key);
  // A view that is brought up to date is not to become older.
  const refreshing = request.headers.get("Taskmaster-Refresh");
  const asked = fetch(request);
  // It is kept however late it comes, and whatever was shown until then.
  const before = forgotten;
  event.waitUntil(asked.then((response) => worthKeeping(response) && keep(key, response.clone(), before), () => {}));
  if (refreshing) return asked;
  try {
    const response = await (kept ? Promise.race([asked, late()]) : asked);
    if (![502, 503, 504].includes(response.status)) return response;
  } catch {
    // The copy has to do.
  }
  const fragment = kept ?? await recall("/today");
  if (url.pathname === "/" && fragment) return Response.redirect("/today");
  return request.mode === "navigate" ? page(kept) : part(kept);
}

// Who leaves takes their views along.
let forgotten = 0; // how often
self.addEventListener("message", (event) => {
  if (event.data !== "forget") return;
  forgotten++;
  event.waitUntil(caches.delete(viewCache));
});

const late = () => new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), patience));

const worthKeeping = (response) => response.ok && response.type === "basic" && !response.redirected &&
  response.headers.get("Content-Type")?.startsWith("text/html");

// What is kept of a view is what differs between views: its title and the element #app, which begins and ends here. Text that
// people wrote cannot look like this, since its < are &lt;.
const begins = '<div id="app"';
const ends = /<div id="(problem|notice)"/;

// keep keeps a view, unless all were forgotten since it was asked for.
async function keep(key, response, before) {
  const html = await response.text();
  const title = html.match(/<title>[^]*?<\/title>/)?.[0] ?? "";
  const from = html.indexOf(begins);
  const to = html.search(ends);
  if (from < 0) return;
  await forgetOtherEpochs(html);
  const cache = await caches.open(viewCache);
  await cache.delete(key); // so that the oldest come first
  if (before !== forgotten) return;
  await cache.put(key, html200(title + html.slice(from, to < from ? undefined : to)));
  const keys = await cache.keys();
  for (const old of keys.slice(0, Math.max(0, keys.length - maxViews))) await cache.delete(old);
}

// forgetOtherEpochs forgets what is kept when a view shows that the server's database was restored:
// it is of a history that did not happen.
async function forgetOtherEpochs(html) {
  const cache = await caches.open(viewCache);
  const last = (await cache.keys()).at(-1);
  if (!last || !epochOf(html)) return;
  const kept = await cache.match(last);
  if (kept && epochOf(await kept.text()) !== epochOf(html)) await caches.delete(viewCache);
}

const epochOf = (html) => html.match(/<div id="app"[^>]* data-epoch="([^"]*)"/)?.[1];

async function recall(key) {
  const cache = await caches.open(viewCache);
  return (await cache.match(key))?.text();
}

// page makes a whole page of a view, by putting it into the one that says that there is no network.
async function page(fragment) {
  const shell = await caches.match("/offline");
  if (!shell || !fragment) return shell ?? Response.error();
  const html = await shell.text();
  const [title] = fragment.match(/^<title>[^]*?<\/title>/) ?? [""];
  const from = html.indexOf(begins);
  return html200(html.slice(0, from).replace(/<title>[^]*?<\/title>/, () => title) + fragment.slice(title.length) +
    html.slice(html.search(ends)), shell.headers);
}

async function part(fragment) {
  if (fragment) return html200(fragment);
  const html = await (await caches.match("/offline"))?.text();
  if (!html) return Response.error();
  return html200(html.match(/<title>[^]*?<\/title>/)[0] + html.slice(html.indexOf(begins), html.search(ends)));
}

// html200 is an answer with the headers that protect the page.
function html200(html, headers) {
  const all = new Headers(headers);
  all.set("Content-Type", "text/html; charset=utf-8");
  all.delete("Content-Length");
  return new Response(html, { headers: all });
}

// Notifications.

const actions = [{ action: "complete", title: "Complete" }, { action: "snooze", title: "Snooze 10 min" }];
const snoozeMinutes = 10;

self.addEventListener("push", (event) => {
  let message;
  try {
    message = event.data.json();
  } catch {
    message = { title: "TaskMaster", body: event.data?.text() ?? "" };
  }
  event.waitUntil(show(message));
});

// show shows a message; one with the same tag takes the other's place. A test is about no task.
function show({ title, body, tag, task_id: task, url, account }) {
  const path = url ? new URL(url, location.origin).pathname : "/";
  const about = path.startsWith("/task/") ? task : undefined;
  return self.registration.showNotification(title, {
    body, tag, icon: "/static/icon/icon-192.png", badge: "/static/icon/icon-192.png",
    actions: about ? actions : [], data: { title, body, tag, task: about, url, account },
  });
}

self.addEventListener("notificationclick", (event) => {
  const { notification, action } = event;
  notification.close();
  event.waitUntil(action ? act(action, notification.data) : openPage(notification.data));
});

// act does what was chosen, once however often it is chosen: the key is made from the notification. What could not be done
// is said in another notification, with which it can be tried again.
async function act(action, data) {
  const body = action === "snooze" ? { minutes: snoozeMinutes } : undefined;
  let failure;
  try {
    const response = await fetch(`/api/v1/tasks/${encodeURIComponent(data.task)}/${action}`, {
      method: "POST", credentials: "same-origin", signal: AbortSignal.timeout(20_000),
      headers: { "Content-Type": "application/json", "Idempotency-Key": `${action}-${data.tag}`, "Taskmaster-Account": data.account ?? "" },
      body: body && JSON.stringify(body),
    });
    if (response.ok) return;
    failure = response.status === 404 ? "The task is not there any more."
      : response.status === 401 ? "Log in to do that."
        : response.status < 500 && response.status !== 429 ? await refusal(response)
          : "The server could not do that. Try again.";
    if (response.status === 404) return show({ ...data, body: failure, url: "/" });
  } catch {
    failure = "There is no connection. Try again.";
  }
  await show({ ...data, task_id: data.task, body: `${failure} ${data.body}` });
}

// refusal is why the server does not do it, as it is with the task by now.
async function refusal(response) {
  const problem = await response.json().catch(() => null);
  return `That cannot be done: ${problem?.detail ?? "the task is different by now"}.`;
}

// A browser may renew its subscription at any time; the old one then reaches nobody. The server gives the channel of this browser the
// new one, and makes none: whoever is logged in by now need not be who wanted reminders here.
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(followPush(event)));

async function followPush({ oldSubscription, newSubscription }) {
  const made = newSubscription ?? await resubscribe(oldSubscription);
  if (!made) return;
  const response = await fetch("/api/v1/channels/renew", {
    method: "POST", credentials: "same-origin", signal: AbortSignal.timeout(20_000),
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ old_endpoint: oldSubscription?.endpoint ?? "", subscription: made.toJSON() }),
  });
  if (response.status === 404) await made.unsubscribe();
}

// resubscribe subscribes as before, for browsers that leave that to the page.
async function resubscribe(old) {
  const key = old?.options?.applicationServerKey;
  return key ? self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }) : null;
}

// openPage shows the task, or the settings that a message is about, in a window in which nothing is lost by that or a new one.
async function openPage({ task, url }) {
  const about = url ? new URL(url, location.origin).pathname : "/";
  const path = task ? `/task/${encodeURIComponent(task)}` : about === "/" ? "/today" : about;
  const clients = await self.clients.matchAll({ type: "window" });
  const client = await Promise.any(clients.map(free)).catch(() => null);
  if (!client) return self.clients.openWindow(path);
  await client.focus().catch(() => {}); // a browser may not let it come to the front
  return client.navigate(path);
}

// free resolves to a window that can show something else, once it says so. One that says nothing cannot; a page may be busy, but
// a browser forgets before long that there was a click, without which nothing opens.
function free(client) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({ data }) => (data ? resolve(client) : reject());
    setTimeout(reject, 4_000);
    client.postMessage("free?", [port2]);
  });
}
