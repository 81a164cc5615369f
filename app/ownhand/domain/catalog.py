"""The table of models Ownhand knows (models/catalog.toml): what each row must say, and which suits a computer."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ownhand.errors import BadInput

HUB: Final = "huggingface.co"
"""The host of every repository in the catalog; it hands the file itself over from a server of its own network."""
ROLES: Final = ("completion", "suggestion")
SCHEMA: Final = 2

_REVISION: Final = re.compile(r"[0-9a-f]{40}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_REPO: Final = re.compile(r"[\w.-]+/[\w.-]+")
_FILE: Final = re.compile(r"[\w][\w.-]*\.gguf")
_MONTH: Final = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]*")

_GPU_SHARE: Final = 0.8
"""Share of a graphics card's memory that a model file may take; caches and the desktop need the rest."""
_BEARABLE: Final = ((8, 6_000_000_000), (4, 3_200_000_000), (2, 1_400_000_000), (1, 500_000_000))
"""(cores, bytes): the largest file that still writes at a reading pace on that many cores.

Writing one token reads the whole file once, so the pace is the memory's bandwidth over the file's size: two cores of a
server read about 30 GB/s, a 0.9 GB file writes 35 tokens/s there, a 2.5 GB file 12.  Prompts are bound by the cores.
"""
_NOMINAL: Final = 0.9
"""A computer sold with 8 GB shows up to a tenth less: firmware and built-in graphics keep some."""
_QUICK: Final = 1_300_000_000
"""The largest file that answers a keystroke in time, and only on a graphics card."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One model that can be downloaded."""

    id: str
    name: str
    role: tuple[str, ...]
    repo: str
    revision: str
    file: str
    bytes: int
    sha256: str
    """'' where only the hub itself names it: it is then taken from there before the download, and shown."""
    licence: str
    terms: str
    """What the licence asks of the person beyond the usual, in one line; '' for nothing."""
    context: int
    memory: int
    """Bytes of main memory the computer should have, at least."""
    llama_cpp: str
    """The month of the first llama.cpp that can run it, such as '2025-04'."""
    why: str
    ladder: bool = False
    """Whether it is one of those that are recommended, one for each size of computer."""

    @property
    def path(self) -> str:
        """The file's path on the hub, at its exact revision."""
        return f"/{self.repo}/resolve/{self.revision}/{self.file}"

    @property
    def page(self) -> str:
        """Where a person reads about it and accepts its licence."""
        return f"https://{HUB}/{self.repo}"


@dataclass(frozen=True, slots=True)
class Machine:
    """What a computer has: bytes of main memory, processor cores, bytes of memory of a graphics card in use."""

    memory: int
    cores: int
    gpu_memory: int = 0


def parse(text: str) -> list[Offer]:
    """The downloads of a catalog, in its order.  Raises BadInput that names the row and what is wrong with it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"The table of models cannot be read ({error}). Reinstall Ownhand.") from error
    if table.get("schema") != SCHEMA:
        raise BadInput(f"The table of models is of version {table.get('schema')}, not {SCHEMA}. Reinstall Ownhand.")
    offers = [_offer(row) for row in table.get("download", [])]
    for name in ("id", "file"):
        values = [getattr(offer, name) for offer in offers]
        if twice := next((value for value in values if values.count(value) > 1), None):
            raise BadInput(f"The table of models has two rows of the {name} {twice!r}.")
    return offers


def _offer(row: Mapping[str, Any]) -> Offer:
    called = row.get("id", "without an id")

    def wrong(what: str) -> BadInput:
        return BadInput(f"The table of models is wrong in the row {called!r}: {what}.")

    def text(key: str, form: re.Pattern[str] | None = None, *, empty: bool = False) -> str:
        value = row.get(key, "" if empty else None)
        if not isinstance(value, str) or (not value and not empty):
            raise wrong(f"{key} is missing")
        if value and form is not None and not form.fullmatch(value):
            raise wrong(f"{key} is not of the right form")
        return value

    def number(key: str) -> int:
        value = row.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise wrong(f"{key} is missing or not a positive number")
        return value

    if unknown := set(row) - set(Offer.__slots__):
        raise wrong(f"nobody knows {sorted(unknown)[0]}")
    role = row.get("role")
    if not isinstance(role, list) or not role or not set(role) <= set(ROLES):
        raise wrong("role must name completion, suggestion or both")
    made = Offer(
        id=text("id", _ID),
        name=text("name"),
        role=tuple(role),
        repo=text("repo", _REPO),
        revision=text("revision", _REVISION),
        file=text("file", _FILE),
        bytes=number("bytes"),
        sha256=text("sha256", _SHA256, empty=True),
        licence=text("licence"),
        terms=text("terms", empty=True),
        context=number("context"),
        memory=number("memory"),
        llama_cpp=text("llama_cpp", _MONTH),
        why=text("why"),
        ladder=row.get("ladder") is True,
    )
    if made.bytes >= made.memory:
        raise wrong("it needs less memory than its file has bytes")
    if not made.why.endswith("."):
        raise wrong("why is not a sentence")
    return made


def recommend(offers: Sequence[Offer], machine: Machine) -> dict[str, Offer]:
    """The model to download for each role, on this computer; a role without one is served best by the built-in model.

    For suggestions it is the largest of the ladder that fits the memory and writes at a reading pace.  For completions
    another model than the built-in one pays only where a graphics card runs it.
    """
    by_gpu = machine.gpu_memory * _GPU_SHARE
    bearable = next((limit for cores, limit in _BEARABLE if machine.cores >= cores), 0)
    steps = sorted((offer for offer in offers if offer.ladder), key=lambda offer: offer.bytes)
    found: dict[str, Offer] = {}
    for offer in steps:
        on_gpu = offer.bytes <= by_gpu
        if "suggestion" in offer.role and (
            on_gpu or (_NOMINAL * offer.memory <= machine.memory and offer.bytes <= bearable)
        ):
            found["suggestion"] = offer
        if "completion" in offer.role and on_gpu and offer.bytes <= _QUICK:
            found["completion"] = offer
    return found
