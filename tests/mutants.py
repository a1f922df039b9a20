"""Ways to break the small mirror at random, and the mirror of a number: one to three of them at once."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

TIMM = "huggingface/pytorch-image-models"
RELEASE = "aa4b5850c1543fa488abf260f18390eda46cf85d"  # the commit whose files are read
NEWEST = "4e5207c7bb6592474ca56e28b2cf85be8f1a550f"  # the revision that the good tables do not hold yet

Files = dict[str, bytes]
Rows = list[list[str]]


@dataclass
class Mutant:
    """A mirror's files with mutations: what was done, and how many cells of each mutated file hold another value."""

    files: Files
    done: list[str] = field(default_factory=list)
    cells: Counter[str] = field(default_factory=Counter)

    def put(self, path: str, content: bytes | None, what: str, cells: int = 0) -> None:
        """Replace a file, or remove it."""
        if content == self.files[path]:
            return
        if content is None:
            del self.files[path]
        else:
            self.files[path] = content
        self.done.append(f"{what} in {path.rpartition('/')[2]}")
        self.cells[path] += cells

    def tables(self) -> list[str]:
        """The CSV files that are read; past revisions that the tables hold are not read again."""
        read = (path for path in sorted(self.files) if TIMM not in path or RELEASE in path or NEWEST in path)
        return [path for path in read if path.endswith(".csv")]

    def answers(self) -> list[str]:
        """The answers of GitHub's API."""
        return sorted(filter(is_answer, self.files))


def is_answer(path: str) -> bool:
    return path.startswith("api.")


Mutation = Callable[[random.Random, Mutant], None]
MUTATIONS: dict[str, Mutation] = {}


def mutation(function: Mutation) -> Mutation:
    """List a way to break a mirror."""
    MUTATIONS[function.__name__] = function
    return function


def of_rows(edit: Callable[[random.Random, Rows], int]) -> Mutation:
    """List an edit of a table's rows, the header first, in place; it returns how many cells hold another value."""

    def mutate(rng: random.Random, mutant: Mutant) -> None:
        path = rng.choice(mutant.tables())
        rows = rows_of(mutant.files[path])
        if len(rows) > 1 and min(map(len, rows)) > 1:  # else an earlier mutation left no table
            cells = edit(rng, rows)
            mutant.put(path, as_csv(rows), edit.__name__, cells)

    MUTATIONS[edit.__name__] = mutate
    return mutate


def rows_of(content: bytes) -> Rows:
    """The rows of a table; none of what cannot be read as one."""
    try:
        return list(csv.reader(io.StringIO(content.decode(errors="replace"))))
    except csv.Error:
        return []


def as_csv(rows: Rows) -> bytes:
    """The rows as upstream writes them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def of_bytes(edit: Callable[[random.Random, bytes], tuple[bytes, int]]) -> Mutation:
    """List an edit of a table's or an answer's bytes; it returns how many cells may hold another value, too."""

    def mutate(rng: random.Random, mutant: Mutant) -> None:
        path = rng.choice([*mutant.tables(), *mutant.answers()])
        if mutant.files[path]:
            content, cells = edit(rng, mutant.files[path])
            mutant.put(path, content, edit.__name__, cells)

    MUTATIONS[edit.__name__] = mutate
    return mutate


def with_digit(rng: random.Random, row: list[str]) -> int:
    """The column of a cell that holds a digit, the name's own apart; of any where none does."""
    return rng.choice([column for column, cell in enumerate(row) if column and any(map(str.isdigit, cell))] or [-1])


@of_rows
def exchange_headers(rng: random.Random, rows: Rows) -> int:
    """Mostly of neighbours, which are the most alike."""
    one = rng.randrange(len(rows[0]) - 1)
    other = rng.choice([one + 1, one + 1, rng.randrange(len(rows[0]))])
    rows[0][one], rows[0][other] = rows[0][other], rows[0][one]
    return 0


