// Which rows pass the filters, in what order, and which of them are on the frontier. No DOM, no state of its own.

/**
 * Whether a text matches a glob in which `*` stands for any letters and `?` for one. Linear; no regular expression.
 * @param {string} glob
 * @param {string} text
 */
export function globMatches(glob, text) {
  let g = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    if (g < glob.length && (glob[g] === "?" || (glob[g] === text[t] && glob[g] !== "*"))) {
      g += 1;
      t += 1;
    } else if (g < glob.length && glob[g] === "*") {
      star = g;
      mark = t;
      g += 1;
    } else if (star >= 0) {
      g = star + 1;
      mark += 1;
      t = mark;
    } else {
      return false;
    }
  }
  while (glob[g] === "*") g += 1;
  return g === glob.length;
}

/**
 * A test for rows from what was typed: every word must be in the model's, architecture's or family's name; a word with
 * `*` or `?` must match the model's whole name.
 * @param {string} search
 * @returns {(row: Object) => boolean}
 */
export function searchTest(search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const plain = words.filter((word) => !/[*?]/.test(word));
  const globs = words.filter((word) => /[*?]/.test(word));
  return (row) =>
    plain.every((word) => row.text.includes(word)) &&
    globs.every((glob) => globMatches(glob, row.model.toLowerCase()));
}

/**
 * The rows that pass every filter, in their given order.
 * @param {Object[]} rows
 * @param {Object} state see state.js
 * @param {Columns} columns see columns.js
 */
export function select(rows, state, columns) {
  return rows.filter(passes(state, columns, null));
}

/**
 * How many rows each value of a filter would show: those that pass all other filters.
 * @param {Object[]} rows
 * @param {Object} state
 * @param {Columns} columns
 * @param {string} key of the filter
 * @returns {Map<string, number>}
 */
export function countValues(rows, state, columns, key) {
  const others = passes(state, columns, key);
  const counts = new Map();
  for (const row of rows) {
    if (others(row)) counts.set(row.facets[key], (counts.get(row.facets[key]) ?? 0) + 1);
  }
  return counts;
}

/** A test for rows of all filters but one (or none). */
function passes(state, columns, without) {
  const found = state.search ? searchTest(state.search) : null;
  const chosen = columns.facets.map(({ key }) => [key, new Set(key === without ? [] : state.facets[key])]).filter(([, values]) => values.size > 0);
  const ranges = columns.ranges.map(({ property, range }) => [property, ...state.ranges[range]]).filter(
    ([, minimum, maximum]) => minimum !== null || maximum !== null,
  );
  return (row) => chosen.every(([key, values]) => values.has(row.facets[key])) && inRanges(row, ranges) && (found === null || found(row));
}

function inRanges(row, ranges) {
  for (const [property, minimum, maximum] of ranges) {
    const value = row[property];
    if (value === null || (minimum !== null && value < minimum) || (maximum !== null && value > maximum)) return false;
  }
  return true;
}

/**
 * The value by which a row is weighed against its accuracy, or null where it may not be compared: figures that only a
 * paper reports, and those that were counted or timed for another network. What the rule needs comes with the columns.
 * @param {Object} row
 * @param {Column} axis
 */
export function comparable(row, axis) {
  if (!row.ranked) return null;
  if (axis.note && !axis.comparableNotes.includes(row[axis.note] ?? "")) return null;
  return row[axis.property];
}

/**
 * The rows more accurate than every other of the same or less cost (of the same or more throughput), the most
 * accurate first. Of rows equal in both, the first. The same rule as catalog/frontier.py.
 * @param {Object[]} rows in the catalog's order, the most accurate first
 * @param {Column} axis
 */
export function frontier(rows, axis) {
  const sign = axis.descending ? -1 : 1;
  const best = [];
  let least = Infinity;
  for (const row of rows) {
    const value = comparable(row, axis);
    if (value === null || row.top1 === null || sign * value >= least) continue;
    least = sign * value;
    if (best.length && best.at(-1).top1 === row.top1) best.pop(); // as accurate and cheaper
    best.push(row);
  }
  return best;
}

/**
 * A sorted copy; blanks are last either way, equals stay in the catalog's order (the most accurate first).
 * @param {Object[]} rows in the catalog's order
 * @param {string} property
 * @param {boolean} descending
 */
export function sorted(rows, property, descending) {
  if (property === "top1" && descending) return rows.slice(); // the catalog's order
  const sign = descending ? -1 : 1;
  const isBlank = (row) => row[property] === null || row[property] === undefined || row[property] === "";
  const known = rows.filter((row) => !isBlank(row));
  const blank = rows.filter(isBlank);
  known.sort((a, b) => {
    const left = a[property];
    const right = b[property];
    if (left < right) return -sign;
    if (left > right) return sign;
    return a.index - b.index;
  });
  return known.concat(blank);
}
