"use strict";
// Draws the charts from the JSON in #data. Texts in it are foreign: they reach the page as text, and Plotly escaped.
(() => {
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const { columns, texts, curves } = DATA;
  const TOKENS = "tok/s/user", THROUGHPUT = "tok/s/GPU", COST = "US$ per million tokens (log)";
  const WITHIN_PRECISION = 4;  // what a bit of `front` is multiplied by, as in points.py
  const CHARTS = {
    interactivity: { x: "inter_x", y: () => "y", bit: 1, title: "Throughput per GPU against interactivity",
                     xTitle: `Interactivity (${TOKENS})`, yTitle: `Throughput per GPU (${THROUGHPUT})` },
    latency: { x: "e2e_x", y: () => "y", bit: 2, title: "Throughput per GPU against end-to-end latency",
               xTitle: "End-to-end latency (s)", yTitle: `Throughput per GPU (${THROUGHPUT})` },
    cost: { x: "inter_x", y: () => byId("price").value, bit: 1, title: "Cost against interactivity",
            xTitle: `Interactivity (${TOKENS})`, yTitle: COST, yType: "log" },
  };
  const EXPORTED = { width: 1280, height: 720, scale: 2 };  // as high as the legend needs
  const AROUND = { l: 80, r: 24, t: 84, b: 92 };
  const LEGEND_ROW = 20;
  // Named one by one: by default Plotly also offers to send the chart to its makers' server.
  const BUTTONS = [["zoom2d", "pan2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]];
  const CONFIG = { displaylogo: false, responsive: true, showSendToCloud: false, modeBarButtons: BUTTONS };
  const NARROW = 560;  // as in report.css
  // Sizes that fit the printed page, in px; the heights as in report.css.
  const PRINTED = { lead: { width: 630, height: 370 }, half: { width: 500, height: 290 } };
  const LOG_TICKS = ["e-3", "e-2", "e-1", "e0", "e1", "e2", "e3"].flatMap((e) => [1, 2, 5].map((n) => Number(n + e)));
  const EVERY = "";  // the value of "All precisions"

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const hidden = new Set();
  let printing = false;

  const byId = (id) => document.getElementById(id);
  // Plotly takes <b> for bold and $…$ for a formula.
  const escaped = (text) => String(text).replace(/[&<>$]/g, (mark) => `&#${mark.charCodeAt(0)};`);
  const textOf = (name, row) => texts[name][columns[name][row]];
  const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

  function grouped(values, keyOf) {
    const groups = new Map();
    values.forEach((value) => {
      const key = keyOf(value);
      groups.has(key) ? groups.get(key).push(value) : groups.set(key, [value]);
    });
    return groups;
  }

  function element(name, attributes = {}, ...children) {
    const made = name === "svg" || name === "path"
      ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    made.append(...children);
    return made;
  }

  // ---- what is selected ------------------------------------------------------------------------------------------

  /** The rows of what is selected; without a precision, of all of them. */
  function selected({ precision = byId("precision").value } = {}) {
    const model = texts.model.indexOf(byId("model").value);
    const sequence = texts.sequence.indexOf(byId("sequence").value);
    const wanted = precision === EVERY ? null : texts.precision.indexOf(precision);
    const rows = [];
    for (let row = 0; row < DATA.points; row += 1) {
      if (columns.model[row] === model && columns.sequence[row] === sequence &&
          (wanted === null || columns.precision[row] === wanted)) rows.push(row);
    }
    return rows;
  }

  function offer(id, values, preferred, label = (value) => value) {
    const select = byId(id), before = preferred ?? select.value;
    select.replaceChildren(...values.map((value) => element("option", { value }, label(value))));
    select.value = values.includes(before) ? before : values[0];
  }

  /** Offer what there is: the sequences of the model, and the precisions of both. */
  function offerRest(wanted = {}) {
    const model = texts.model.indexOf(byId("model").value);
    const there = new Set(columns.sequence.filter((_, row) => columns.model[row] === model));
    offer("sequence", DATA.sequences.filter((name) => there.has(texts.sequence.indexOf(name))), wanted.sequence);
    const precisions = new Set(selected({ precision: EVERY }).map((row) => textOf("precision", row)));
    offer("precision", [EVERY, ...[...precisions].filter(Boolean).sort()], wanted.precision,
          (value) => value || "All precisions");
  }

  /** Keep the selection in the address, so that a link leads back to it. */
  function remember() {
    const state = new URLSearchParams(["model", "sequence", "precision"].map((id) => [id, byId(id).value]));
    history.replaceState(null, "", `#${state}`);
  }

  // ---- figures ---------------------------------------------------------------------------------------------------

  const format = (value) => value === null ? "–" : value.toLocaleString("en", { maximumSignificantDigits: 5 });

  /** What is said of a point: which configuration it is, and its values. */
  function identity(row) {
    const value = (name) => columns[name][row];
    const clipped = (text) => text.length > 64 ? `${text.slice(0, 63)}…` : text;
    const lines = [
      `<b>${escaped(textOf("hwKey", row))}</b>  ${escaped(textOf("precision", row) ?? "")}`,
      `concurrency ${format(value("conc"))}, TP ${format(value("tp"))}`,
      `throughput ${format(value("y"))} ${THROUGHPUT}`,
    ];
    if (value("inter_x") !== null) lines.push(`interactivity ${format(value("inter_x"))} ${TOKENS}`);
    if (value("e2e_x") !== null) lines.push(`end-to-end latency ${format(value("e2e_x"))} s`);
    const costs = ["costh_y", "costn_y", "costr_y"].map((name) => format(value(name)));
    lines.push(`cost ${costs.join(" / ")} US$/M tokens`, "  (hyperscaler / neocloud / rental)");
    ["date", "image"].forEach((name) => {
      const text = textOf(name, row);
      if (text) lines.push(escaped(clipped(text)));
    });
    return lines.join("<br>");
  }

  const mode = () => dark.matches && !printing ? "dark" : "light";

  /** The two traces of a curve, its front as a line and what is dominated as paler points; without empty ones. */
  function tracesOf(hwKey, rows, chart, theme) {
    const look = curves[hwKey], color = look[theme], y = chart.y();
    const bit = chart.bit * (byId("precision").value === EVERY ? 1 : WITHIN_PRECISION);
    const placed = rows.filter((row) => columns[chart.x][row] !== null && columns[y][row] !== null);
    const made = (kind, chosen, style) => ({
      type: "scatter", name: escaped(hwKey), legendgroup: hwKey, meta: { hwKey, kind },
      x: chosen.map((row) => columns[chart.x][row]), y: chosen.map((row) => columns[y][row]),
      text: chosen.map(identity), hovertemplate: "%{text}<extra></extra>",
      hoverlabel: { bordercolor: color, align: "left" }, ...style,
    });
    const front = placed.filter((row) => columns.front[row] & bit)
      .sort((a, b) => columns[chart.x][a] - columns[chart.x][b]);
    const dominated = byId("front-only").checked ? [] : placed.filter((row) => !(columns.front[row] & bit));
    return [
      made("dominated", dominated, { mode: "markers", showlegend: false, opacity: 0.38,
                                     marker: { symbol: look.symbol, color, size: 6 } }),
      made("front", front, { mode: "lines+markers", line: { color, width: 2, dash: look.dash },
                             marker: { symbol: look.symbol, color, size: 8 } }),
    ].filter((trace) => trace.x.length);
  }

  function layoutOf(chart, theme) {
    const { text, muted, line, card } = DATA.theme[theme];
    const axis = (title, type) => ({
      title: { text: title, standoff: 6 }, type, gridcolor: line, linecolor: line, color: muted, zeroline: false,
      rangemode: "tozero",
      ...type === "log" ? { tickvals: LOG_TICKS, ticktext: LOG_TICKS.map(String) } : {},
    });
    return {
      xaxis: axis(chart.xTitle), yaxis: axis(chart.yTitle, chart.yType), margin: { l: 64, r: 12, t: 10, b: 50 },
      paper_bgcolor: card, plot_bgcolor: card, showlegend: false, hovermode: "closest",
      font: { family: "system-ui, 'Liberation Sans', Arial, sans-serif", size: 12.5, color: text },
      hoverlabel: { bgcolor: card, font: { color: text, size: 12.5 } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: muted, activecolor: text },
    };
  }

  function figure(name, theme) {
    const chart = CHARTS[name], rows = grouped(selected(), (row) => textOf("hwKey", row));
    const shown = Object.keys(curves).filter((hwKey) => rows.has(hwKey) && !hidden.has(hwKey));
    const traces = shown.flatMap((hwKey) => tracesOf(hwKey, rows.get(hwKey), chart, theme));
    const pale = (trace) => trace.meta.kind === "dominated" ? 0 : 1;
    return { data: traces.sort((a, b) => pale(a) - pale(b)), layout: layoutOf(chart, theme) };
  }

  // ---- the page --------------------------------------------------------------------------------------------------

  async function draw() {
    await Promise.all(Object.keys(CHARTS).map((name) => {
      const place = document.querySelector(`#${name} .chart`);
      const { data, layout } = figure(name, mode());
      if (printing) Object.assign(layout, name === "interactivity" ? PRINTED.lead : PRINTED.half);
      const points = data.reduce((sum, trace) => sum + trace.x.length, 0);
      place.setAttribute("aria-label", `${CHARTS[name].title}: ${plural(points, "point")}`);
      return Plotly.react(place, data, layout, { ...CONFIG, displayModeBar: innerWidth > NARROW ? "hover" : false });
    }));
  }

  const SHAPES = {
    circle: "M4 0A4 4 0 1 1-4 0A4 4 0 1 1 4 0Z", square: "M-4-4H4V4H-4Z", diamond: "M0-5L5 0L0 5L-5 0Z",
    "triangle-up": "M0-5L5 4H-5Z", "triangle-down": "M0 5L5-4H-5Z", pentagon: "M0-5L5-1L3 5H-3L-5-1Z",
    star: "M0-6L1.5-2H6L2.4 1L4 5.5L0 3L-4 5.5L-2.4 1L-6-2H-1.5Z", cross: "M-2-5H2V-2H5V2H2V5H-2V2H-5V-2H-2Z",
    x: "M-5-3L-3-5L0-2L3-5L5-3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0Z", hexagon2: "M5 0L2.5 4.5H-2.5L-5 0L-2.5-4.5H2.5Z",
  };
  const DASHES = { solid: "", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3" };

  function swatch({ symbol, dash, ...colours }) {
    const stroke = colours[mode()], open = symbol.endsWith("-open");
    const line = element("path", { d: "M-16 0H16", stroke, "stroke-width": 2, "stroke-dasharray": DASHES[dash] });
    const fill = open ? DATA.theme[mode()].card : stroke;
    const marker = element("path", { d: SHAPES[symbol.replace("-open", "")], stroke, fill, "stroke-width": 1.5 });
    return element("svg", { viewBox: "-17 -7 34 14", width: 34, height: 14, "aria-hidden": "true" }, line, marker);
  }

  function entry(hwKey, count) {
    const box = element("input", { type: "checkbox", value: hwKey });
    box.checked = !hidden.has(hwKey);
    box.addEventListener("change", () => {
      box.checked ? hidden.delete(hwKey) : hidden.add(hwKey);
      draw();
    });
    return element("label", {}, box, swatch(curves[hwKey]), element("span", {}, hwKey), element("small", {}, String(count)));
  }

  /** List the curves of the selection by vendor, with their numbers of points. */
  function listCurves() {
    const rows = grouped(selected(), (row) => textOf("hwKey", row));
    const there = Object.keys(curves).filter((hwKey) => rows.has(hwKey));
    const vendors = grouped(there, (hwKey) => curves[hwKey].vendor);
    byId("curves").replaceChildren(...[...vendors].map(([vendor, hwKeys]) => element(
      "fieldset", {}, element("legend", {}, vendor), ...hwKeys.map((hwKey) => entry(hwKey, rows.get(hwKey).length)))));
  }

  /** Say how many points there are, and what is left out. */
  function say() {
    const rows = selected(), curvesThere = new Set(rows.map((row) => columns.hwKey[row])).size;
    const unpriced = rows.filter((row) => columns.costh_y[row] === null).length;
    const days = [...new Set(rows.map((row) => textOf("date", row)))].filter(Boolean).sort();
    const said = [`${plural(rows.length, "record")} of ${plural(curvesThere, "curve")}`];
    if (days.length) said.push(days.length > 1 ? `measured from ${days[0]} to ${days[days.length - 1]}` : `measured on ${days[0]}`);
    if (unpriced) said.push(`${unpriced.toLocaleString("en")} without a cost: the edition of prices does not know their GPU`);
    const unplaced = DATA.records - DATA.charted;
    if (unplaced) said.push(`${plural(unplaced, "record")} of this version ${unplaced === 1 ? "has" : "have"} no place on a chart`);
    if (DATA.reduced) {
      said.push(`the page holds ${DATA.points.toLocaleString("en")} of ${DATA.charted.toLocaleString("en")} points: ${DATA.reduced}`);
    }
    byId("shown").textContent = `${said.join("; ")}.`;
  }

  function update() {
    listCurves();
    say();
    return draw();
  }

  // ---- pictures --------------------------------------------------------------------------------------------------

  /** Return the chart called *name* as a PNG (a data URL) for slides: light, with a title, a legend and its source. */
  async function picture(name) {
    const { data, layout } = figure(name, "light");
    const price = name === "cost" ? `${byId("price").selectedOptions[0].text} price` : "";
    const selection = ["model", "sequence", "precision"].map((id) => byId(id).value);
    const what = [...selection, price].filter(Boolean).map(escaped).join(", ");
    const source = `Data © SemiAnalysis InferenceX; version ${escaped(DATA.version)}`;
    Object.assign(layout, {
      title: { text: `<b>${CHARTS[name].title}</b><br><span style="font-size:15px">${what}</span>`, x: 0.02, xanchor: "left" },
      showlegend: true, legend: { font: { size: 13 }, tracegroupgap: 0 }, margin: AROUND,
      annotations: [{ text: source, xref: "paper", yref: "paper", x: 1, y: 0, xanchor: "right", yanchor: "top",
                      yshift: -62, showarrow: false, font: { size: 12, color: DATA.theme.light.muted } }],
    });
    layout.font.size = 15;
    const needed = AROUND.t + AROUND.b + LEGEND_ROW * data.filter((trace) => trace.showlegend !== false).length;
    return Plotly.toImage({ data, layout }, { format: "png", ...EXPORTED, height: Math.max(EXPORTED.height, needed) });
  }

  async function save(name) {
    const words = [DATA.version, byId("model").value, byId("sequence").value, name].join("-");
    const link = element("a", { href: await picture(name), download: `${words.replace(/[^\w.-]+/g, "_")}.png` });
    link.click();
  }

  // ---- start -----------------------------------------------------------------------------------------------------

  function chosen() {
    offerRest();
    remember();
    update();
  }

  function setAll(shown) {
    Object.keys(curves).forEach((hwKey) => shown ? hidden.delete(hwKey) : hidden.add(hwKey));
    listCurves();
    draw();
  }

  const wanted = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  offer("model", texts.model, wanted.model);
  offerRest(wanted);
  ["model", "sequence", "precision"].forEach((id) => byId(id).addEventListener("change", chosen));
  ["price", "front-only"].forEach((id) => byId(id).addEventListener("change", draw));
  byId("all").addEventListener("click", () => setAll(true));
  byId("none").addEventListener("click", () => setAll(false));
  Object.keys(CHARTS).forEach((name) => {
    document.querySelector(`#${name} button`).addEventListener("click", () => save(name));
  });
  dark.addEventListener("change", update);
  [["beforeprint", true], ["afterprint", false]].forEach(([event, value]) => addEventListener(event, () => {
    printing = value;
    update();
  }));
  window.report = { ready: update(), picture, charts: Object.keys(CHARTS) };
})();