@of_rows
def rename_column(rng: random.Random, rows: Rows) -> int:
    column = rng.randrange(len(rows[0]))
    name = rows[0][column]
    rows[0][column] = rng.choice([f"{name}x", f" {name}", "", rng.choice(rows[0]), "top1", "infer_gmacs", "Acc"])
    return 0


@of_rows
def drop_column(rng: random.Random, rows: Rows) -> int:
    column = rng.randrange(len(rows[0]))
    for row in rows:
        del row[column : column + 1]
    return 0


@of_rows
def other_digit(rng: random.Random, rows: Rows) -> int:
    row = rng.choice(rows[1:])
    column = with_digit(rng, row)
    places = [place for place, character in enumerate(row[column]) if character.isdigit()] or [0]
    place = rng.choice(places)
    row[column] = row[column][:place] + str(rng.randrange(10)) + row[column][place + 1 :]
    return 1


@of_rows
def odd_number(rng: random.Random, rows: Rows) -> int:
    odd = [
        "0",
        "",
        "-1",
        "+5",
        "1e308",
        "1e999",
        "1e-300",
        "9" * 40,
        "nan",
        "inf",
        "0x10",
        "1_000",
        "99.9.9",
        "１２",
        "١",
    ]
    row = rng.choice(rows[1:])
    row[with_digit(rng, row)] = rng.choice(odd)
    return 1


@of_rows
def exchange_cells(rng: random.Random, rows: Rows) -> int:
    row = rng.choice(rows[1:])
    one, other = rng.sample(range(len(row)), 2)
    row[one], row[other] = row[other], row[one]
    return 2


@of_rows
def cell_too_few_or_many(rng: random.Random, rows: Rows) -> int:
    row = rng.choice(rows[1:])
    place = rng.randrange(len(row))
    row[place : place + 1] = rng.choice([[], [row[place], ""], ["1", row[place]], [row[place]] * 2])
    return 0


@of_rows
def repeat_row(rng: random.Random, rows: Rows) -> int:
    """Near or far, with one digit another: of two that differ none is believed, but for another result of a model."""
    row = rng.choice(rows[1:])
    again = list(row)
    column = with_digit(rng, row)
    again[column] = again[column][:-1] + rng.choice([again[column][-1:], "0", "5", "7"])
    rows.insert(rng.choice([1, rows.index(row), rows.index(row) + 1, len(rows)]), again)
    name = rows[0][column]
    return int("size" in name or name == "input" or "Method" in rows[0])  # the survey repeats names


