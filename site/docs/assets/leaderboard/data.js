// Loads the packed data files and turns them into the rows that everything else works on.
// The other half of the format is site/generator/leaderboard/packing.py.

/** The version of the data files that this code reads. */
export const FORMAT = 3;

/**
 * Unpacks a table: one array per column, blanks as null.
 * @param {{rows: number, columns: Object}} packed
 * @param {Object<string, Array>} [referred] the values of columns whose codes point into another table
 * @returns {Object<string, Array>}
 */
export function unpack(packed, referred = {}) {
  const columns = {};
  for (const [name, column] of Object.entries(packed.columns)) {
    const values = column.values ?? referred[name];
    columns[name] = Array.isArray(column) ? column : column.codes.map((code) => (code < 0 ? null : values[code]));
  }
  return columns;
}

/**
 * A value as it stands in an address: lower case, words joined by hyphens.
 * @param {string} text
 */
export function slug(text) {
  return String(text)
    .toLowerCase()
    .replace(/ only$/, "")
    .replace(/[^a-z0-9.]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

/**
 * A value of a filter as it stands in an address.
 * @param {{type: string}} column
 * @param {*} value
 */
export function facetValue(column, value) {
  if (value === null || value === undefined) return "unknown";
  if (column.type === "boolean") return value ? "yes" : "no";
  return slug(value);
}

/** Fetches data files once each and builds rows for a data set and an environment. */
export class Data {
  /** @param {string} folder address of the data files, ending in a slash */
  constructor(folder) {
    this.folder = folder;
    this.files = new Map();
  }

  /**
   * The parsed file of that stem; every file is fetched once, a failed one again when it is asked for again.
   * @param {string} stem
   */
  fetch(stem) {
    if (!this.files.has(stem)) {
      const loading = fetchJson(`${this.folder}${encodeURIComponent(stem)}.json`);
      loading.catch(() => this.files.delete(stem));
      this.files.set(stem, loading);
    }
    return this.files.get(stem);
  }

  /** Loads the core: columns, models, sources and the results on ImageNet. */
  async core() {
    if (!this.loaded) {
      const file = await this.fetch("core");
      const models = unpack(file.models);
      // Left out where the model's name begins with it.
      models.architecture = models.architecture.map((name, index) => name ?? models.model[index].split(".")[0]);
      const byName = new Map(models.model.map((name, index) => [name, index]));
      const sources = new Map(file.sources.map((source) => [source.key, source]));
      this.loaded = { file, models, byName, sources, results: unpack(file.results, models) };
    }
    return this.loaded;
  }

  /**
   * The rows of a data set in the catalog's order, with speeds in the environment.
   * @param {string} dataset a key of the core's data sets
   * @param {string} environment a key of the core's environments, or blank
   * @returns {Promise<Object[]>}
   */
  async rows(dataset, environment) {
    const core = await this.core();
    const speedFile = core.file.environments.find((each) => each.key === environment)?.file;
    const [results, speeds] = await Promise.all([
      dataset === core.file.dataset ? core.results : this.fetch(dataset).then((file) => unpack(file.results, core.models)),
      speedFile ? this.fetch(speedFile).then((file) => file.speeds) : null,
    ]);
    const rows = buildRows(core, results);
    if (speeds) addSpeeds(rows, unpack(speeds));
    return rows;
  }
}

async function fetchJson(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: the server answered ${response.status}`);
  const file = await response.json();
  if (file.format !== FORMAT) throw new Error(`${address}: data format ${file.format}, this page reads ${FORMAT}; reload it`);
  return file;
}

/**
 * One object per result: what the result says, what is known of its model, and its place in the ranking.
 * @param {{models: Object, byName: Map, file: Object}} core
 * @param {Object<string, Array>} results unpacked columns
 */
export function buildRows(core, results) {
  const { models, byName, file } = core;
  const facets = file.columns.filter((column) => column.values).map((column) => [column.key, column, column.keyedBy ?? column.property]);
  const ranked = new Set(file.ranked);
  const names = Object.keys(results);
  const attributes = Object.keys(models).filter((name) => name !== "model");
  let place = 0;
  let shared = 0;
  let previous = null;
  return results.model.map((model, index) => {
    const row = { index };
    for (const name of names) row[name] = results[name][index];
    const at = byName.get(model);
    for (const name of attributes) row[name] = models[name][at];
    row.key = `${model} ${row.img_size}`;
    row.page = file.pages[model] ?? model;
    row.rank = null;
    // What only a paper states was not measured under one protocol: it has no place in the ranking.
    row.ranked = ranked.has(row.evidence);
    if (row.ranked) {
      place += 1;
      if (row.top1 !== previous) shared = place;
      previous = row.top1;
      row.rank = shared;
    }
    row.images_per_s = null;
    row.pareto = false;
    row.text = `${model} ${row.architecture} ${row.family_name}`.toLowerCase();
    row.facets = Object.fromEntries(facets.map(([key, column, property]) => [key, facetValue(column, row[property])]));
    return row;
  });
}

/**
 * Adds the speeds, found by model name and image size, to the rows.
 * @param {Object[]} rows
 * @param {Object<string, Array>} speeds unpacked columns
 */
export function addSpeeds(rows, speeds) {
  const at = new Map(speeds.model.map((model, index) => [`${model} ${speeds.img_size[index]}`, index]));
  const names = Object.keys(speeds).filter((name) => name !== "model" && name !== "img_size");
  for (const row of rows) {
    const index = at.get(row.key);
    for (const name of names) row[name] = index === undefined ? null : speeds[name][index];
  }
}
