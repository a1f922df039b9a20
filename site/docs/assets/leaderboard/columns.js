// The columns of the table: what each is called, how its values read, and which way it is sorted first.

/**
 * @typedef {Object} Column
 * @property {string} key name in an address and in the CSV
 * @property {string} property name in a row
 * @property {string} label head of the column
 * @property {string} help one sentence for people who point at it
 * @property {number} [decimals] decimals of a number, at most
 * @property {boolean} [figures] about three figures are enough
 * @property {boolean} [descending] sorted downwards first
 * @property {boolean} [shown] visible unless chosen otherwise
 * @property {number} width in pixels
 */

/** @type {Column[]} */
export const COLUMNS = [
  { key: "model", property: "model", label: "Model", help: "Architecture and weights; leads to the model's page", shown: true, width: 250 },
  { key: "rank", property: "rank", label: "Rank", help: "Place by top-1 accuracy among all measured results on this data set", decimals: 0, width: 64 },
  { key: "top1", property: "top1", label: "Top-1", help: "Top-1 accuracy on the chosen data set, %", decimals: 3, descending: true, shown: true, width: 72 },
  { key: "top5", property: "top5", label: "Top-5", help: "Top-5 accuracy on the chosen data set, %", decimals: 3, descending: true, shown: true, width: 72 },
  { key: "top1-diff", property: "top1_diff", label: "Δ Top-1", help: "Top-1 accuracy minus that on ImageNet, points", decimals: 3, descending: true, difference: true, width: 84 },
  { key: "top5-diff", property: "top5_diff", label: "Δ Top-5", help: "Top-5 accuracy minus that on ImageNet, points", decimals: 3, descending: true, difference: true, width: 84 },
  { key: "rank-diff", property: "rank_diff", label: "Δ Rank", help: "Places gained against the ranking on ImageNet", decimals: 0, descending: true, difference: true, width: 80 },
  { key: "params", property: "params_m", label: "Params, M", help: "Parameters, millions", decimals: 2, figures: true, shown: true, width: 88 },
  { key: "gmacs", property: "gmacs", label: "GMACs", help: "Multiply-accumulates of one image, billions (half of FLOPs)", decimals: 2, figures: true, note: "cost_note", shown: true, width: 100 },
  { key: "throughput", property: "images_per_s", label: "Images/s", help: "Images per second in the chosen environment", decimals: 1, figures: true, note: "speed_note", descending: true, shown: true, width: 116 },
  { key: "batch", property: "batch_size", label: "Batch", help: "Batch size at which the throughput was measured", decimals: 0, descending: true, shown: true, width: 66 },
  { key: "pareto", property: "pareto", label: "Pareto", help: "On the frontier of what is shown", descending: true, shown: true, width: 70 },
  { key: "size", property: "img_size", label: "Size", help: "Image side in evaluation, pixels", decimals: 0, plain: true, shown: true, width: 62 },
  { key: "train", property: "train_set", label: "Training data", help: "Declared training data; all include ImageNet-1K", shown: true, width: 142 },
  { key: "family", property: "family_name", label: "Family", help: "Architecture family", width: 116 },
  { key: "kind", property: "kind", label: "Kind", help: "Kind of network", width: 76 },
  { key: "distilled", property: "distilled", label: "Distilled", help: "Declared as distilled from a teacher", descending: true, width: 84 },
  { key: "licence", property: "licence", label: "Licence", help: "Licence of the weights as declared upstream", width: 110 },
  { key: "first-seen", property: "first_seen", label: "First seen", help: "Day on which upstream first listed a result", descending: true, width: 100 },
  { key: "evidence", property: "evidence", label: "Evidence", help: "Who measured the accuracy", shown: true, width: 92 },
  { key: "crop", property: "crop_pct", label: "Crop", help: "Centre crop, share of the resized side", decimals: 3, width: 66 },
  { key: "activations", property: "mactivations", label: "Activations, M", help: "Activations of one image, millions", decimals: 1, width: 116 },
  { key: "source", property: "source", label: "Source", help: "File and line that the accuracy was read from", width: 210 },
];

/** The columns by their key. */
export const COLUMN = new Map(COLUMNS.map((column) => [column.key, column]));

const DIFFERENCES = new Set(["top1-diff", "rank-diff"]);

/**
 * The keys of the columns that are visible unless chosen otherwise. Data sets other than ImageNet show the differences
 * to it, and no evidence, as all their figures were measured upstream.
 */
export function defaultColumns(onMainDataset) {
  const shown = (column) => (onMainDataset ? column.shown : (column.shown && column.key !== "evidence") || DIFFERENCES.has(column.key));
  return COLUMNS.filter(shown).map((column) => column.key);
}

const KINDS = { cnn: "CNN", vit: "ViT", hybrid: "hybrid", mlp: "MLP", other: "other" };
const EVIDENCE = { "measured upstream": "measured", "reported by a paper": "reported", "measured here": "here" };
const formats = new Map();

/**
 * Takes precision and better direction from the catalog's registry of metrics.
 * @param {Object<string, {decimals: number, descending: boolean}>} metrics by column of the catalog
 */
export function useMetrics(metrics) {
  for (const column of COLUMNS) {
    const metric = metrics[column.property];
    if (metric) Object.assign(column, { decimals: metric.decimals, descending: metric.descending });
  }
}

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
  if (column.key === "kind") return KINDS[value] ?? value;
  if (column.key === "source") return `${value}:${row.line}`;
  if (column.key === "distilled") return value ? "yes" : "no";
  if (column.key === "evidence") return EVIDENCE[value] ?? value;
  if (column.decimals === undefined) return String(value);
  const decimals = column.figures && value >= 10 ? (value < 100 ? 1 : 0) : column.decimals;
  const text = formatNumber(value, decimals, column.plain);
  return column.difference ? signed(text, value) : text;
}

function signed(text, value) {
  return value > 0 ? `+${text}` : text.replace("-", "−");
}
