// What may be chosen: the values of every filter with the words for them, the data sets and the environments.

import { Columns } from "./columns.js";
import { facetValue } from "./data.js";

/**
 * @param {{file: Object, models: Object}} core the loaded core, see data.js
 */
export function buildVocabulary(core) {
  const { file } = core;
  const columns = new Columns(file);
  const texts = Object.fromEntries(columns.facets.map((column) => [column.key, valuesOf(column, core)]));
  const labels = {
    datasets: new Map(file.datasets.map(({ key, label }) => [key, label])),
    environments: new Map(file.environments.map(({ key, label }) => [key, label])),
  };
  return {
    columns,
    datasets: file.datasets,
    environments: file.environments,
    defaults: { dataset: file.dataset, environment: file.environments[0]?.key ?? "", x: columns.mainAxis },
    /** The values of a filter with their words, as people look for them: by name, numbers by size. */
    values: (facet) => {
      const entries = [...texts[facet]].map(([value, text]) => ({ value, text }));
      if (columns.byKey.get(facet).decimals !== undefined) return entries.sort((a, b) => a.value - b.value);
      return entries.sort((a, b) => a.text.localeCompare(b.text, "en"));
    },
    text: (facet, value) => texts[facet].get(value) ?? value,
    label: (group, key) => labels[group].get(key) ?? key,
    // For the address: see state.js.
    facets: texts,
    datasetKeys: new Set(labels.datasets.keys()),
    environmentKeys: new Set(labels.environments.keys()),
  };
}

/** The values of a column among the models, or the results, by their form in an address. */
function valuesOf(column, { models, results }) {
  const from = column.property in models ? models : results;
  const given = from[column.property];
  const keys = from[column.keyedBy ?? column.property];
  const texts = new Map();
  given.forEach((value, index) => {
    const key = facetValue(column, keys[index]);
    if (!texts.has(key)) texts.set(key, column.words?.[key] ?? (value === null ? "Not stated" : String(value)));
  });
  return texts;
}
