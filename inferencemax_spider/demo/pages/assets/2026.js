// The page of 2026: one response per model, whose sequences and precisions are filtered here.

import { config, json, show } from "./page.js";
import { Select } from "./select.js";
import { fault, folded } from "./faults.js";
import { addMischief, chosen, landed, named, requested } from "./mischief.js";

const API = "/api/v1";
const ALL = "All precisions";
const AGENTIC = "Agentic traces";
const SEQUENCES = ["1K / 1K", "1K / 8K", "8K / 1K"];

// Newer deployments show labels instead of the names that requests take.
const LABELS = fault("labels") !== undefined;
const ENTRIES = config.models.map((entry) => ({ ...entry, text: LABELS ? entry.label : entry.name }));
const NAMES = ENTRIES.map((entry) => entry.name);
const DEFAULT = ENTRIES[0].text;
const entryOf = (text) => ENTRIES.find((entry) => entry.text === text);
const asked = new URLSearchParams(location.search);

const bodies = new Map(); // what was asked for on this page, by model: never asked for again
let available = null; // what has data, once the site has said it

const selects = {
  model: new Select(named("model", { label: "Model", id: "model-select", testId: "model-selector" }), choseModel),
  sequence: new Select(
    named("sequence", { label: "ISL / OSL", id: "sequence-select", testId: LABELS ? "scenario-selector" : "sequence-selector" }),
    chose("sequence"),
  ),
  precision: new Select({ label: "Precision", id: "precision-select", testId: "precision-selector" }, chose("precision")),
};
const { model, sequence, precision } = selects;

const lengthOf = (tokens) => (tokens % 1024 ? String(tokens) : `${tokens / 1024}K`);
const sequenceOf = ({ isl, osl }) => (isl === null ? AGENTIC : `${lengthOf(isl)} / ${lengthOf(osl)}`);

function rowsOf(text) {
  const wanted = requested(entryOf(text).name, NAMES);
  if (!bodies.has(wanted)) bodies.set(wanted, json(`${API}/benchmarks?model=${encodeURIComponent(wanted)}`));
  return bodies.get(wanted);
}

/** The models that can be chosen: all that the page knows, until it is known which of them have data. */
function models() {
  const keys = new Set(available?.map((row) => row.model));
  return ENTRIES.filter((entry) => !available || entry.keys.some((key) => keys.has(key))).map((entry) => entry.text);
}

function sequences(text) {
  if (!available) return SEQUENCES;
  const { keys } = entryOf(text);
  const found = new Set(available.filter((row) => keys.includes(row.model)).map(sequenceOf));
  return [...found].sort();
}

function offer() {
  model.choices = models();
  const lengths = sequences(model.value);
  sequence.choices = lengths;
  if (available && !lengths.includes(sequence.value)) sequence.value = lengths[0] ?? SEQUENCES[0];
}

async function points(text) {
  const rows = (await rowsOf(text)).filter((row) => sequenceOf(row) === sequence.value);
  precision.choices = [ALL, ...new Set(rows.map((row) => row.precision.toUpperCase()))];
  const shown = rows.filter((row) => [ALL, row.precision.toUpperCase()].includes(precision.value));
  const at = (x) => shown.map((row) => point(row, x)).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  return { e2e: at((m) => m.median_e2el ?? m.median_ttlt), interactivity: at((m) => m.median_intvty) };
}

function point({ hardware, framework, spec_method, metrics }, x) {
  const key = [hardware.split("-")[0], framework, ...(spec_method === "none" ? [] : [spec_method])].join("_");
  return { key, x: x(metrics ?? {}), y: metrics?.tput_per_gpu };
}

function select(text) {
  model.value = text;
  precision.value = ALL;
  offer();
  show(() => points(model.value));
}

function choseModel(text) {
  chosen();
  select(landed("model", text, DEFAULT));
}

function chose(control) {
  return (text) => {
    selects[control].value = landed(control, text, control === "sequence" ? sequences(model.value)[0] : ALL);
    chosen();
    show(() => points(model.value));
  };
}

/** The model that the URL asks for; one that the page does not know is not mentioned again. */
function modelAsked() {
  const entry = ENTRIES.find(({ name }) => name === asked.get("g_model"));
  return entry ? landed("model", entry.text, DEFAULT) : DEFAULT;
}

function sequenceAsked() {
  const wanted = folded(asked.get("i_seq") ?? "");
  const text = [...SEQUENCES, AGENTIC].find((name) => folded(name) === wanted);
  return text ? landed("sequence", text, SEQUENCES[0]) : SEQUENCES[0];
}

async function learn() {
  available = await json(`${API}/availability`);
  select(models().includes(model.value) ? model.value : DEFAULT);
  const newest = available.map((row) => row.date).reduce((a, b) => (a > b ? a : b), "");
  if (newest) await json(`${API}/workflow-info?date=${newest}`);
}

if (LABELS) {
  model.headings = new Map(ENTRIES.map((entry) => [entry.text, entry.section]));
  model.badges = new Map(ENTRIES.filter((entry) => entry.badge).map((entry) => [entry.text, entry.badge]));
  ENTRIES.sort((a, b) => a.section.localeCompare(b.section));
}
model.value = modelAsked();
sequence.value = sequenceAsked();
precision.value = ALL;
precision.choices = [ALL];
offer();
document.getElementById("controls").append(model.element, sequence.element, precision.element);
addMischief(selects, {
  model: models,
  sequence: () => sequences(model.value),
  load: (text) => show(() => points(text ?? model.value)),
});
if (asked.has("g_model")) chosen();
show(() => points(model.value));
learn().catch((error) => console.error(error));
