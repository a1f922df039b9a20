"""Checks of built pages that are quick enough for thousands of them: regular expressions over the HTML."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

REFERENCE = re.compile(r'<(\w+)\b[^>]*?\s(href|src|data-chart)="([^"]*)"')
ALL_REFERENCES = re.compile(r'\s(?:href|src|data-chart)="([^"]*)"')
ID = re.compile(r'<[a-zA-Z][^>]*?\sid="([^"]*)"')
IMAGE = re.compile(r"<img\b[^>]*>")
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
# What the policy refuses: scripts, styles and handlers that stand in a page.
IN_PAGE = re.compile(
    r'<script\b(?![^>]*\bsrc=)(?![^>]*\btype="application/json")[^>]*>|<style\b|<\w[^>]*\s(?:style|on\w+)="[^"]*"'
)
SITE = "https://backbone-survey.github.io/backbone-survey/"


def broken_links(public: Path, pages: dict[str, str]) -> list[str]:
    """Every internal link whose file or anchor does not exist, as `page: link`."""
    ids = {name: set(ID.findall(text)) for name, text in pages.items()}
    files = {str(path.relative_to(public)) for path in public.rglob("*") if path.is_file()}
    problems = []
    for name, text in pages.items():
        base = f"{SITE}{name.removesuffix('index.html')}"
        for link in set(ALL_REFERENCES.findall(text)):
            url = urlsplit(urljoin(base, unescape(link)))
            if not url.geturl().startswith(SITE) or name == "404.html":
                continue
            target = unquote(url.path.removeprefix(urlsplit(SITE).path))
            target = f"{target}index.html" if target in ("",) or target.endswith("/") else target
            if target not in files:
                problems.append(f"{name}: {link}")
            elif url.fragment and target in ids and unquote(url.fragment) not in ids[target]:
                problems.append(f"{name}: {link} (no such anchor)")
    return sorted(problems)


def external_assets(text: str) -> list[str]:
    """What a page loads from another host."""
    loaded = [url for tag, _, url in REFERENCE.findall(text) if tag in ("script", "img", "iframe", "source", "embed")]
    loaded += re.findall(r'<link\b(?=[^>]*rel="(?:stylesheet|icon|preload|preconnect)")[^>]*href="([^"]*)"', text)
    return [url for url in loaded if url.startswith(("http://", "https://", "//"))]


def faults(text: str) -> list[str]:
    """What a page lacks or may not have: language, heading, alternative texts, unique ids, policy, day of the data."""
    found = []
    if not re.search(r'<html lang="en"', text):
        found.append("no language")
    if len(re.findall(r"<h1\b", text)) != 1:
        found.append(f"{len(re.findall(r'<h1', text))} first headings")
    found += [f"no alternative text: {image[:80]}" for image in IMAGE.findall(text) if " alt=" not in image]
    ids = ID.findall(text)
    found += [f"id twice: {one}" for one in {one for one in ids if ids.count(one) > 1}]
    if len(POLICY.findall(text.split("<script", 1)[0].split('rel="stylesheet"', 1)[0])) != 1:
        found.append("no policy before the first script and style sheet")
    found += [f"in the page: {one[:80]}" for one in IN_PAGE.findall(text)]
    if "Upstream data as of" not in text:
        found.append("no day of the data")
    if not re.search(r"<title>[^<]+</title>", text):
        found.append("no title")
    return found
