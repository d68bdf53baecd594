// Reminders in this browser. The element [data-push] has the server's public key in data-key. It
// contains the status text [data-push-state] and the buttons [data-push-on], [data-push-off] and
// [data-push-test].

import { call } from "./api.js";

const seen = new WeakSet();

export async function start(place) {
  if (seen.has(place)) return;
  seen.add(place);
  const button = (name) => place.querySelector(`[data-push-${name}]`);

  function show(state, text) {
    place.dataset.push = state;
    place.querySelector("[data-push-state]").textContent = text;
    button("on").hidden = state !== "off";
    button("off").hidden = button("test").hidden = state !== "on";
  }

  async function look() {
    const missing = unsupported();
    if (missing) return show("unsupported", missing);
    if (Notification.permission === "denied") return show("denied", denied);
    const channel = await current();
    if (!channel) return show("off", "Reminders can appear on this device even when TaskMaster is closed.");
    if (!channel.enabled) return show("off", `Reminders in this browser are off: ${channel.disabled_reason ?? "you turned them off"}.`);
    await call("POST", "/channels/renew", await renewal()).catch(() => {}); // binds a channel from an earlier version to this session
    show("on", "Reminders appear in this browser.");
  }

  function on(name, work) {
    button(name).addEventListener("click", async () => {
      button(name).disabled = true;
      try {
        await work();
      } catch (error) {
        await look().catch(() => {});
        place.querySelector("[data-push-state]").textContent = error.message;
      }
      button(name).disabled = false;
    });
  }

  on("on", async () => {
    if (await Notification.requestPermission() !== "granted") return look();
    await subscribe(place.dataset.key);
    location.reload(); // the list shows the new channel
  });
  on("off", async () => {
    const channel = await current();
    const registration = await navigator.serviceWorker.ready;
    if (channel) await call("DELETE", `/channels/${channel.id}`);
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    location.reload();
  });
  on("test", async () => {
    const channel = await current();
    await call("POST", `/channels/${channel.id}/test`);
    place.querySelector("[data-push-state]").textContent = "A test is on its way: it should appear within seconds.";
  });

  try {
    await look();
  } catch (error) {
    show("off", error.message);
  }
}

const denied = "This browser was told not to show notifications from here. Allow them in the settings of this page, which open beside " +
  "its address, then load the page again.";

function unsupported() {
  if (!window.isSecureContext) return "Browsers show reminders of pages over https alone, and this page came over http.";
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
    return "This browser cannot show reminders. On an iPhone or iPad, add the page to the home screen first.";
  }
  return "";
}

// current returns this browser's channel, or null.
async function current() {
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.getSubscription();
  if (!subscription) return null;
  let cursor = "";
  do {
    const page = await call("GET", `/channels?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    const found = page.items.find((channel) => channel.endpoint === subscription.endpoint);
    if (found) return found;
    cursor = page.next_cursor;
  } while (cursor);
  return null;
}

async function renewal() {
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.getSubscription();
  return { old_endpoint: subscription.endpoint, subscription: subscription.toJSON() };
}

async function subscribe(key) {
  const registration = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytes(key) };
  let subscription;
  try {
    subscription = await registration.pushManager.subscribe(options);
  } catch (error) {
    // A subscription with another server's key prevents a new one.
    const old = await registration.pushManager.getSubscription();
    if (!old) throw new Error(`The browser could not be subscribed: ${error.message}`);
    await old.unsubscribe();
    subscription = await registration.pushManager.subscribe(options);
  }
  await call("POST", "/channels", { kind: "web_push", subscription: subscription.toJSON() });
}

// bytes decodes base64url.
function bytes(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}
