"""Turns templates and figures into pages: the Jinja environment, how numbers are written, and front matter.

Templates lie beside their page module and produce Markdown that is mostly raw HTML. Everything that a table holds is
escaped, so that no upstream text becomes markup.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from catalog.fields import FIELDS, Metric, at_most, three_figures
from catalog.identity import address, slug
from catalog.vocabulary import MEASURED_HERE, MEASURED_UPSTREAM, REPORTED
from generator.provenance import line_address

PAGES = Path(__file__).parent / "pages"
MISSING = "–"
# Titles reach the theme unescaped and twice, so what could be markup is replaced by a look-alike.
LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "&": "＆", '"': "″", "\n": " ", "\r": " ", "\t": " "})


@dataclass(frozen=True)
class Page:
    """A page to write. `path` is relative to the documents, e.g. families/convnext/index.md.

    Always an index.md: then links in raw HTML are the same from the file as from the address, for both builders.
    """

    path: str
    title: str
    description: str
    hide: tuple[str, ...] = ("navigation",)

    @property
    def address(self) -> str:
        """Where the page is published, relative to the site: families/convnext/."""
        return self.path.removesuffix(".md").removesuffix("index").rstrip("/") + "/" if self.path != "index.md" else ""

    @property
    def root(self) -> str:
        """The way from the page up to the site's first page."""
        return "../" * self.address.count("/") or "./"


def write_page(output: Path, page: Page, template: str, **context: Any) -> None:
    """Render `pages/<template>` and write it as a page under the folder of documents."""
    body = environment().get_template(template).render(page=page, root=page.root, **context)
    target = output / page.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(front_matter(page) + body, encoding="utf-8", newline="\n")


def front_matter(page: Page) -> str:
    """Title, description and hidden parts as YAML; JSON strings are YAML strings."""
    lines = [f"title: {_quoted(page.title)}", f"description: {_quoted(page.description)}"]
    if page.hide:
        lines.append(f"hide: [{', '.join(page.hide)}]")
    return "---\n" + "\n".join(lines) + "\n---\n\n"


def render_text(text: str, **context: Any) -> str:
    """Render a hand-written page that holds a few template expressions."""
    return environment().from_string(text).render(**context)


def plain(text: str) -> str:
    """Text that stays text wherever the theme puts it unescaped."""
    quiet = str(text).translate(LOOKALIKES)
    return " ".join("".join(one if one.isprintable() else " " for one in quiet).split())


def _quoted(text: str) -> str:
    return json.dumps(plain(text), ensure_ascii=False)


def missing(value: Any) -> bool:
    """Whether a value of a table is blank."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def figure(value: Any, decimals: int | None = None) -> str:
    """A number for people: thousands separated, as published or at most `decimals`; a dash when blank."""
    if missing(value):
        return MISSING
    if decimals is not None:
        return at_most(float(value), decimals)
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{float(value):,.10f}".rstrip("0")


def cost(value: Any) -> str:
    """A size or a rate to about three figures: 0.28, 4.5, 86.6, 1,013."""
    if missing(value):
        return MISSING
    return three_figures(float(value))


def head(column: str) -> Markup:
    """The head of a column of the leaderboard in any table."""
    field = FIELDS[column]
    numeric = Markup(' class="n"') if isinstance(field, Metric) else ""
    return Markup('<th scope="col"{}>{}</th>').format(numeric, field.head)


def signed(value: Any, decimals: int | None = None) -> str:
    """A difference with its sign; a true minus for negative ones."""
    if missing(value):
        return MISSING
    text = figure(abs(float(value)), decimals)
    return ("+" if float(value) > 0 else "−" if float(value) < 0 else "") + text


def plural(count: int, one: str, many: str = "") -> str:
    """`1 paper`, `1,403 models`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def parts(value: Any) -> list[str]:
    """A cell of several values, which are separated by semicolons."""
    return [] if missing(value) else [part.strip() for part in str(value).split(";") if part.strip()]


def anchor(*names: Any) -> str:
    """An id for part of a page."""
    return slug("-".join(str(name) for name in names)).replace(".", "-")


def web_address(url: Any) -> str:
    """An address to link to; a lone `#` for anything that is not http, so that no table smuggles in a script."""
    text = "" if missing(url) else str(url)
    return text if text.startswith(("https://", "http://")) else "#"


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The environment that all templates share."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    filters = (address, anchor, cost, figure, parts, plain, plural, signed, web_address)
    made.filters.update({function.__name__: function for function in filters})
    made.tests["missing"] = missing
    made.tests["reported"] = lambda evidence: evidence == REPORTED
    made.tests["measured_here"] = lambda evidence: evidence == MEASURED_HERE
    made.tests["measured_upstream"] = lambda evidence: evidence == MEASURED_UPSTREAM
    made.globals["head"] = head
    made.globals["line_address"] = line_address
    return made
