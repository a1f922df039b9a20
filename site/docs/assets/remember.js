// How the theme keeps a reader's choices, in the browser's storage under the address of this site. A file of its own
// and not in the page, as the theme has it: the Content-Security-Policy lets no script stand in a page.
(() => {
  const site = new URL("..", document.currentScript.src); // this file lies in assets/
  const place = (name, scope) => `${scope.pathname}.${name}`;
  window.__md_scope = site;
  window.__md_get = (name, storage = localStorage, scope = site) => JSON.parse(storage.getItem(place(name, scope)));
  window.__md_set = (name, value, storage = localStorage, scope = site) => {
    try {
      storage.setItem(place(name, scope), JSON.stringify(value));
    } catch {
      // A browser that keeps nothing: the choice holds for this page.
    }
  };
})();
