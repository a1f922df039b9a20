// What may be chosen: the values of every filter with the words for them, the data sets and the environments.

import { slug } from "./data.js";
import { FACETS } from "./select.js";

const WORDS = {
  kind: { cnn: "CNN (convolutions)", vit: "ViT (attention)", hybrid: "Hybrid", mlp: "MLP", other: "Other" },
  distilled: { yes: "Distilled from a teacher", no: "Not distilled" },
};

/**
 * @param {{file: Object, models: Object}} core the loaded core, see data.js
 */
export function buildVocabulary(core) {
  const { file, models } = core;
  const texts = {
    train: words(models.train_set),
    family: words(models.family, models.family_name),
    kind: words(models.kind, models.kind.map((kind) => WORDS.kind[kind] ?? kind)),
    size: new Map(sizes(core).map((size) => [String(size), `${size} px`])),
    licence: words(models.licence.map((licence) => licence ?? "unknown")),
    distilled: new Map(Object.entries(WORDS.distilled)),
    evidence: words(file.results.columns.evidence.values),
  };
  if (texts.licence.has("unknown")) texts.licence.set("unknown", "Not stated");
  const labels = {
    datasets: new Map(file.datasets.map(({ key, label }) => [key, label])),
    environments: new Map(file.environments.map(({ key, label }) => [key, label])),
  };
  return {
    datasets: file.datasets,
    environments: file.environments,
    defaults: { dataset: file.dataset, environment: file.environments[0]?.key ?? "" },
    /** The values of a filter with their words, as people look for them: by name, sizes by number. */
    values: (facet) => {
      const entries = [...texts[facet]].map(([value, text]) => ({ value, text }));
      if (FACETS.find((each) => each.key === facet).numeric) return entries.sort((a, b) => a.value - b.value);
      return entries.sort((a, b) => a.text.localeCompare(b.text, "en"));
    },
    text: (facet, value) => texts[facet].get(value) ?? value,
    label: (group, key) => labels[group].get(key) ?? key,
    // For the address: see state.js.
    facets: Object.fromEntries(FACETS.map(({ key }) => [key, texts[key]])),
    datasetKeys: new Set(labels.datasets.keys()),
    environmentKeys: new Set(labels.environments.keys()),
  };
}

function words(values, texts = values) {
  return new Map(values.map((value, index) => [slug(value), texts[index]]));
}

function sizes(core) {
  return [...new Set(core.file.results.columns.img_size)];
}
