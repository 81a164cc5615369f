"""A number or password in the history is found by a search and reaches no prompt or memory, unless it is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from helpers.scripted_engine import ScriptedEngine
from helpers.vaults import KEY, a_document
from ownhand.adapters.store import SqlVault
from ownhand.services.examples import Examples
from ownhand.services.learning import Learning
from ownhand.services.personal import Personal
from ownhand.services.retrieval import Retrieval
from ownhand.services.status import Status
from ownhand.settings import SENSITIVE, Settings

TEXT = "Hi Dana, you can reach me on +44 20 7946 0958, and the password is hunter2! The kiln is warm. Robin"
SECRETS = ("7946", "hunter2")


class Remembering:
    """Keeps what it was asked to remember."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def remember(self, memory: str, texts: Sequence[str]) -> None:
        self.texts += texts

    def expect(self, memory: str, *_: object) -> None:
        """What the model expects of words is not asked for here."""

    def forget(self, memory: str) -> None:
        self.texts.clear()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[Personal, Remembering, Settings, Retrieval]]:
    vault = SqlVault.open(tmp_path / "vault", KEY, "key file")
    source = vault.add_source("/mail/Sent", "mailbox")
    vault.add_documents(source.id, [a_document(TEXT, "Kiln")])
    settings, retrieval, engine = Settings(vault), Retrieval(vault, None), Remembering()
    learning = Learning(vault, None, settings)
    examples = Examples(vault, retrieval, learning, ScriptedEngine(str))
    personal = Personal(vault, engine, None, examples, learning, settings, Status(), "own")
    personal.tell_workers(personal.read(), index=False)
    yield personal, engine, settings, retrieval
    personal.close()
    vault.close()


def what_models_see(personal: Personal, engine: Remembering) -> str:
    said = personal.memory.complete("you can reach me on ")
    return "\n".join(
        [
            *engine.texts,
            *(hit.passage.text for hit in personal.material("kiln warm", (), "everyone").passages),
            *(said.steps if said else ()),
        ]
    )


def test_no_prompt_and_no_memory_sees_it_and_a_search_finds_it(made) -> None:
    personal, engine, _, retrieval = made
    seen = what_models_see(personal, engine)
    assert "The kiln is warm" in seen
    assert not [secret for secret in SECRETS if secret in seen]
    assert "[…]" not in "".join(engine.texts)  # nor is the mask learned as if it were a word
    assert SECRETS[1] in retrieval.find("hunter2")[0].passage.text


def test_whoever_allows_it_has_it_from_then_on_and_can_take_that_back(made) -> None:
    personal, engine, settings, _ = made
    settings.set(SENSITIVE, False)
    assert personal.wait_until_known(10)
    personal._thread.join(10)
    assert all(secret in what_models_see(personal, engine) for secret in SECRETS)
    settings.set(SENSITIVE, True)
    assert personal.wait_until_known(10)
    personal._thread.join(10)
    assert not [secret for secret in SECRETS if secret in what_models_see(personal, engine)]
