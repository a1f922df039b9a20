// The state in words: the chips above the table and the sentence of a citation.

const LISTED = 3; // values of one filter that are named one by one

/**
 * The filters in use, each with how to take it off.
 * @param {Object} state
 * @param {{columns: Columns, text: (facet: string, value: string) => string}} vocabulary
 * @returns {{words: string, remove: (state: Object) => void}[]}
 */
export function describe(state, vocabulary) {
  const chips = [];
  if (state.search) {
    chips.push({ words: `“${state.search}”`, remove: (next) => (next.search = "") });
  }
  for (const facet of vocabulary.columns.facets) chips.push(...describeFacet(facet, state.facets[facet.key], vocabulary));
  for (const { range, head } of vocabulary.columns.ranges) {
    const [minimum, maximum] = state.ranges[range];
    if (minimum === null && maximum === null) continue;
    chips.push({ words: `${head} ${rangeWords(minimum, maximum)}`, remove: (next) => (next.ranges[range] = [null, null]) });
  }
  if (state.pareto) {
    const axis = vocabulary.columns.byKey.get(state.x);
    chips.push({ words: `Pareto frontier against ${axis.label}`, remove: (next) => (next.pareto = false) });
  }
  return chips;
}

function describeFacet(facet, values, vocabulary) {
  if (values.length > LISTED) {
    return [{ words: `${facet.head}: ${values.length} chosen`, remove: (next) => (next.facets[facet.key] = []) }];
  }
  return values.map((value) => ({
    words: `${facet.head}: ${vocabulary.text(facet.key, value)}`,
    remove: (next) => (next.facets[facet.key] = next.facets[facet.key].filter((each) => each !== value)),
  }));
}

/**
 * A range as people write it.
 * @param {?number} minimum
 * @param {?number} maximum
 */
export function rangeWords(minimum, maximum) {
  if (minimum === null && maximum === null) return "";
  if (minimum === null) return `≤ ${maximum}`;
  if (maximum === null) return `≥ ${minimum}`;
  return `${minimum} – ${maximum}`;
}
