// The columns as the catalog describes them (catalog/fields.py), and how their values read.

/**
 * @typedef {Object} Column
 * @property {string} key name in an address
 * @property {string} property name in a row and in the CSV
 * @property {string} head
 * @property {string} help one sentence for people who point at it
 * @property {number} width in pixels
 * @property {string} [type] "number", "integer", "boolean" or "date"; a text without
 * @property {number} [decimals] decimals of a number, at most
 * @property {boolean} [threeFigures] about three figures are enough
 * @property {boolean} [plain] without a separator of thousands
 * @property {boolean} [descending] sorted downwards first
 * @property {boolean} [shown] visible unless chosen otherwise
 * @property {boolean} [difference] to the result on the main data set
 * @property {boolean} [values] its values are a filter
 * @property {string} [range] its span is a filter, of this name in an address
 * @property {string} [panel] the button that the filters share
 * @property {string} [keyedBy] the property that stands for its value in an address
 * @property {Object<string, string>} [words] for its values as a filter, by their form in an address
 * @property {Object<string, string>} [short] for its values in the table
 * @property {boolean} [axis] accuracy may be weighed against it
 * @property {string} [note] the property that says what was counted or timed instead of this very network
 * @property {string[]} [comparableNotes] with which its values may be compared
 */

/** The columns, and what follows from them: filters, axes and the words for notes. */
export class Columns {
  /** @param {{columns: Column[], panels: string[], axis: string, notes: Object, groups: Object[]}} file the core */
  constructor({ columns, panels, axis, notes, groups }) {
    this.all = columns;
    this.byKey = new Map(columns.map((column) => [column.key, column]));
    this.facets = columns.filter((column) => column.values);
    this.ranges = columns.filter((column) => column.range);
    this.axes = columns.filter((column) => column.axis);
    this.mainAxis = axis;
    this.panels = panels.map((label) => ({
      label,
      facets: this.facets.filter((column) => column.panel === label),
      ranges: this.ranges.filter((column) => column.panel === label),
    })).filter(({ facets, ranges }) => facets.length + ranges.length);
    this.notes = notes;
    this.groups = groups; // of training data, for the chart
  }

  /**
   * The keys of the columns that are visible unless chosen otherwise. Data sets other than the main one show the
   * differences to it, and no evidence, as all their figures were measured upstream.
   */
  usual(onMainDataset) {
    const shown = ({ key, difference }) => (onMainDataset ? !difference : key !== "evidence");
    return this.all.filter((column) => column.shown && shown(column)).map((column) => column.key);
  }
}

const formats = new Map();

/**
 * A number rounded to some decimals, thousands separated, without a digit that the number itself does not have.
 * @param {number} value
 * @param {number} decimals
 */
export function formatNumber(value, decimals, plain = false) {
  const digits = Math.min(decimals, (String(value).split(".")[1] ?? "").length);
  if (plain) return value.toFixed(digits);
  if (!formats.has(digits)) {
    formats.set(digits, new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return formats.get(digits).format(value);
}

/**
 * A row's value in a column as people read it.
 * @param {Column} column
 * @param {Object} row
 * @returns {string}
 */
export function formatValue(column, row) {
  const value = row[column.property];
  if (value === null || value === undefined || value === "") return "–";
  if (column.type === "boolean") return value ? "yes" : "no";
  if (column.decimals === undefined) return column.short?.[value] ?? String(value);
  const decimals = column.threeFigures && value >= 10 ? (value < 100 ? 1 : 0) : column.decimals;
  const text = formatNumber(value, decimals, column.plain);
  return column.difference ? signed(text, value) : text;
}

function signed(text, value) {
  return value > 0 ? `+${text}` : text.replace("-", "−");
}
