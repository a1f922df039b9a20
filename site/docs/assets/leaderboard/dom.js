// Small helpers for making elements; text always goes in as text.

/**
 * An element with properties, attributes and children.
 * @param {string} tag
 * @param {Object} [properties] `class`, `text`, `on` (listeners by event), `aria-*`, `data-*` and other attributes
 * @param {...(Node|string)} children
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name === "text") element.textContent = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** Sets an element's text, only where it differs, so that live regions do not speak twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The elements of a page by their `data-part`. */
export function parts(root) {
  return Object.fromEntries([...root.querySelectorAll("[data-part]")].map((element) => [element.dataset.part, element]));
}
