"""Opens pages of a built site in a real browser, and what every page has to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Every control has a name, every table header a scope, headings do not skip a level, text stands out from its ground.
BASICS = """() => {
  const problems = [];
  const name = (one) => (one.getAttribute("aria-label") || one.title || one.alt || one.textContent || "").trim()
    || (one.labels && [...one.labels].map((label) => label.textContent.trim()).join(""))
    || (one.querySelector("img[alt]:not([alt=''])") && "image") || one.getAttribute("aria-labelledby");
  const visible = (one) => one.checkVisibility();
  const article = document.querySelector("article");
  for (const one of document.querySelectorAll("a[href], button, input:not([type=hidden]), select"))
    if (visible(one) && !name(one)) problems.push("no name: " + one.outerHTML.slice(0, 100));
  for (const one of article.querySelectorAll("thead th"))
    if (!one.scope) problems.push("no scope: " + one.textContent);
  for (const one of article.querySelectorAll("img")) if (!one.hasAttribute("alt")) problems.push("no alt");
  let level = 1;
  for (const one of article.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(one.tagName[1]);
    if (next > level + 1) problems.push("skipped level: " + one.textContent);
    level = next;
  }
  const channel = (value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const over = (top, ground) => [0, 1, 2].map((index) => (top[index] * top[3] + ground[index] * (255 - top[3])) / 255);
  const light = (colour) => 0.2126 * channel(colour[0]) + 0.7152 * channel(colour[1]) + 0.0722 * channel(colour[2]);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const found = rgba(getComputedStyle(at).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255, 255];
  };
  for (const one of article.querySelectorAll("p, th, td, a, dt, dd, small, li, caption span, summary")) {
    if (!visible(one) || !one.textContent.trim() || one.closest("figure")) continue;
    const behind = ground(one);
    const text = over(rgba(getComputedStyle(one).color), behind);
    const [high, low] = [light(text), light(behind)].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    const text40 = one.textContent.trim().slice(0, 40);
    if (contrast < 4.4) problems.push(`contrast ${contrast.toFixed(1)}: ${one.tagName} ${one.className} ${text40}`);
  }
  return [...new Set(problems)].slice(0, 10);
}"""


def opened(browser: Browser, address: str, width: int = 1280, scheme: str = "light") -> tuple[Page, list[str]]:
    """A page in a context of its own, and what goes wrong on it."""
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1", "data:", "blob:"))
            else wrong.append(f"asks {request.url}")
        ),
    )
    page.goto(address, wait_until="load")
    return page, wrong
