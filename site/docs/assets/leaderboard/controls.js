// The form above the table: shows a state, and tells of every change that a visitor makes to it.

import { make, setText } from "./dom.js";
import { parseNumber } from "./state.js";
import { rangeWords } from "./words.js";

/** The list of environments: who measured comes first, as a rate measured here and one of timm's are of different code. */
const ENVIRONMENT_GROUPS = [
  ["GPU, measured by timm", ({ kind, origin }) => kind === "gpu" && origin !== "here"],
  ["CPU, measured by timm", ({ kind, origin }) => kind === "cpu" && origin !== "here"],
  ["Measured here", ({ origin }) => origin === "here"],
];
/** The two filters that are in plain sight: a box that chooses these values of a filter, and only these. */
const SHORTCUTS = [
  { part: "only-1k", facet: "train", values: ["imagenet-1k"] },
  { part: "only-measured", facet: "evidence", values: ["measured-here", "measured-upstream"] },
];

/** The controls; `change(edit, how)` is called with a function that edits a state and "push" or "typing". */
export class Controls {
  /**
   * @param {Object<string, HTMLElement>} elements by data-part
   * @param {Object} vocabulary of the page, see leaderboard.js
   * @param {(edit: (state: Object) => void, how: string) => void} change
   */
  constructor(elements, vocabulary, change) {
    this.elements = elements;
    this.vocabulary = vocabulary;
    this.change = change;
    this.facets = new Map();
    this.ranges = new Map();
    this.panels = [];
    this.#buildBar();
    elements.facets.append(...vocabulary.columns.panels.map((panel) => this.#buildPanel(panel)));
    this.reset = make("button", { type: "button", class: "lb-reset", text: "Reset", on: { click: () => this.change("reset", "push") } });
    elements.facets.append(this.reset);
    document.addEventListener("click", (event) => this.#closeOthers(event.target));
    document.addEventListener("keydown", (event) => this.#keys(event));
  }

  /**
   * Shows a state.
   * @param {Object} state
   * @param {(key: string) => Map<string, number>} count how many rows each value of a filter would give; asked for
   *   filters that are open only
   */
  show(state, count) {
    this.state = state;
    this.count = count;
    const { search, dataset, environment, x, pareto } = this.elements;
    if (search.value !== state.search) search.value = state.search;
    dataset.value = state.dataset;
    environment.value = state.environment;
    x.value = state.x;
    pareto.checked = state.pareto;
    for (const { part, facet, values } of this.shortcuts) this.elements[part].checked = state.facets[facet].join() === values.join();
    for (const panel of this.panels) this.#showPanel(panel);
  }

  #buildBar() {
    const { search, dataset, environment, x, pareto, controls } = this.elements;
    const { columns, datasets, environments } = this.vocabulary;
    controls.addEventListener("submit", (event) => event.preventDefault());
    search.addEventListener("input", () => this.change((next) => (next.search = search.value.slice(0, 200)), "typing"));
    dataset.append(...datasets.map((each) => make("option", { value: each.key, text: each.label })));
    for (const [label, belongs] of ENVIRONMENT_GROUPS) {
      const group = make("optgroup", { label });
      const ofKind = environments.filter(belongs);
      group.append(...ofKind.map((each) => make("option", { value: each.key, text: `${each.label} · ${each.rows}` })));
      if (ofKind.length) environment.append(group);
    }
    x.append(...columns.axes.map((axis) => make("option", { value: axis.key, text: axis.label })));
    for (const name of ["dataset", "environment", "x"]) {
      this.elements[name].addEventListener("change", () => this.change((next) => (next[name] = this.elements[name].value), "push"));
    }
    pareto.addEventListener("change", () => this.change((next) => (next.pareto = pareto.checked), "push"));
    this.shortcuts = SHORTCUTS.map((shortcut) => ({ ...shortcut, values: shortcut.values.filter((value) => this.vocabulary.facets[shortcut.facet].has(value)) }));
    for (const { part, facet, values } of this.shortcuts) {
      const box = this.elements[part];
      box.addEventListener("change", () => this.change((next) => (next.facets[facet] = box.checked ? values : []), "push"));
    }
    const drawer = this.elements["drawer-button"];
    drawer.addEventListener("click", () => {
      const open = drawer.getAttribute("aria-expanded") !== "true";
      drawer.setAttribute("aria-expanded", String(open));
      this.elements.drawer.classList.toggle("lb-open", open);
    });
  }

  #buildPanel({ label, facets, ranges }) {
    const used = make("span", { class: "lb-used" });
    const body = make("div", { class: "lb-panel" });
    const details = make("details", { class: "lb-facet" }, make("summary", {}, make("span", { text: label }), used), body);
    const panel = { details, used, body, facets, ranges, built: false };
    this.panels.push(panel);
    details.addEventListener("toggle", () => {
      if (details.open && !panel.built) this.#fillPanel(panel);
      if (!details.open) return;
      this.#showPanel(panel);
      for (const { key } of panel.facets) this.#usefulFirst(key);
    });
    return details;
  }

  #fillPanel(panel) {
    panel.built = true;
    panel.body.append(...panel.ranges.map((column) => this.#buildRange(column)));
    panel.body.append(...panel.facets.map((column) => this.#buildFacet(column)));
  }

  #buildFacet(facet) {
    const entries = this.vocabulary.values(facet.key).map(({ value, text }) => {
      const box = make("input", { type: "checkbox", value, name: facet.key });
      const count = make("span", { class: "lb-count" });
      box.addEventListener("change", () => this.change((next) => toggle(next.facets, facet.key, value, box.checked), "push"));
      return { value, box, count, text: text.toLowerCase(), label: make("label", {}, box, make("span", { text }), count) };
    });
    this.facets.set(facet.key, entries);
    const list = make("div", { class: "lb-values" }, ...entries.map((entry) => entry.label));
    const group = make("fieldset", {}, make("legend", { text: facet.head }));
    if (facet.searchable) {
      const asks = `Find a ${facet.head.toLowerCase()}`;
      const find = make("input", { type: "search", class: "lb-find", placeholder: asks, "aria-label": asks });
      find.addEventListener("input", () => {
        const wanted = find.value.trim().toLowerCase();
        for (const entry of entries) entry.label.hidden = !entry.text.includes(wanted) && !entry.value.includes(wanted);
      });
      group.append(find);
    }
    group.append(list);
    return group;
  }

  #buildRange({ range: key, head }) {
    const inputs = ["at least", "at most"].map((words, side) => {
      const input = make("input", { type: "number", min: 0, step: "any", inputmode: "decimal", "aria-label": `${head}, ${words}`, name: `${side ? "max" : "min"}-${key}` });
      input.addEventListener("input", () => this.change((next) => (next.ranges[key][side] = parseNumber(input.value)), "typing"));
      return input;
    });
    this.ranges.set(key, inputs);
    const fields = inputs.map((input, side) => make("label", {}, make("span", { text: side ? "at most" : "at least" }), input));
    return make("fieldset", { class: "lb-range" }, make("legend", { text: head }), ...fields);
  }

  #showPanel(panel) {
    const facets = panel.facets.map(({ key }) => key);
    const ranges = panel.ranges.map(({ range }) => range);
    const chosen = facets.reduce((sum, key) => sum + this.state.facets[key].length, 0);
    const words = ranges.map((key) => rangeWords(...this.state.ranges[key])).filter(Boolean);
    setText(panel.used, [...words, ...(chosen ? [String(chosen)] : [])].join(", "));
    if (!panel.built || !panel.details.open) return;
    for (const key of facets) this.#showFacet(key);
    for (const key of ranges) {
      this.ranges.get(key).forEach((input, side) => {
        const value = this.state.ranges[key][side];
        if (parseNumber(input.value) !== value) input.value = value === null ? "" : String(value);
      });
    }
  }

  #showFacet(key) {
    const counts = this.count(key);
    const chosen = new Set(this.state.facets[key]);
    for (const { value, box, count, label } of this.facets.get(key)) {
      const rows = counts.get(value) ?? 0;
      box.checked = chosen.has(value);
      setText(count, String(rows));
      label.classList.toggle("lb-dim", rows === 0);
    }
  }

  /** Chosen values first, then those that would show rows; only as the panel opens, so that nothing moves under a pointer. */
  #usefulFirst(key) {
    const counts = this.count(key);
    const chosen = new Set(this.state.facets[key]);
    const place = ({ value }) => (chosen.has(value) ? 0 : counts.get(value) ? 1 : 2);
    const entries = [...this.facets.get(key)].sort((a, b) => place(a) - place(b));
    entries[0]?.label.parentElement.append(...entries.map((entry) => entry.label));
  }

  #closeOthers(target) {
    for (const details of document.querySelectorAll(".lb-facet[open]")) if (!details.contains(target)) details.open = false;
  }

  #keys(event) {
    if (event.key === "Escape") {
      const open = event.target.closest?.(".lb-facet[open]");
      if (open) {
        open.open = false;
        open.querySelector("summary").focus();
      }
    }
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.elements.search.focus();
    }
  }
}

function toggle(facets, key, value, on) {
  const others = facets[key].filter((each) => each !== value);
  facets[key] = on ? [...others, value].sort() : others;
}
