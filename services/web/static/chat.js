// The conversation with the assistant. Titles can come from strangers, so everything is shown as text.

import { newKey } from "./add.js";
import { explain } from "./api.js";
import { owner, say, sessionEnded } from "./view.js";

const started = new WeakSet();
const broken = "The answer broke off.";

export function start(place) {
  if (started.has(place)) return;
  started.add(place);
  const form = place.querySelector("[data-say]");
  const stop = form.querySelector("[data-stop]");
  const fields = form.elements;
  let about = fields.about.value.split(" ").filter(Boolean); // the tasks that "it" means
  let running = null;

  place.addEventListener("submit", (event) => {
    event.preventDefault();
    const { call, sentence, label } = event.target.elements;
    const said = (label ?? sentence).value.trim();
    if (running || !said) return;
    ask(call ? { call: JSON.parse(call.value) } : { sentence: said }, said);
    if (event.target === form) sentence.value = "";
  });
  stop.addEventListener("click", () => running.abort());
  place.addEventListener("keydown", (event) => event.key === "Escape" && running?.abort());

  function ask(what, said) {
    fields.sentence.focus();
    place.querySelector("[data-suggested]")?.remove();
    const turn = make("li", "turn", make("p", "said", said));
    place.querySelector("[data-turns]").append(turn);
    send({ id: newKey(), about, label: said, conversation: fields.conversation.value, ...what }, turn);
  }

  // A turn that is repeated with its id has its effect once.
  async function send(request, turn) {
    const step = turn.appendChild(make("p", "about", "…"));
    const text = turn.appendChild(make("p", "answer"));
    running = new AbortController();
    const { signal } = running;
    stop.hidden = false;
    let problem = broken;
    try {
      const response = await fetch("/chat", {
        method: "POST", signal, headers: { "Content-Type": "application/json", ...owner() }, body: JSON.stringify(request),
      });
      if (response.status === 401) sessionEnded();
      if (response.status === 404) request.conversation = fields.conversation.value = ""; // deleted elsewhere
      if (!response.ok) problem = explain(response.status, await response.json());
      else await read(response, {
        step: (s) => { step.textContent = `${s.text} ${s.outcome ?? "…"}`; },
        text: (piece) => text.append(piece.text),
        answer: ({ text, conversation = "", tasks = [], choices = [] }) => {
          fields.conversation.value = conversation;
          turn.append(make("ul", "rows", ...tasks.map((task) => row(task))), make("div", "choices", ...choices.map((one) => choice(one))));
          about = tasks.filter((task) => !task.deleted).map((task) => task.id);
          say(text);
        },
        error: (e) => { problem = explain(e.status, e); },
        end: () => { if (problem === broken) problem = ""; },
      });
    } catch {
      problem = signal.aborted ? "Stopped." : "The assistant cannot be reached.";
    }
    running = null;
    stop.hidden = true;
    step.remove();
    if (problem) {
      turn.append(make("p", "problem", problem), button("Try again", "", (event) => {
        event.target.remove();
        send(request, turn);
      }));
      say(problem);
    }
    turn.scrollIntoView(false);
  }

  function row({ id, title, deleted, due_words, undo }) {
    const name = make(deleted ? "s" : "a", "", title);
    if (!deleted) name.href = "/task/" + id;
    const item = make("li", "row", name, make("span", "about", due_words ?? ""));
    if (undo) item.append(choice({ label: "Undo", call: undo }, `Undo ${title}`));
    return item;
  }

  function choice({ label, sentence, call, danger }, said = label) {
    const made = button(label, danger ? "danger" : "secondary", () => {
      if (running) return;
      (made.closest(".choices") ?? made).remove();
      ask(call ? { call } : { sentence }, said);
    });
    made.setAttribute("aria-label", said);
    return made;
  }
}

async function read(response, handlers) {
  let rest = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      handlers[name]?.(JSON.parse(data));
    }
  }
}

function make(tag, className, ...content) {
  const element = Object.assign(document.createElement(tag), { className });
  element.append(...content);
  return element;
}

function button(label, className, onclick) {
  return Object.assign(make("button", className, label), { type: "button", onclick });
}
