// What leaves the page: the CSV of the view, and its citation. No DOM.

const PROVENANCE = [
  ["source", (row) => row.source],
  ["line", (row) => row.line],
  ["revision", (row, sources) => sources.get(row.source)?.revision],
  ["source_url", (row, sources) => sources.get(row.source)?.url],
  ["cost_source", (row) => row.cost_source],
  ["cost_line", (row) => row.cost_line],
  ["speed_source", (row) => row.speed_source],
  ["speed_line", (row) => row.speed_line],
];
const ENVIRONMENT = ["environment", (row, sources, state) => (row.images_per_s === null ? null : state.environment)];

/**
 * The rows as CSV (RFC 4180): the visible columns, the conditions of their figures, then where each was read.
 * @param {Object[]} rows in the order shown
 * @param {Column[]} columns the visible ones
 * @param {Map<string, Object>} sources by key
 * @param {Object} state
 */
export function toCsv(rows, columns, sources, state) {
  const fields = [["dataset", () => state.dataset]];
  for (const { key, property, note } of columns) {
    if (key === "source") continue; // among the provenance
    fields.push([property, (row) => row[property]]);
    if (note) fields.push([note, (row) => row[note]]);
    if (property === "images_per_s") fields.push(ENVIRONMENT);
  }
  fields.push(...PROVENANCE);
  const lines = [fields.map(([name]) => name).join(",")];
  for (const row of rows) lines.push(fields.map(([, read]) => csvField(read(row, sources, state))).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

/**
 * One field: quoted where needed; text that a spreadsheet would take for a formula gets a leading apostrophe.
 * @param {*} value
 */
export function csvField(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "1" : "0";
  const text = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replace(/"/g, '""')}"` : text;
}

/**
 * The citation of a view as a sentence and as BibTeX.
 * @param {{address: string, words: string, rows: number, author: string, year: string, asOf: string, revision: string,
 *   today: string}} view
 */
export function citation(view) {
  const version = view.revision ? `, upstream revision ${view.revision.slice(0, 12)}` : "";
  const sentence =
    `Backbone Survey, leaderboard: ${view.words}; ${view.rows} results, data as of ${view.asOf}${version}. ` +
    `${view.address} (seen ${view.today}).`;
  const bibtex = [
    "@misc{backbone_survey_leaderboard,",
    `  author       = {{${escapeLatex(view.author)}}},`,
    "  title        = {Backbone Survey: Leaderboard},",
    `  howpublished = {\\url{${view.address}}},`,
    `  note         = {${escapeLatex(view.words)}; ${view.rows} results; data as of ${view.asOf}${version}; seen ${view.today}},`,
    `  year         = {${view.year}}`,
    "}",
  ].join("\n");
  return { sentence, bibtex };
}

function escapeLatex(text) {
  return text.replace(/[\\{}]/g, "").replace(/[&%$#_]/g, "\\$&").replace(/[~^]/g, " ");
}
