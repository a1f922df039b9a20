// What a visitor takes along: the CSV of the view, its address, its citation.

import { make } from "./dom.js";
import { citation, toCsv } from "./export.js";
import { visibleColumns } from "./state.js";
import { describe } from "./words.js";

/** Saves all rows of the view, in its order and with its columns. */
export function saveCsv(page) {
  const { state, ordered, core, vocabulary } = page;
  const columns = visibleColumns(state, vocabulary).map((key) => vocabulary.columns.byKey.get(key));
  const text = toCsv(ordered, columns, core.sources, state);
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = make("a", { href: address, download: `backbone-survey-${state.dataset}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** Copies the address of the view and says so on the button. */
export function copyLink(page) {
  return copy(window.location.href, page.elements.link);
}

/** Opens the dialog with the citation of the view. */
export function showCitation(page) {
  const { state, ordered, core, vocabulary, elements } = page;
  const chips = describe(state, vocabulary).map((chip) => chip.words);
  const words = [`accuracy on ${vocabulary.label("datasets", state.dataset)}`, ...chips].join(", ");
  const { sentence, bibtex } = citation({
    address: window.location.href,
    words,
    rows: ordered.length,
    author: core.file.author,
    year: core.file.year,
    asOf: core.file.as_of,
    revision: core.sources.get(ordered[0]?.source)?.revision ?? "",
    today: new Date().toISOString().slice(0, 10),
  });
  elements["dialog-body"].replaceChildren(
    block("In words", sentence),
    block("BibTeX", bibtex),
    make("p", { text: "The figures were measured by others: please also cite the sources of the rows you use. The CSV names the file, line and revision of each; a model's page has the papers." }),
  );
  elements.dialog.showModal();
}

function block(title, text) {
  const button = make("button", { type: "button", text: "Copy" });
  button.addEventListener("click", () => copy(text, button));
  return make("section", {}, make("h3", { text: title }), make("pre", { text, tabindex: 0 }), button);
}

async function copy(text, button) {
  const before = button.dataset.label ?? button.textContent;
  button.dataset.label = before;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    window.prompt("Copy this text", text); // no clipboard without https or permission
  }
  setTimeout(() => (button.textContent = before), 2000);
}
