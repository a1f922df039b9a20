// The chart of the rows that the table shows. Plotly is fetched when the chart comes into view, not before.

import { formatNumber } from "./columns.js";
import { make } from "./dom.js";
import { sorted } from "./select.js";

/** The colours of groups of training data, lighter for dark ground. */
const ON_DARK = { "#0072B2": "#56B4E9", "#56B4E9": "#B8E1FA", "#E69F00": "#F0B73A", "#009E73": "#2FCF9F", "#D55E00": "#FF8A3D", "#CC79A7": "#E8A5CB" };

/** Draws the selection; `reveal(key)` is called for the row of a point that was selected. */
export class Chart {
  /**
   * @param {HTMLElement} element
   * @param {{library: string, reveal: (key: string) => void, drawn: (note: string) => void}} options
   */
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.view = null;
    this.waiting = 0;
    this.seen = new IntersectionObserver((entries) => {
      this.inView = entries.some((entry) => entry.isIntersecting);
      if (this.inView) this.#schedule();
    }, { rootMargin: "200px" });
    new MutationObserver(() => this.#schedule()).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  }

  /**
   * Takes the selection; it is drawn after the table, and only while in view.
   * @param {{rows: Object[], frontier: Object[], groups: Object[], axis: Column, environment: string, dataset: string}} view
   */
  show(view) {
    // Watched only once there are rows: before, the empty table leaves the chart in view.
    if (!this.view) this.seen.observe(this.element);
    this.view = view;
    this.#schedule();
  }

  #schedule() {
    if (!this.inView || !this.view || this.waiting) return;
    this.waiting = window.setTimeout(() => {
      this.waiting = 0;
      this.#draw();
    }, 60);
  }

  async #draw() {
    const view = this.view;
    try {
      this.plotly ??= await loadScript(this.options.library, "Plotly");
    } catch (error) {
      this.element.replaceChildren(make("p", { class: "lb-note", text: `The chart could not be loaded (${error.message}). The table above holds the same rows.` }));
      return;
    }
    if (view !== this.view) return this.#schedule();
    const style = colours(this.element);
    const width = this.element.clientWidth;
    await this.plotly.react(this.element, traces(view, style, width), layout(view, style, width), CONFIG);
    if (!this.listening) {
      this.listening = true;
      this.element.on("plotly_click", (event) => this.options.reveal(event.points[0].customdata));
    }
    const drawn = view.rows.filter((row) => row[view.axis.property] !== null);
    this.element.dataset.points = String(drawn.length);
    this.options.drawn(outside(view, drawn));
  }
}

const CONFIG = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"], displayModeBar: "hover" };

/** The traces: a group of training data each, what only papers report hollow, and the frontier. */
function traces(view, style, width) {
  const drawn = [];
  for (const group of view.groups) {
    const ofGroup = view.rows.filter((row) => row[view.axis.property] !== null && groupOf(row, view.groups) === group);
    const rows = sorted(ofGroup, "evidence", false); // measured first: the legend shows the first point's marker
    if (!rows.length) continue;
    const colour = (style.dark && ON_DARK[group.colour]) || group.colour;
    drawn.push({
      type: "scatter",
      mode: "markers",
      name: group.name,
      x: rows.map((row) => row[view.axis.property]),
      y: rows.map((row) => row.top1),
      customdata: rows.map((row) => row.key),
      text: rows.map((row) => hover(row, view)),
      hovertemplate: "%{text}<extra></extra>",
      marker: {
        color: colour,
        symbol: rows.map((row) => (row.ranked ? group.symbol : `${group.symbol}-open`)),
        size: rows.map((row) => (row.pareto ? 9 : 6)),
        opacity: rows.map((row) => (row.pareto ? 1 : 0.55)),
        line: { width: 1, color: colour },
      },
    });
  }
  const line = [...view.frontier].sort((a, b) => a[view.axis.property] - b[view.axis.property]);
  drawn.push({
    type: "scatter",
    mode: "lines+text",
    name: "Pareto frontier",
    text: labels(line, view, width),
    textposition: view.axis.descending ? "top right" : "top left",
    textfont: { size: 11, color: style.text },
    x: line.map((row) => row[view.axis.property]),
    y: line.map((row) => row.top1),
    line: { color: style.text, width: 1.5, shape: view.axis.descending ? "vh" : "hv" },
    hoverinfo: "skip",
  });
  return drawn;
}

