/* Small conveniences; every page works without them. */
(() => {
  "use strict";

  const filter = (input) => {
    const target = document.getElementById(input.dataset.filter);
    if (!target) return;
    const items = [...target.querySelectorAll(target.tagName === "TABLE" ? "tbody tr" : "li")];
    const texts = items.map((item) => item.textContent.toLowerCase());
    const groups = [...target.querySelectorAll("[data-group]")];
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      items.forEach((item, index) => {
        item.hidden = !words.every((word) => texts[index].includes(word));
      });
      groups.forEach((group) => {
        group.hidden = !group.querySelector("li:not([hidden])");
      });
    });
  };

  const number = (cell) => {
    const found = cell.textContent.replace(/,/g, "").replace("−", "-").match(/-?\d+(\.\d+)?/);
    return found ? Number(found[0]) : NaN;
  };

  // Sorting by a click on a heading; the order as published is the third state.
  const sortable = (table) => {
    const body = table.tBodies[0];
    const published = [...body.rows];
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const numeric = heading.classList.contains("n");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const now = heading.getAttribute("aria-sort");
        const first = numeric ? "descending" : "ascending";
        const second = numeric ? "ascending" : "descending";
        const next = now === first ? second : now === second ? null : first;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        let rows = published;
        if (next) {
          heading.setAttribute("aria-sort", next);
          const sign = next === "ascending" ? 1 : -1;
          rows = [...published].sort((a, b) => {
            if (!numeric) return sign * a.cells[column].textContent.localeCompare(b.cells[column].textContent);
            const [x, y] = [number(a.cells[column]), number(b.cells[column])];
            if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
            return sign * (x - y);
          });
        }
        body.append(...rows);
      });
    });
  };

  document.querySelectorAll("input[data-filter]").forEach(filter);
  document.querySelectorAll("table.sortable").forEach(sortable);
})();
