"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option("--data", help="Directory of the tables.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
