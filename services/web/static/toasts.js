// Notices disappear after a while, but not while the pointer or the focus is on them.

const passesAfter = 10_000;

export function startToasts() {
  const region = document.getElementById("notice");
  const start = () => region.querySelectorAll("[data-passes]").forEach(pass);
  new MutationObserver(start).observe(region, { childList: true });
  start();
  document.addEventListener("click", (event) => event.target.closest("[data-close]")?.closest(".toast").remove());
}

const passing = new WeakSet();

function pass(toast) {
  if (passing.has(toast)) return;
  passing.add(toast);
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => toast.remove(), passesAfter);
  };
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, wait);
  wait();
}
