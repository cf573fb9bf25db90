// What both generations of the page do: read what can be selected, ask for JSON, draw the two charts.

import { draw, legend } from "./chart.js";

export const config = JSON.parse(document.getElementById("config").textContent);

const E2E = { xTitle: "End-to-end latency (s)", smallX: true };
const INTERACTIVITY = { xTitle: "Interactivity (tok/s per user)", smallX: false };

const charts = document.getElementById("charts");
const note = document.getElementById("note");

/** The JSON at a path of the site; anything else is an error. */
export async function json(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

/** Show what `load` gives as `{e2e, interactivity}`: lists of points; only the last one asked for is shown. */
export async function show(load) {
  charts.ariaBusy = "true";
  note.textContent = "Loading…";
  show.last = load;
  let points = { e2e: [], interactivity: [] };
  let failed = false;
  try {
    points = await load();
  } catch (error) {
    failed = true;
    console.error(error);
  }
  if (show.last !== load) return;
  note.textContent = failed ? "The data could not be loaded." : points.e2e.length ? "" : "No data for this selection.";
  drawn(points);
  charts.ariaBusy = "false";
}

function drawn({ e2e, interactivity }) {
  const keys = [...new Set([...e2e, ...interactivity].map((point) => point.key))].sort();
  const colours = legend(document.getElementById("legend"), keys);
  draw(document.getElementById("chart-e2e"), e2e, colours, E2E);
  draw(document.getElementById("chart-interactivity"), interactivity, colours, INTERACTIVITY);
}