@of_rows
def delete_rows(rng: random.Random, rows: Rows) -> int:
    for _ in range(min(len(rows) - 1, rng.choice([1, 1, 2, 5, len(rows) // 2]))):
        del rows[rng.randrange(1, len(rows))]
    return 0


@of_rows
def shuffle_rows(rng: random.Random, rows: Rows) -> int:
    header, *others = rows
    rng.shuffle(others)
    rows[:] = [header, *others]
    return 0


@of_rows
def unknown_name(rng: random.Random, rows: Rows) -> int:
    """A row, or a new one, bears a name that nobody knows."""
    plain = ["newnet_b.in1k", "newnet_b", "resnet50.new_in1k", "NewNet-B"]
    names = [*plain, "x" * 200, "CON", "..", "ünet", "a b", "=1+1"]
    row = rng.choice(rows[1:])
    if rng.random() < 0.5:
        row = list(row)
        rows.append(row)
    row[rows[0].index("Model") if "Model" in rows[0] else 0] = rng.choice(names)
    return 1


@of_bytes
def cut(rng: random.Random, content: bytes) -> tuple[bytes, int]:
    return content[: rng.choice([rng.randrange(len(content)), -rng.randrange(1, 12)])], 0


@of_bytes
def odd_byte(rng: random.Random, content: bytes) -> tuple[bytes, int]:
    """Bytes that no text holds, or any byte, before or instead of another."""
    known = [b"\0", b"\xff", b"\x1b[2J", b"\x0c", b"\r", b"\xe2\x80\xa8", b"\xe2\x80\xae"]
    place = rng.randrange(len(content))
    odd = rng.choice([*known, bytes([rng.randrange(256)]), bytes([rng.randrange(32, 127)])])
    return content[:place] + odd + content[place + rng.randrange(2) :], 1


@of_bytes
def stray_quotes(rng: random.Random, content: bytes) -> tuple[bytes, int]:
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(content))
        content = content[:place] + b'"' + content[place:]
    return content, 0


@of_bytes
def other_encoding(rng: random.Random, content: bytes) -> tuple[bytes, int]:
    """Another encoding of the same text, other ends of lines, other separators."""
    text = content.decode(errors="replace")
    ends = [("\n", "\r\n"), ("\n", "\r"), ("\n", "\n\n"), (",", ";"), (",", "\t"), (",", " , ")]
    forms = [text.replace(*end).encode() for end in ends]
    forms += [text.encode(name) for name in ("utf-8-sig", "utf-16", "utf-32")]
    return rng.choice([*forms, b"\xef\xbb\xbf" * 2 + content, content.rstrip(b"\n")]), 0


@of_bytes
def something_else(rng: random.Random, content: bytes) -> tuple[bytes, int]:
    """Nothing, half an answer, an answer of another kind."""
    header = content.splitlines(keepends=True)[0]
    texts = [b"", b"\n\n", b"null", b"[]", b"[" * 5000, b"404: Not Found", b'{"message": "rate limit"}']
    texts += [b"<html>busy</html>", b"\x89PNG\r\n\x1a\n", b"version https://git-lfs.github.com/spec/v1\n"]
    return rng.choice([*texts, header, header * 2, content * 2]), 0


@mutation
def no_file(rng: random.Random, mutant: Mutant) -> None:
    mutant.put(rng.choice([*mutant.tables(), *mutant.answers()]), None, "no file")


@mutation
def content_of_another_file(rng: random.Random, mutant: Mutant) -> None:
    """One holds what another should, or two hold each other's."""
    one, other = rng.sample(mutant.tables(), 2)
    contents = mutant.files[one], mutant.files[other]
    mutant.put(one, contents[1], "content of another")
    if rng.random() < 0.4:
        mutant.put(other, contents[0], "content of another")


@mutation
def other_listing(rng: random.Random, mutant: Mutant) -> None:
    """GitHub's answer lists something else, or is of another shape."""
    path = rng.choice(mutant.answers())
    try:
        answer = json.loads(mutant.files[path])
    except ValueError:
        return
    if isinstance(answer, list) and answer:
        file = {"name": rng.choice(["../x.csv", "", "a\nb.csv"]), "type": "file"}
        odd = [*answer, rng.choice([None, 3, "x", [], {}, file])]
        forms: list[object] = [[*answer, rng.choice(answer)], answer[1:], answer[::-1], odd, {"items": answer}]
    else:
        names, days = ["0" * 40, None, 7, "../..", "x" * 9000], ["2026-08-09", "2026-99-99", "", None, 5]
        commits = [*((name, days[0]) for name in names), *((names[0], day) for day in days)]
        forms = [{}, *({"sha": name, "commit": {"committer": {"date": day}}} for name, day in commits)]
    mutant.put(path, json.dumps(rng.choice(forms)).encode(), "other listing")


def mutated(files: Files, number: int, seed: int) -> Mutant:
    """The mirror of that number: each way to break one comes in turn, in strides, further ones as it happens."""
    rng = random.Random(f"{seed}-{number}")
    mutant = Mutant(dict(files))
    names = list(MUTATIONS)
    for name in [names[7 * number % len(names)], *rng.choices(names, k=rng.choice([0, 0, 0, 1, 2]))]:
        MUTATIONS[name](rng, mutant)
    while not mutant.done:
        MUTATIONS[rng.choice(names)](rng, mutant)
    return mutant
