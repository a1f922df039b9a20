// Shows the page in the colours that its reader chose, before the first line of it is drawn.
(() => {
  const colours = window.__md_get("__palette")?.color;
  if (!colours) return;
  if (colours.media === "(prefers-color-scheme)") {
    const light = matchMedia("(prefers-color-scheme: light)").matches;
    const choice = document.querySelector(`[data-md-color-media="(prefers-color-scheme: ${light ? "light" : "dark"})"]`);
    for (const name of ["media", "scheme", "primary", "accent"]) colours[name] = choice.getAttribute(`data-md-color-${name}`);
  }
  for (const [name, value] of Object.entries(colours)) document.body.setAttribute(`data-md-color-${name}`, value);
})();
