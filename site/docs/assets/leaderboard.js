// The leaderboard page: keeps the state, the address and the three views of it (controls, table, chart) in step.

import { Chart } from "./leaderboard/chart.js";
import { formatNumber } from "./leaderboard/columns.js";
import { Controls } from "./leaderboard/controls.js";
import { Data } from "./leaderboard/data.js";
import { make, parts, setText } from "./leaderboard/dom.js";
import { countValues, frontier, select, sorted } from "./leaderboard/select.js";
import { PAGE_LENGTHS, emptyState, formatQuery, isFiltered, parseQuery, visibleColumns } from "./leaderboard/state.js";
import { showCitation, saveCsv, copyLink } from "./leaderboard/share.js";
import { Table } from "./leaderboard/table.js";
import { buildVocabulary } from "./leaderboard/vocabulary.js";
import { describe } from "./leaderboard/words.js";

class Leaderboard {
  constructor(root) {
    this.root = root;
    this.elements = parts(root);
    this.data = new Data(root.dataset.files);
    this.generation = 0;
    this.typing = false;
    this.shown = { dataset: null, environment: null, frontier: [] };
  }

  async start() {
    this.core = await this.data.core();
    this.vocabulary = buildVocabulary(this.core);
    this.columns = this.vocabulary.columns;
    const change = (edit, how) => this.change(edit, how);
    this.controls = new Controls(this.elements, this.vocabulary, change);
    this.table = new Table(this.elements.table, {
      columns: this.columns,
      modelsFolder: "../models/",
      sources: this.core.sources,
      onSort: (key) => this.change((next) => sortBy(next, this.columns.byKey.get(key)), "push"),
    });
    this.chart = new Chart(this.elements.chart, {
      library: `${this.root.dataset.assets}vendor/plotly-basic.min.js`,
      reveal: (key) => this.reveal(key),
      drawn: (note) => setText(this.elements["chart-note"], note),
    });
    this.#buildColumns();
    this.#buildPager();
    this.#buildActions();
    this.readAddress();
    this.elements.app.hidden = false;
    await this.table.build();
    await this.refresh();
    this.elements.static.hidden = true;
    window.addEventListener("popstate", () => {
      this.readAddress();
      this.refresh();
    });
  }

  /** Takes the state from the address and names what was not understood. */
  readAddress() {
    this.typing = false;
    const { state, ignored } = parseQuery(window.location.search, this.vocabulary);
    this.state = state;
    this.note(ignored.length ? `Not understood in the address and left out: ${ignored.join("; ")}` : "");
  }

  note(text) {
    this.elements.note.hidden = text === "";
    setText(this.elements.note, text);
  }

  /**
   * Changes the state and everything that shows it.
   * @param {"reset"|((state: Object) => void)} edit
   * @param {"push"|"typing"} how a discrete change makes an entry in the history; typing makes one for all its letters
   * @param {boolean} [samePage] keep the page of the table
   */
  change(edit, how, samePage = false) {
    const next = edit === "reset" ? { ...emptyState(this.vocabulary), columns: this.state.columns, rows: this.state.rows } : structuredClone(this.state);
    if (edit !== "reset") edit(next);
    if (!samePage) next.page = 1;
    this.state = next;
    this.note("");
    this.#writeAddress(how);
    return this.refresh();
  }