/** The frontier's names where they fit without touching each other, the most accurate first; none on a narrow screen. */
function labels(line, view, width) {
  if (width < 700) return line.map(() => "");
  const [low, high] = yRange(view);
  const values = view.rows.map((row) => row[view.axis.property]).filter((value) => value !== null);
  const decades = Math.log10(values.reduce((a, b) => Math.max(a, b), 0) / values.reduce((a, b) => Math.min(a, b), Infinity)) || 1;
  const placed = [];
  const names = line.map(() => "");
  for (let index = line.length - 1; index >= 0; index -= 1) {
    const row = line[index];
    const long = row.architecture.length * 6.2;
    const right = (Math.log10(row[view.axis.property]) / decades) * (width - 110) + (view.axis.descending ? long : 0);
    const box = { left: right - long, right, y: ((row.top1 - low) / (high - low)) * 400 };
    if (placed.some((other) => Math.abs(other.y - box.y) < 14 && box.left < other.right + 6 && box.right > other.left - 6)) continue;
    placed.push(box);
    names[index] = escape(row.architecture);
  }
  return names;
}

/** The group of a row by its training data, as on the drawn charts; what is in none counts as private data. */
function groupOf(row, groups) {
  return groups.find((group) => group.members.includes(row.train_set)) ?? groups.at(-1);
}

/** All conditions of a point and where its figures were read. */
function hover(row, view) {
  const figure = (value, decimals, unit) => (value === null ? null : `${formatNumber(value, decimals)} ${unit}`);
  const cost = row.gmacs === null ? null : `${figure(row.gmacs, 2, "GMACs")}${row.cost_note ? ` (${row.cost_note})` : ""}`;
  const speed = row.images_per_s === null ? null : `${figure(row.images_per_s, 0, "images/s")}, batch ${row.batch_size ?? "?"}${row.speed_note ? ` (${row.speed_note})` : ""}, ${view.environment}`;
  const lines = [
    `<b>${escape(row.model)}</b>`,
    escape(`top-1 ${formatNumber(row.top1, 2)} % on ${view.dataset} at ${row.img_size} px, ${row.evidence}`),
    escape([row.train_set, figure(row.params_m, 1, "M parameters"), cost].filter(Boolean).join(" · ")),
  ];
  if (speed) lines.push(escape(speed));
  lines.push(escape(`source: ${row.source}, line ${row.line ?? "?"}`));
  return lines.join("<br>");
}

function escape(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\s+/g, " ");
}

function layout(view, style, width) {
  const wide = width >= 700;
  const axis = { gridcolor: style.grid, linecolor: style.grid, zeroline: false, color: style.text };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style.font, size: 12, color: style.text },
    margin: { l: 56, r: 12, t: 12, b: 48 },
    hovermode: "closest",
    hoverlabel: { align: "left", bgcolor: style.background, font: { color: style.text, size: 12 } },
    legend: { orientation: "h", y: wide ? -0.14 : -0.2, yanchor: "top" },
    xaxis: { ...axis, type: "log", title: { text: `${view.axis.heading[0].toUpperCase()}${view.axis.heading.slice(1)}, log`, standoff: 8 }, dtick: wide ? "D2" : 1, tickformat: ",~g", minor: { showgrid: false } },
    yaxis: { ...axis, title: { text: "Top-1, %" }, range: yRange(view), autorange: false },
    uirevision: `${view.axis.key} ${view.dataset}`,
  };
}

/** From the second percentile up, so that a few tiny networks do not flatten everything else; a double click shows all. */
export function yRange(view) {
  const values = view.rows.filter((row) => row[view.axis.property] !== null).map((row) => row.top1).sort((a, b) => a - b);
  if (!values.length) return [0, 100];
  const low = values[Math.floor(values.length * 0.02)];
  const high = values.at(-1);
  const room = Math.max((high - low) * 0.06, 0.5);
  return [low - room, high + room];
}

/** How many points are not in the picture, in words; blank when all are. */
function outside(view, drawn) {
  const [low] = yRange(view);
  const below = drawn.filter((row) => row.top1 < low).length;
  const blank = view.rows.length - drawn.length;
  const words = [];
  if (below) words.push(`${below} less accurate ${below === 1 ? "row is" : "rows are"} below the picture (a double click shows all)`);
  if (blank) words.push(`${blank} ${blank === 1 ? "row has" : "rows have"} no figure for this axis`);
  return words.length ? `${words.join("; ")}.` : "";
}

function colours(element) {
  const style = getComputedStyle(element);
  const variable = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    dark: document.body.dataset.mdColorScheme === "slate",
    text: style.color,
    font: style.fontFamily,
    background: variable("--md-default-bg-color", "#fff"),
    grid: variable("--md-default-fg-color--lightest", "#ddd"),
  };
}

function loadScript(address, name) {
  return new Promise((resolve, reject) => {
    const script = make("script", { src: address, on: {
      load: () => (window[name] ? resolve(window[name]) : reject(new Error(`${address} is not the chart library`))),
      error: () => reject(new Error(`${address} did not arrive`)),
    } });
    document.head.append(script);
  });
}
