// Makes the charts of a page interactive. Each is a <figure class="chart" data-chart="FIGURE.json"> that holds the
// static picture; that picture stays where JavaScript, the chart library or the figure is missing.
// The library and the figure are fetched when the chart comes into view, from the site itself.

const NARROW = 600; // pixels; below, panels are stacked and fingers scroll the page instead of the chart
const NAMED_GAP = 64; // pixels between rows of panels with names: numbers, title, and the next panel's heading
// Under the whole picture: beside long names the plot is too narrow to stand over its legend.
const AT_THE_FOOT = { xref: "container", yref: "container", x: 0, y: 0, xanchor: "left", yanchor: "bottom" };
const COLOURS = {
  light: { cloud: 1, ink: "#222222", quiet: "#8c8c8c", grid: "#e3e3e3", paper: "#ffffff" },
  dark: { cloud: 1.5, ink: "#e6e6e6", quiet: "#8c8c8c", grid: "#40434d", paper: "#1e2129" },
};
const CONFIG = { displaylogo: false, responsive: false, modeBarButtons: [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]] };
const here = document.currentScript?.src ?? new URL("assets/charts.js", document.baseURI).href;

let library; // one promise for the whole page

function loadLibrary(figure) {
  const address = figure.dataset.library ? new URL(figure.dataset.library, document.baseURI).href : new URL("vendor/plotly-basic.min.js", here).href;
  library ??= window.Plotly
    ? Promise.resolve(window.Plotly)
    : new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error(`${address} is not the chart library`)));
        script.onerror = () => reject(new Error(`${address} did not load`));
        document.head.append(script);
      });
  return library;
}

async function loadFigure(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

// Material writes the scheme on the body; without it, the system's preference counts.
function scheme() {
  const named = document.body.dataset.mdColorScheme;
  const dark = named ? named === "slate" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  return dark ? COLOURS.dark : COLOURS.light;
}

// Where each panel lies: [left, right], [bottom, top] as parts of the plot, in reading order.
function domains(grid, columnGap, rowGap) {
  const height = (1 - rowGap * (grid.length - 1)) / grid.length;
  return grid.flatMap((count, row) => {
    const columns = Math.max(count, grid.length > 1 && grid.at(-1) < grid[0] ? grid[0] : count);
    const width = (1 - columnGap * (columns - 1)) / columns;
    const top = 1 - row * (height + rowGap);
    return Array.from({ length: count }, (_, column) => {
      const left = column * (width + columnGap);
      return [[left, Math.min(1, left + width)], [Math.max(0, top - height), top]];
    });
  });
}

function layoutFor(figure, width, colours) {
  const layout = structuredClone(figure.layout);
  const { grid, columnGap, rowGap } = layout.meta;
  const panels = grid.reduce((sum, count) => sum + count, 0);
  const narrow = width < NARROW;
  const rows = narrow ? Array(panels).fill(1) : grid;
  const { panelHeight } = layout.meta; // set where panels have rows of names
  const gap = panelHeight ? NAMED_GAP / (rows.length * panelHeight) : narrow ? 0.42 / panels : rowGap * 1.4;
  const places = domains(rows, columnGap, gap);
  for (let number = 1; number <= panels; number += 1) {
    const suffix = number === 1 ? "" : number;
    for (const [letter, domain] of [["x", places[number - 1][0]], ["y", places[number - 1][1]]]) {
      const axis = layout[`${letter}axis${suffix}`];
      Object.assign(axis, { domain, gridcolor: colours.grid, linecolor: colours.grid, fixedrange: narrow });
      if (narrow && axis.title) axis.title.font = { size: 11 };
      if (narrow && axis.showticklabels === false) axis.showticklabels = true; // no panel beside it has the names
    }
  }
  const height = panelHeight ? rows.length * panelHeight + (narrow ? 180 : 120) : panels === 1 ? (narrow ? 430 : 500) : rows.length * (narrow ? 270 : 300) + 120;
  return Object.assign(layout, {
    width,
    height,
    autosize: false,
    dragmode: narrow ? false : "zoom",
    margin: { ...(narrow ? { l: 44, r: 6, t: 22, b: 44 } : { l: 56, r: 12, t: 26, b: 48 }), ...(panelHeight ? { b: narrow ? 150 : 96 } : {}) },
    legend: { ...layout.legend, ...(panelHeight ? AT_THE_FOOT : { y: -64 / (height - 150) }), font: { size: narrow ? 11 : 12 } },
    font: { family: getComputedStyle(document.body).fontFamily, size: narrow ? 11 : 12, color: colours.ink },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colours.quiet, activecolor: colours.ink },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    hoverlabel: { ...layout.hoverlabel, bgcolor: colours.paper, bordercolor: colours.grid, font: { color: colours.ink, size: narrow ? 11 : 12 } },
  });
}

function tracesFor(figure, colours) {
  return figure.data.map((trace) => {
    const copy = { ...trace };
    if (trace.meta === "ink") copy.line = { ...trace.line, color: colours.ink };
    if (trace.marker) copy.marker = { ...trace.marker, line: { ...trace.marker.line } };
    if (trace.opacity < 1) copy.opacity = trace.opacity * colours.cloud;
    else if (trace.marker) copy.marker.line = { color: colours.paper, width: 0.8 };
    return copy;
  });
}

class Chart {
  constructor(holder) {
    this.holder = holder;
    this.picture = holder.querySelector("img");
  }

  async draw() {
    const [plotly, figure] = await Promise.all([loadLibrary(this.holder), loadFigure(new URL(this.holder.dataset.chart, document.baseURI))]);
    this.plotly = plotly;
    this.figure = figure;
    this.plot = document.createElement("div");
    this.plot.className = "chart-plot";
    this.plot.setAttribute("role", "group");
    this.plot.setAttribute("aria-label", this.picture?.alt ?? "");
    this.holder.insertBefore(this.plot, this.picture?.nextSibling ?? this.holder.firstChild);
    await this.redraw();
    this.holder.classList.add("chart-live"); // the style sheet now hides the picture, except in print
    await this.redraw();
    this.watch();
  }

  redraw() {
    const colours = scheme();
    const width = Math.floor(this.plot.getBoundingClientRect().width) || this.holder.clientWidth;
    this.width = width;
    return this.plotly.react(this.plot, tracesFor(this.figure, colours), layoutFor(this.figure, width, colours), { ...CONFIG, displayModeBar: width < NARROW ? false : "hover" });
  }

  watch() {
    let waiting = 0;
    const later = () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => this.redraw());
    };
    new ResizeObserver(() => {
      if (Math.floor(this.plot.getBoundingClientRect().width) !== this.width) later();
    }).observe(this.plot);
    new MutationObserver(later).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
  }
}

function watchFor(figures) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        new Chart(target).draw().catch((error) => console.warn(`The chart stays a picture: ${error.message}`));
      }
    },
    { rootMargin: "200px" },
  );
  for (const figure of figures) observer.observe(figure);
}

const start = () => watchFor(document.querySelectorAll("figure.chart[data-chart]"));
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
