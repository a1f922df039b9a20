// The table of the current page of rows: Tabulator, wrapped thinly. It sorts and filters nothing itself.

import { formatValue } from "./columns.js";
import { make } from "./dom.js";

const ROW_HEIGHT = 34;
const ROW_HEIGHT_NARROW = 42; // two lines of a name

/** The table element with its heads, rows and keyboard. */
export class Table {
  /**
   * @param {HTMLElement} element
   * @param {{columns: Columns, modelsFolder: string, sources: Map, onSort: (key: string) => void}} options
   */
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.visible = "";
    this.narrow = window.matchMedia("(max-width: 45em)").matches;
    this.columns = new Map();
    element.addEventListener("keydown", (event) => this.#moveFocus(event));
  }

  /** Builds the empty table; resolves when it can take rows. */
  build() {
    if (!window.Tabulator) throw new Error("the table library did not arrive");
    this.tabulator = new window.Tabulator(this.element, {
      data: [],
      index: "key",
      layout: "fitColumns",
      renderVertical: "basic",
      renderHorizontal: "basic",
      rowHeight: this.narrow ? ROW_HEIGHT_NARROW : ROW_HEIGHT,
      height: "auto", // given, so that Tabulator does not measure and draw everything a second time
      placeholder: "Nothing passes these filters. Take one off, or reset them.",
      columnDefaults: { headerSort: false, resizable: "header" },
      columns: this.options.columns.all.map((column) => this.#definition(column)),
    });
    return new Promise((resolve) => {
      this.tabulator.on("tableBuilt", () => {
        for (const column of this.tabulator.getColumns()) this.columns.set(column.getField(), column);
        resolve();
      });
    });
  }

  /**
   * Shows the rows of a page.
   * @param {Object[]} rows
   * @param {{columns: string[], sort: string, descending: boolean, first: number, total: number, label: string}} view
   */
  async show(rows, view) {
    this.#showColumns(view.columns);
    await this.tabulator.setData(rows);
    this.#showSort(view.sort, view.descending); // after the data: Tabulator clears what the heads say of sorting
    this.element.setAttribute("aria-label", view.label);
    this.element.setAttribute("aria-rowcount", String(view.total + 1));
    this.tabulator.getRows().forEach((row, index) => row.getElement().setAttribute("aria-rowindex", String(view.first + index + 2)));
  }

  /**
   * Marks a row and brings it into view with the focus on its model.
   * @param {string} key
   */
  reveal(key) {
    this.element.querySelectorAll(".lb-found").forEach((row) => row.classList.remove("lb-found"));
    const row = this.tabulator.getRow(key);
    if (!row) return;
    const element = row.getElement();
    element.classList.add("lb-found");
    element.scrollIntoView({ block: "center", behavior: "auto" });
    element.querySelector("a")?.focus({ preventScroll: true });
  }

  #definition(column) {
    const numeric = column.decimals !== undefined;
    const definition = {
      field: column.key,
      title: column.head,
      visible: false,
      hozAlign: numeric ? "right" : column.key === "pareto" ? "center" : "left",
      headerHozAlign: numeric ? "right" : "left",
      cssClass: `lb-col-${column.key}`,
      formatter: (cell) => this.#cell(column, cell.getData()),
      titleFormatter: () => this.#head(column),
    };
    if (column.key === "model") return { ...definition, frozen: true, minWidth: this.narrow ? 150 : 220, widthGrow: 1 };
    return { ...definition, width: column.width };
  }

  #head(column) {
    return make("button", {
      type: "button",
      class: "lb-head",
      title: `${column.help}. Select to sort.`,
      text: column.head,
      "data-sort": column.key,
      on: { click: () => this.options.onSort(column.key) },
    });
  }

  #cell(column, row) {
    if (column.key === "model") {
      const name = this.narrow ? breakable(row.model) : [row.model];
      return make("a", { href: `${this.options.modelsFolder}${row.page}/`, title: row.model }, ...name);
    }
    if (column.key === "pareto") {
      return row.pareto ? make("span", { role: "img", "aria-label": "on the frontier", title: "On the frontier of what is shown", text: "◆" }) : "";
    }
    if (column.key === "source") return this.#source(row);
    const text = document.createTextNode(formatValue(column, row));
    if (column.short) return make("span", { title: row[column.property] }, text);
    const note = column.note && row[column.property] !== null ? row[column.note] : "";
    if (!note) return text;
    const [short, long] = this.options.columns.notes[note] ?? [note, note];
    return make("span", {}, make("small", { class: "lb-mark", title: long, text: short }), " ", text);
  }

  #source(row) {
    const source = this.options.sources.get(row.source);
    const text = `${row.source}:${row.line ?? "?"}`;
    if (!source?.page) return document.createTextNode(text);
    return make("a", { href: row.line === null ? source.page : `${source.page}#L${row.line}`, title: `${text} at revision ${source.revision}`, text });
  }

  #showColumns(keys) {
    const wanted = keys.join(",");
    if (wanted === this.visible) return;
    this.visible = wanted;
    this.tabulator.blockRedraw();
    for (const [key, column] of this.columns) {
      if (keys.includes(key) !== column.isVisible()) column.toggle();
    }
    this.tabulator.restoreRedraw();
  }

  #showSort(sort, descending) {
    for (const [key, column] of this.columns) {
      const order = key !== sort ? "none" : descending ? "descending" : "ascending";
      column.getElement().setAttribute("aria-sort", order);
    }
  }

  /** Arrow keys: along the heads, and up and down the models. */
  #moveFocus(event) {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const horizontal = event.key === "ArrowLeft" || event.key === "ArrowRight";
    const heads = [...this.element.querySelectorAll(".tabulator-col .lb-head")].filter((head) => head.offsetParent !== null);
    const models = [...this.element.querySelectorAll(".lb-col-model a")];
    const inHeads = heads.includes(event.target);
    const list = inHeads && horizontal ? heads : inHeads ? [event.target, ...models] : horizontal ? [] : [...heads.slice(0, 1), ...models];
    const at = list.indexOf(event.target);
    if (at < 0 || !list[at + step]) return;
    event.preventDefault();
    list[at + step].focus();
  }
}

/** A name that may go on in the next line after a `_`, `.` or `-`. */
function breakable(name) {
  return name.split(/(?<=[_.-])/).flatMap((part, index) => (index ? [document.createElement("wbr"), part] : [part]));
}
