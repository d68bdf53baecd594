// Scripts of the settings: the browser's time zones, text that is easy to copy, and a preview of an
// import. The preview keeps the chosen file. Browser push has its own module. They start when the
// module is loaded for the first time.

document.addEventListener("htmx:after:swap", fillZones);
document.addEventListener("focusin", (event) => event.target.closest?.("[data-select]")?.select());
document.addEventListener("submit", preview);
fillZones();

function fillZones() {
  const list = document.querySelector("[data-zones]:empty");
  if (!list || !Intl.supportedValuesOf) return;
  for (const zone of Intl.supportedValuesOf("timeZone")) list.append(new Option("", zone));
}

// preview shows the server's preview inside the page. If that fails, the form is sent as it would
// be without scripts.
async function preview(event) {
  const form = event.target.closest("[data-import]");
  if (!form || !event.submitter?.hasAttribute("data-preview")) return;
  event.preventDefault();
  const { formAction } = event.submitter;
  event.submitter.disabled = true;
  try {
    const response = await fetch(formAction, { method: "POST", body: new FormData(form) });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const result = page.getElementById("import-result");
    for (const again of result.querySelectorAll("[data-again]")) again.textContent = "import it below.";
    document.getElementById("import-result").replaceChildren(...result.childNodes);
    document.querySelector("#import-result [tabindex]")?.focus();
  } catch {
    event.submitter.disabled = false;
    form.action = formAction;
    form.submit();
  } finally {
    event.submitter.disabled = false;
  }
}
