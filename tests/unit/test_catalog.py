"""The table of models: every row is whole, and each computer is recommended one that it can run."""

from __future__ import annotations

import pytest

from ownhand import paths
from ownhand.domain.catalog import Machine, Offer, parse, recommend
from ownhand.errors import BadInput

GB = 10**9
GIB = 1 << 30
ROW = """
schema = 2
[[download]]
id = "one"
name = "One"
role = ["suggestion"]
repo = "owner/repo"
revision = "0123456789abcdef0123456789abcdef01234567"
file = "one.gguf"
bytes = 100
licence = "MIT"
context = 2048
memory = 1000
llama_cpp = "2025-04"
why = "It is there."
"""


@pytest.fixture(scope="module")
def offers() -> list[Offer]:
    return parse(paths.catalog_file().read_text("utf-8"))


def test_the_shipped_table_offers_a_choice_of_whole_rows(offers):
    assert 8 <= len(offers) <= 12
    assert [offer.bytes for offer in offers] == sorted(offer.bytes for offer in offers)
    for offer in offers:
        assert offer.path == f"/{offer.repo}/resolve/{offer.revision}/{offer.file}"
        assert offer.context >= 2048
        if offer.licence not in {"Apache-2.0", "MIT"}:
            assert offer.terms, f"{offer.id}: what does {offer.licence} ask of the person?"


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ('id = "one"', "", "id is missing"),
        (
            'revision = "0123456789abcdef0123456789abcdef01234567"',
            'revision = "main"',
            "revision is not of the right form",
        ),
        ("bytes = 100", 'bytes = "100"', "bytes is missing or not a positive number"),
        ("bytes = 100", "bytes = 2000", "less memory"),
        ('role = ["suggestion"]', 'role = ["embedding"]', "role"),
        ('file = "one.gguf"', 'file = "../one.gguf"', "file is not of the right form"),
        ('licence = "MIT"', 'licence = "MIT"\nsha256 = "abc"', "sha256 is not of the right form"),
        ('why = "It is there."', 'why = "because"', "not a sentence"),
        ('licence = "MIT"', 'license = "MIT"', "nobody knows license"),
        ("schema = 2", "schema = 1", "version 1"),
        ("schema = 2", "schema = = 2", "cannot be read"),
    ],
)
def test_a_row_that_is_not_whole_is_named_with_what_is_wrong(line, instead, said):
    assert parse(ROW)[0].sha256 == ""
    with pytest.raises(BadInput, match=said):
        parse(ROW.replace(line, instead))


def test_two_rows_of_one_name_are_refused():
    with pytest.raises(BadInput, match="two rows of the id 'one'"):
        parse(ROW + ROW.replace("schema = 2", ""))


@pytest.mark.parametrize(
    ("machine", "suggestion", "completion"),
    [
        (Machine(2 * GIB, 2), None, None),
        (Machine(4 * GIB, 2), "qwen3-0.6b", None),
        (Machine(int(7.6 * GIB), 4), "qwen3-1.7b", None),  # sold as 8 GB
        (Machine(16 * GIB, 2), "qwen3-1.7b", None),  # room enough, but two cores would write too slowly
        (Machine(16 * GIB, 8), "qwen3-4b-instruct-2507", None),
        (Machine(24 * GIB, 2), "qwen3-1.7b", None),
        (Machine(32 * GIB, 4), "qwen3-4b-instruct-2507", None),
        (Machine(32 * GIB, 16), "qwen3.5-9b", None),
        (Machine(16 * GIB, 4, 4 * GIB), "qwen3-4b-instruct-2507", "qwen3-1.7b"),
        (Machine(16 * GIB, 4, 8 * GIB), "qwen3.5-9b", "qwen3-1.7b"),
        (Machine(64 * GIB, 1), "qwen3-0.6b", None),
    ],
)
def test_what_is_recommended_follows_from_memory_cores_and_graphics_card(offers, machine, suggestion, completion):
    found = {role: offer.id for role, offer in recommend(offers, machine).items()}
    assert (found.get("suggestion"), found.get("completion")) == (suggestion, completion)


def test_what_is_recommended_never_needs_more_memory_than_there_is(offers):
    for gib in range(1, 65):
        for cores in (1, 2, 4, 8, 32):
            for offer in recommend(offers, Machine(gib * GIB, cores)).values():
                assert offer.bytes < gib * GIB * 0.6
