// The page of 2025: two dropdowns, and for each selection one static body per data type.

import { config, json, show } from "./page.js";
import { Select } from "./select.js";
import { addMischief, chosen, landed, named, requested } from "./mischief.js";

const names = (entries) => entries.map((entry) => entry.name);
const slug = (entries, name) => entries.find((entry) => entry.name === name).slug;

// Like those of a component library: ids that mean nothing, and no test ids.
const model = new Select(named("model", { label: "Model", id: "r-1" }), choose("model"));
const sequence = new Select(named("sequence", { label: "ISL / OSL", id: "r-2" }), choose("sequence"));
const selects = { model, sequence };

function choose(control) {
  return (text) => {
    selects[control].value = landed(control, text, names(config[`${control}s`])[0]);
    chosen();
    show(() => load(model.value, sequence.value));
  };
}

async function load(modelName, sequenceName) {
  const name = requested(modelName, names(config.models));
  const stem = `${config.folder}/${slug(config.models, name)}-${slug(config.sequences, sequenceName)}`;
  const bodies = await Promise.all(config.dataTypes.map((type) => json(`${stem}-${type}.json`)));
  return Object.fromEntries(config.dataTypes.map((type, index) => [type, points(bodies[index])]));
}

/** A later deployment put the records into an object. */
const points = (body) => (body.data ?? body).map(({ hwKey, x, y }) => ({ key: hwKey, x, y }));

for (const [control, select] of Object.entries(selects)) {
  const texts = names(config[`${control}s`]);
  select.choices = texts;
  select.value = texts[0];
}
document.getElementById("controls").append(model.element, sequence.element);
addMischief(selects, {
  model: () => names(config.models),
  sequence: () => names(config.sequences),
  load: (name, length) => show(() => load(name ?? model.value, length ?? sequence.value)),
});
show(() => load(model.value, sequence.value));
