// The form that adds a task: one line that is understood, and fields for who prefers them. What is set in a field wins.

import { call, Problem } from "./api.js";
import { understand, watch } from "./understood.js";

// addForm makes the form work. on has added(task) and attempt(work), which shows why work failed.
export function addForm(form, place, on) {
  const { title, due, repeat, priority } = form.elements;
  watch(title, place);

  async function add(line, set) {
    const { task } = await understand(line);
    const body = { ...task };
    if (set.priority) body.priority = set.priority;
    if (set.due) body.due_at = new Date(set.due).toISOString();
    if (set.repeat) body.recurrence = { rrule: set.repeat };
    on.added(await call("POST", "/tasks", body));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const line = title.value;
    const entered = [title, due, repeat, priority].map((field) => [field, field.value]);
    const set = { due: due.value, repeat: repeat.value, priority: priority.value };
    // Emptied at once, so that the next task can be typed while this one is on its way.
    form.reset();
    title.focus();
    on.attempt(async () => {
      try {
        await add(line, set);
      } catch (error) {
        // Nothing typed is lost, neither this nor what came after it.
        if (title.value === "") {
          for (const [field, value] of entered) field.value = value;
          title.dispatchEvent(new Event("input"));
        }
        if (error instanceof Problem) error.message = `“${line}” was not added: ${error.message}`;
        throw error;
      }
    });
  });
}