  /** @param {"push"|"typing"|"correct"} how as in `change`; a correction makes no entry */
  #writeAddress(how) {
    const query = formatQuery(this.state, this.vocabulary);
    const address = `${window.location.pathname}${query ? `?${query}` : ""}`;
    const replace = how === "correct" || (how === "typing" && this.typing);
    this.typing = how === "typing";
    if (address === window.location.pathname + window.location.search) return;
    if (replace) window.history.replaceState(null, "", address);
    else window.history.pushState(null, "", address);
  }

  /** Computes what passes and shows it: table first, chart later. Only the newest of several calls shows anything. */
  async refresh() {
    const generation = ++this.generation;
    const state = this.state;
    if (state.dataset !== this.shown.dataset || state.environment !== this.shown.environment) {
      this.elements.table.setAttribute("aria-busy", "true");
      try {
        const rows = await this.data.rows(state.dataset, state.environment);
        if (generation !== this.generation) return;
        this.rows = rows;
        this.shown = { dataset: state.dataset, environment: state.environment, frontier: [] };
      } catch (error) {
        if (generation !== this.generation) return;
        this.note(`Could not be loaded: ${error.message}. What you see is what was shown before.`);
        if (!this.rows) throw error;
        this.state = { ...state, dataset: this.shown.dataset, environment: this.shown.environment };
        this.#writeAddress("correct");
        return this.refresh();
      } finally {
        this.elements.table.removeAttribute("aria-busy");
      }
    }
    this.#select(state);
    await this.#show(state);
    if (generation === this.generation) this.root.dataset.shown = formatQuery(state, this.vocabulary) || "all";
    this.root.dispatchEvent(new CustomEvent("leaderboard:shown"));
  }

  #select(state) {
    const rows = select(this.rows, state, this.columns);
    this.axis = this.columns.byKey.get(state.x);
    for (const row of this.shown.frontier) row.pareto = false;
    this.shown.frontier = frontier(rows, this.axis);
    for (const row of this.shown.frontier) row.pareto = true;
    this.selection = state.pareto ? rows.filter((row) => row.pareto) : rows;
    this.ordered = sorted(this.selection, this.columns.byKey.get(state.sort).property, state.descending);
    state.page = Math.min(state.page, Math.max(1, Math.ceil(this.ordered.length / state.rows)));
  }

  async #show(state) {
    const first = (state.page - 1) * state.rows;
    const page = this.ordered.slice(first, first + state.rows);
    const columns = visibleColumns(state, this.vocabulary);
    this.controls.show(state, (key) => countValues(this.rows, state, this.columns, key));
    await this.table.show(page, { columns, sort: state.sort, descending: state.descending, first, total: this.ordered.length, label: `Results on ${this.vocabulary.label("datasets", state.dataset)}` });
    this.#showCount(first, page.length);
    this.#showChips(state);
    for (const box of this.columnBoxes) box.checked = columns.includes(box.value);
    const dataset = this.vocabulary.label("datasets", state.dataset);
    this.chart.show({
      rows: this.selection,
      frontier: this.shown.frontier,
      groups: this.columns.groups,
      axis: this.axis,
      dataset,
      environment: this.vocabulary.label("environments", state.environment),
    });
    setText(this.elements["chart-title"], `Accuracy on ${dataset} against ${this.axis.label}`);
  }

  #showCount(first, length) {
    const all = this.rows.length;
    const total = this.ordered.length;
    const of = total === all ? `${formatNumber(all, 0)} results` : `${formatNumber(total, 0)} of ${formatNumber(all, 0)} results`;
    setText(this.elements.count, of);
    const last = Math.max(1, Math.ceil(total / this.state.rows));
    setText(this.pager.where, total ? `${formatNumber(first + 1, 0)}–${formatNumber(first + length, 0)} of ${formatNumber(total, 0)}` : "no rows");
    this.pager.previous.disabled = this.state.page === 1;
    this.pager.next.disabled = this.state.page >= last;
    this.pager.length.value = String(this.state.rows);
    this.elements.pager.hidden = total <= PAGE_LENGTHS[0];
  }

  #showChips(state) {
    const chips = describe(state, this.vocabulary);
    this.elements.chips.replaceChildren(
      ...chips.map(({ words, remove }) =>
        make("button", { type: "button", class: "lb-chip", "aria-label": `Take off: ${words}`, on: { click: () => this.change(remove, "push") } }, make("span", { text: words }), make("span", { "aria-hidden": "true", text: " ×" })),
      ),
    );
    setText(this.elements["drawer-count"], chips.length ? ` (${chips.length})` : "");
    this.controls.reset.disabled = !isFiltered(state) && formatQuery({ ...state, columns: null, page: 1, rows: PAGE_LENGTHS[0] }, this.vocabulary) === "";
  }

  #buildColumns() {
    const offered = this.columns.all.filter((column) => column.key !== "model");
    const boxes = offered.map((column) => make("input", { type: "checkbox", value: column.key, name: "column" }));
    const labels = offered.map((column, index) => make("label", { title: column.help }, boxes[index], make("span", { text: column.head })));
    for (const box of boxes) {
      box.addEventListener("change", () => {
        const chosen = new Set(["model", ...boxes.filter((each) => each.checked).map((each) => each.value)]);
        this.change((next) => (next.columns = [...this.columns.byKey.keys()].filter((key) => chosen.has(key))), "push", true);
      });
    }
    this.columnBoxes = boxes;
    const again = make("button", { type: "button", text: "Usual columns", on: { click: () => this.change((next) => (next.columns = null), "push", true) } });
    const panel = make("div", { class: "lb-panel lb-right" }, make("fieldset", {}, make("legend", { text: "Columns" }), make("div", { class: "lb-values" }, ...labels)), again);
    this.elements.columns.append(make("details", { class: "lb-facet" }, make("summary", {}, make("span", { text: "Columns" })), panel));
  }

  #buildPager() {
    const turn = (step) => {
      this.change((next) => (next.page += step), "push", true);
      this.elements.table.scrollIntoView({ block: "start" });
    };
    const previous = make("button", { type: "button", text: "‹ Previous", on: { click: () => turn(-1) } });
    const next = make("button", { type: "button", text: "Next ›", on: { click: () => turn(1) } });
    const where = make("span");
    const length = make("select", { "aria-label": "Rows on a page" }, ...PAGE_LENGTHS.map((rows) => make("option", { value: rows, text: `${rows} rows` })));
    length.addEventListener("change", () => this.change((state) => (state.rows = Number(length.value)), "push"));
    this.pager = { previous, next, where, length };
    this.elements.pager.append(previous, where, next, length);
  }

  #buildActions() {
    this.elements.csv.addEventListener("click", () => saveCsv(this));
    this.elements.link.addEventListener("click", () => copyLink(this));
    this.elements.cite.addEventListener("click", () => showCitation(this));
  }

  /** Turns to the page of a row and marks it. */
  async reveal(key) {
    const at = this.ordered.findIndex((row) => row.key === key);
    if (at < 0) return;
    await this.change((next) => (next.page = Math.floor(at / next.rows) + 1), "push", true);
    this.table.reveal(key);
  }
}

function sortBy(state, { key, descending }) {
  state.descending = state.sort === key ? !state.descending : Boolean(descending);
  state.sort = key;
}

const root = document.getElementById("leaderboard-page");
if (root) {
  new Leaderboard(root).start().catch((error) => {
    const { app, failed } = parts(root);
    app.hidden = true;
    failed.hidden = false;
    failed.textContent = `The full table could not be shown (${error.message}). The most accurate results follow.`;
    console.error(error);
  });
}
