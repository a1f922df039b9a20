// What the visitor has chosen, and its form in the address: readable words, defaults left out. No DOM.

/** How many rows a page of the table may have; the first is the default. */
export const PAGE_LENGTHS = [25, 50, 100, 250];
const MAXIMUM_SEARCH = 200;
// The theme's search and the trackers of mail and social sites add these to any address; they are not for this page.
const FOREIGN = /^(h|utm_.*|fbclid|gclid)$/;

/**
 * The state in which nothing is filtered.
 * @param {{columns: Columns, defaults: {dataset: string, environment: string, x: string}}} vocabulary
 */
export function emptyState({ columns, defaults }) {
  return {
    search: "",
    facets: Object.fromEntries(columns.facets.map(({ key }) => [key, []])),
    ranges: Object.fromEntries(columns.ranges.map(({ range }) => [range, [null, null]])),
    dataset: defaults.dataset,
    environment: defaults.environment,
    x: defaults.x,
    pareto: false,
    sort: "top1",
    descending: true,
    columns: null, // null: the default ones of the data set
    rows: PAGE_LENGTHS[0],
    page: 1,
  };
}

/**
 * The keys of the visible columns.
 * @param {Object} state
 * @param {Object} vocabulary
 */
export function visibleColumns(state, { columns, defaults }) {
  return state.columns ?? columns.usual(state.dataset === defaults.dataset);
}

/**
 * The state that an address stands for; what is not understood is left out and named.
 * @param {string} query with or without its question mark
 * @param {Object} vocabulary `columns`: see columns.js; `facets`: per filter its values (a Set or Map); `datasetKeys`,
 *   `environmentKeys`: Sets; `defaults`: dataset, environment and axis
 * @returns {{state: Object, ignored: string[]}}
 */
export function parseQuery(query, vocabulary) {
  const state = emptyState(vocabulary);
  const ignored = [];
  const given = new URLSearchParams(query);
  for (const [name, value] of given) {
    if (FOREIGN.test(name)) continue;
    if (!readParameter(state, name, value, vocabulary, ignored)) ignored.push(`${name}=${value}`);
  }
  if (given.has("sort") && !given.has("order")) state.descending = Boolean(vocabulary.columns.byKey.get(state.sort).descending);
  return { state, ignored: ignored.map((text) => (text.length > 80 ? `${text.slice(0, 79)}…` : text)) };
}

/** Reads one parameter into the state; false when it means nothing here. */
function readParameter(state, name, value, vocabulary, ignored) {
  if (name in state.facets && Object.hasOwn(state.facets, name)) {
    const values = value.split(",").filter(Boolean);
    const known = values.filter((each) => vocabulary.facets[name].has(each));
    ignored.push(...values.filter((each) => !known.includes(each)).map((each) => `${name}=${each}`));
    state.facets[name] = [...new Set(known)].sort();
    return true;
  }
  const range = /^(min|max)-(.+)$/.exec(name);
  if (range && Object.hasOwn(state.ranges, range[2])) {
    const number = parseNumber(value);
    if (number === null) return false;
    state.ranges[range[2]][range[1] === "min" ? 0 : 1] = number;
    return true;
  }
  const read = Object.hasOwn(READERS, name) ? READERS[name] : null;
  return read !== null && read(state, value, vocabulary, ignored);
}

const READERS = {
  search(state, value) {
    state.search = value.slice(0, MAXIMUM_SEARCH);
    return true;
  },
  dataset: (state, value, vocabulary) => choose(state, "dataset", value, vocabulary.datasetKeys),
  environment: (state, value, vocabulary) => choose(state, "environment", value, vocabulary.environmentKeys),
  x: (state, value, { columns }) => choose(state, "x", value, new Set(columns.axes.map(({ key }) => key))),
  pareto(state, value, { columns }) {
    state.pareto = choose(state, "x", value, new Set(columns.axes.map(({ key }) => key)));
    return state.pareto;
  },
  sort: (state, value, { columns }) => choose(state, "sort", value, columns.byKey),
  order(state, value) {
    state.descending = value === "descending";
    return value === "descending" || value === "ascending";
  },
  columns(state, value, vocabulary, ignored) {
    const keys = value.split(",").filter(Boolean);
    const { byKey } = vocabulary.columns;
    ignored.push(...keys.filter((key) => !byKey.has(key)).map((key) => `columns=${key}`));
    state.columns = [...byKey.keys()].filter((key) => key === "model" || keys.includes(key));
    return true;
  },
  rows: (state, value) => choose(state, "rows", Number(value), new Set(PAGE_LENGTHS)),
  page(state, value) {
    if (!/^[1-9]\d{0,5}$/.test(value)) return false;
    state.page = Number(value);
    return true;
  },
};

function choose(state, name, value, known) {
  if (!known.has(value)) return false;
  state[name] = value;
  return true;
}

/**
 * A number that is not negative from what was typed, or null.
 * @param {string} text
 */
export function parseNumber(text) {
  return /^\d{1,12}(\.\d{0,6})?$/.test(text.trim()) ? Number(text) : null;
}

/**
 * The address of a state, without question mark; blank when nothing differs from the default.
 * @param {Object} state
 * @param {Object} vocabulary as above
 */
export function formatQuery(state, vocabulary) {
  const { columns } = vocabulary;
  const empty = emptyState(vocabulary);
  const parts = [];
  const add = (name, value) => parts.push(`${name}=${readable(value)}`);
  if (state.search) add("search", state.search);
  for (const { key } of columns.facets) if (state.facets[key].length) add(key, state.facets[key].join(","));
  for (const { range } of columns.ranges) {
    if (state.ranges[range][0] !== null) add(`min-${range}`, state.ranges[range][0]);
    if (state.ranges[range][1] !== null) add(`max-${range}`, state.ranges[range][1]);
  }
  for (const name of ["dataset", "environment"]) if (state[name] !== empty[name]) add(name, state[name]);
  if (state.pareto) add("pareto", state.x);
  else if (state.x !== empty.x) add("x", state.x);
  const natural = Boolean(columns.byKey.get(state.sort).descending);
  if (state.sort !== empty.sort || state.descending !== natural) add("sort", state.sort);
  if (state.descending !== natural) add("order", state.descending ? "descending" : "ascending");
  if (state.columns) add("columns", state.columns.join(","));
  if (state.rows !== empty.rows) add("rows", state.rows);
  if (state.page !== 1) add("page", state.page);
  return parts.join("&");
}

/** Encoded for an address, with commas, stars and spaces left readable. */
function readable(value) {
  return encodeURIComponent(value).replace(/%2C/g, ",").replace(/%20/g, "+");
}

/** Whether any filter is in use. */
export function isFiltered(state) {
  return (
    state.search !== "" ||
    state.pareto ||
    Object.values(state.facets).some((values) => values.length > 0) ||
    Object.values(state.ranges).some(([minimum, maximum]) => minimum !== null || maximum !== null)
  );
}
