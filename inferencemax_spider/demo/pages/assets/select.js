// A select as the dashboard has it: a button, and a list at the end of the document that exists only while it is open.

import { fault, folded, wait } from "./faults.js";

const RENDER_SECONDS = 0.03; // between the list and its options

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

let count = 0; // of selects: two of them may have one id

export class Select {
  #choices = [];
  #list = null;
  #typed = "";
  #typedAt = 0;

  /** `names` has a label, an id and perhaps a testId; `onChoose` is told each text that is newly chosen. */
  constructor(names, onChoose) {
    this.onChoose = onChoose;
    this.listId = `list-${++count}`;
    const labelId = `label-${count}`;
    this.text = element("span", { class: "value" });
    this.button = element(
      "button",
      {
        type: "button",
        role: "combobox",
        id: names.id,
        "aria-labelledby": labelId,
        "aria-controls": this.listId,
        "aria-expanded": "false",
        "aria-autocomplete": "none",
        "data-state": "closed",
      },
      this.text,
      element("span", { class: "arrow", "aria-hidden": "true" }),
    );
    if (names.testId) this.button.dataset.testid = names.testId;
    const label = element("label", { id: labelId, for: names.id }, names.label);
    this.element = element("div", { class: "field" }, label, this.button);
    this.button.addEventListener("click", () => this.open());
    this.button.addEventListener("keydown", (event) => {
      if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
      event.preventDefault();
      this.open();
    });
  }

  get value() {
    return this.text.textContent;
  }

  set value(text) {
    this.text.textContent = text;
  }

  /** Texts whose option has a badge, and the headings that stand before the options of some texts. */
  badges = new Map();
  headings = new Map();

  /** What can be chosen, as texts; a list that is open shows it at once. */
  set choices(texts) {
    const missing = fault("missing_option")?.option;
    this.#choices = texts.filter((text) => !missing || folded(text) !== folded(missing));
    if (this.#options().length) this.#render();
  }

  async open() {
    if (this.#list) return;
    this.#list = element("div", { role: "listbox", id: this.listId, class: "listbox", tabindex: "-1" });
    this.#place();
    document.body.append(this.#list);
    this.#list.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("pointerdown", this.#outside, true);
    this.#list.focus();
    this.#expanded(true);
    await this.#rendered(this.#list);
  }

  close() {
    this.#list?.remove();
    this.#list = null;
    this.#expanded(false);
    document.removeEventListener("pointerdown", this.#outside, true);
    this.button.focus();
  }

  async #rendered(list) {
    const late = fault("late_options");
    if (late) list.append(element("div", { class: "hint" }, "Loading…"));
    await wait(late ? late.seconds : RENDER_SECONDS);
    if (this.#list === list) this.#render();
  }

  #render() {
    const options = this.#choices.map((text) => {
      const chosen = text === this.value;
      const option = element("div", { role: "option", tabindex: "-1", "aria-selected": chosen }, text);
      if (this.badges.has(text)) option.append(element("span", { class: "badge" }, this.badges.get(text)));
      option.addEventListener("click", () => this.#choose(text));
      option.addEventListener("pointermove", () => option.focus());
      return option;
    });
    this.#list.replaceChildren(...options.flatMap((option, index) => [...this.#heading(index), option]));
    (options.find((option) => option.ariaSelected === "true") ?? options[0])?.focus();
  }

  /** The heading before an option, where a new section begins. */
  #heading(index) {
    const [before, own] = [index - 1, index].map((at) => this.headings.get(this.#choices[at]));
    return own && own !== before ? [element("div", { class: "heading" }, own)] : [];
  }

  #choose(text) {
    this.close();
    if (text === this.value) return;
    this.value = text;
    this.onChoose(text);
  }

  #expanded(open) {
    this.button.setAttribute("aria-expanded", open);
    this.button.dataset.state = open ? "open" : "closed";
    // While a list is open nothing else can be clicked, or is there for a screen reader.
    document.body.classList.toggle("picking", open);
    for (const part of document.querySelectorAll("body > :not(.listbox, script)")) part.ariaHidden = open ? "true" : null;
  }

  #place() {
    const box = this.button.getBoundingClientRect();
    this.#list.style.left = `${box.left + scrollX}px`;
    this.#list.style.top = `${box.bottom + scrollY + 4}px`;
    this.#list.style.minWidth = `${box.width}px`;
  }

  #outside = (event) => {
    if (!this.#list.contains(event.target)) this.close();
  };

  #options() {
    return this.#list ? [...this.#list.querySelectorAll("[role=option]")] : [];
  }

  #key(event) {
    const options = this.#options();
    const at = options.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 }[event.key];
    if (to !== undefined) options[Math.min(Math.max(to, 0), options.length - 1)]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") this.close();
    else if (event.key === "Enter" || event.key === " ") options[at]?.click();
    else if (event.key.length === 1) this.#typeahead(event.key, options);
    else return;
    event.preventDefault();
  }

  #typeahead(key, options) {
    const now = performance.now();
    this.#typed = now - this.#typedAt < 1000 ? this.#typed + key.toLowerCase() : key.toLowerCase();
    this.#typedAt = now;
    options.find((option) => option.textContent.toLowerCase().startsWith(this.#typed))?.focus();
  }
}
