// The service worker. It caches loaded views for use without a network, and shows push messages.
// The server prepends two constants: version, a hash of the page's files, and files, their paths.

const fileCache = `files-${version}`;
const viewCache = "views";
const maxViews = 80;
const patience = 5_000; // ms to wait for a view that is cached

// views matches the paths to cache. The settings are not cached, because they show secrets.
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

// file serves a file from the cache by its hash. A page of an older version gets the current files.
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

// view asks the network first, and shows the cached copy if there is no answer in time.
async function view(event, request, url) {
  const key = url.pathname + url.search;
  const kept = url.pathname === "/" ? null : await recall(key);
  // A refresh must not show an older view.
  const refreshing = request.headers.get("Taskmaster-Refresh");
  const asked = fetch(request);
  // A late answer is still cached for the next time.
  const before = forgotten;
  event.waitUntil(asked.then((response) => worthKeeping(response) && keep(key, response.clone(), before), () => {}));
  if (refreshing) return asked;
  try {
    const response = await (kept ? Promise.race([asked, late()]) : asked);
    if (![502, 503, 504].includes(response.status)) return response;
  } catch {
    // The copy is shown instead.
  }
  const fragment = kept ?? await recall("/today");
  if (url.pathname === "/" && fragment) return Response.redirect("/today");
  return request.mode === "navigate" ? page(kept) : part(kept);
}

// Logging out deletes the cached views.
let forgotten = 0; // number of deletions
self.addEventListener("message", (event) => {
  if (event.data !== "forget") return;
  forgotten++;
  event.waitUntil(caches.delete(viewCache));
});

const late = () => new Promise((_, reject) => setTimeout(() => reject(new Error("too late")), patience));

const worthKeeping = (response) => response.ok && response.type === "basic" && !response.redirected &&
  response.headers.get("Content-Type")?.startsWith("text/html");

// The cache holds the variable part of a view: its title and the element #app, which starts and
// ends at these markers. Text of users cannot contain them, because its < is escaped as &lt;.
const begins = '<div id="app"';
const ends = /<div id="(problem|notice)"/;

// keep caches a view, unless the cache was deleted since the request.
async function keep(key, response, before) {
  const html = await response.text();
  const title = html.match(/<title>[^]*?<\/title>/)?.[0] ?? "";
  const from = html.indexOf(begins);
  const to = html.search(ends);
  if (from < 0) return;
  await forgetOtherEpochs(html);
  const cache = await caches.open(viewCache);
  await cache.delete(key); // moves it to the end, so that the oldest views come first
  if (before !== forgotten) return;
  await cache.put(key, html200(title + html.slice(from, to < from ? undefined : to)));
  const keys = await cache.keys();
  for (const old of keys.slice(0, Math.max(0, keys.length - maxViews))) await cache.delete(old);
}

// forgetOtherEpochs deletes the cached views after a restore of the server's database. They belong
// to a discarded history.
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

// page builds a whole page from a cached view and the layout of the offline page.
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

// html200 returns a response with the security headers of the page.
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

// show displays a notification. It replaces one with the same tag. A test message concerns no task.
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

// act completes or snoozes the task. The key is made from the notification, so that repeated clicks
// act once. A failure is shown in another notification with the same buttons.
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

// refusal returns the server's reason for refusing an action.
async function refusal(response) {
  const problem = await response.json().catch(() => null);
  return `That cannot be done: ${problem?.detail ?? "the task is different by now"}.`;
}

// A browser may renew its subscription at any time, and the old one then stops working. The server
// moves this browser's channel to the new subscription. It creates no channel, because another user
// may have logged in since.
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

// resubscribe renews the subscription in browsers that leave that to the page.
async function resubscribe(old) {
  const key = old?.options?.applicationServerKey;
  return key ? self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }) : null;
}

// openPage shows the task or the settings of a message. It uses a window without unsaved text, or
// opens a new one.
async function openPage({ task, url }) {
  const about = url ? new URL(url, location.origin).pathname : "/";
  const path = task ? `/task/${encodeURIComponent(task)}` : about === "/" ? "/today" : about;
  const clients = await self.clients.matchAll({ type: "window" });
  const client = await Promise.any(clients.map(free)).catch(() => null);
  if (!client) return self.clients.openWindow(path);
  await client.focus().catch(() => {}); // the browser may not allow it
  return client.navigate(path);
}

// free resolves to client if its window has no unsaved text. It rejects when the window does not
// answer in time. The time is short, because the browser allows opening a window only shortly after
// the click.
function free(client) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    port1.onmessage = ({ data }) => (data ? resolve(client) : reject());
    setTimeout(reject, 4_000);
    client.postMessage("free?", [port2]);
  });
}
