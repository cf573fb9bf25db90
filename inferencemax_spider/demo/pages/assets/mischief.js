// The faults of the page itself; without a fault each function here leaves things as they are.

import { fault, wait } from "./faults.js";
import { Select } from "./select.js";

const OTHER_NAMES = {
  model: { label: "LLM", id: "llm-picker", testId: "llm-picker" },
  sequence: { label: "Lengths", id: "lengths-picker", testId: "lengths-picker" },
};
const FLAG = "demo-reloaded";

const hit = (kind, control) => fault(kind)?.control === control;
const parts = (kind) => new Set(fault(kind).names.replace("testid", "testId").split("+"));

/** The names of a control: those it has, or other ones. */
export function named(control, names) {
  if (!hit("rename_control", control)) return names;
  const changed = [...parts("rename_control")].filter((part) => part in names);
  return { ...names, ...Object.fromEntries(changed.map((part) => [part, OTHER_NAMES[control][part]])) };
}

const neighbour = (name, names) => names[names.indexOf(name) - 1] ?? names[1] ?? name;

/** The model whose data is asked for when `name` is selected. */
export const requested = (name, names) => (fault("wrong_model") ? neighbour(name, names) : name);

/** What a selection of `text` ends at. */
export const landed = (control, text, fallback) => (hit("fallback", control) ? fallback : text);

/** Something was selected: the first time in this tab, the page may load itself again. */
export async function chosen() {
  if (!fault("reload") || sessionStorage.getItem(FLAG)) return;
  sessionStorage.setItem(FLAG, "yes");
  await wait(fault("reload").seconds);
  location.reload();
}

/** Add what should not be there; `offers` has a function for the texts of each control, and one that loads them. */
export function addMischief(selects, offers) {
  const controls = document.getElementById("controls");
  if (fault("duplicate_control")) controls.prepend(duplicate(selects, offers).element);
  if (fault("decoy")) controls.prepend(decoy(selects, offers));
  if (fault("popup")) popup(fault("popup").seconds);
}

/** A second control that has some of the names of the first, and loads what is chosen in it. */
function duplicate(selects, offers) {
  const { control } = fault("duplicate_control");
  const { button, element, value } = selects[control];
  const own = { label: element.querySelector("label").textContent, id: button.id, testId: button.dataset.testid };
  const names = { ...OTHER_NAMES[control] };
  for (const part of parts("duplicate_control")) names[part] = own[part];
  const load = { model: (text) => offers.load(text), sequence: (text) => offers.load(undefined, text) }[control];
  const select = new Select(names, load);
  select.value = value;
  select.choices = offers[control]();
  return select;
}

/** A button with a text much like a control's, that loads another model. */
function decoy(selects, offers) {
  const { text, role } = fault("decoy");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  if (role !== "button") button.setAttribute("role", role);
  if (role === "combobox") button.setAttribute("aria-label", text);
  button.addEventListener("click", () => offers.load(neighbour(selects.model.value, offers.model())));
  return button;
}

/** A question about cookies that covers the page until it is answered. */
async function popup(seconds) {
  await wait(seconds);
  const overlay = document.createElement("div");
  overlay.className = "overlay";
  overlay.innerHTML = `
    <div role="dialog" aria-modal="true" aria-labelledby="cookies-title" class="dialog">
      <h2 id="cookies-title">We value your privacy</h2>
      <p>This demo sets no cookies, but asks all the same.</p>
      <button type="button">Accept all</button>
      <button type="button">Reject all</button>
      <button type="button" aria-label="Close" class="close">×</button>
    </div>`;
  overlay.addEventListener("click", (event) => event.target.matches("button") && overlay.remove());
  document.body.append(overlay);
}
