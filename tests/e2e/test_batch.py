"""`ownhand batch`: the protocol, its errors, and that it learns and forgets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DRAFT = {"subject": "Boat", "to": ["Sam Hill"], "points": ["the boat is ready", "come on Saturday at 9 am"]}
HISTORY = [
    {
        "id": f"m{i}",
        "kind": "email",
        "date": f"2026-03-{i + 1:02d}T09:00:00Z",
        "subject": f"Note {i}",
        "to": ["Sam Hill"],
        "reply_to": None,
        "body": f"Ahoy Sam,\n\nthe harbour master asked about berth number {i}. "
        "I'll be at the harbour tomorrow.\n\nFair winds,\nRobin",
    }
    for i in range(8)
]


class Program:
    """A running `ownhand batch`."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ownhand", "batch", "--vault", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def line(self, text: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        return self.line(json.dumps({"op": op, "user": "u", **fields}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("batch")


@pytest.fixture(scope="module")
def program(folder: Path) -> Iterator[Program]:
    running = Program(folder)
    yield running
    if running.process.poll() is None:
        running.process.communicate(timeout=60)


@pytest.fixture
def user(program: Program) -> Iterator[Program]:
    assert program.ask("open_user", history=HISTORY)["result"]["documents"] == 8
    yield program
    program.ask("close_user")


def test_a_completion_comes_from_the_persons_own_words(user: Program):
    answer = user.ask("complete", prefix="Ahoy Sam,\n\nthe harbour ma", suffix="", context={"kind": "email"})
    assert answer["result"].startswith("ster")
    assert answer["shown"] is True
    assert answer["lane"] in {"memory", "model"}


def test_without_the_personal_model_the_answer_is_another(user: Program):
    plain = user.ask("complete", prefix="Ahoy Sam,\n\nthe harbour ma", suffix="", personal=False)
    assert not plain["result"].startswith("ster asked about berth")


def test_the_small_model_completes_from_the_text_before_alone(user: Program):
    prefix = "Hi Ben,\n\nthank you for the invitat"
    at_the_end, inside = (
        user.ask("complete", prefix=prefix, suffix=suffix, personal=False)["result"]
        for suffix in ("", ". Unfortunately I have to work that day.\n\nBest,\nNina")
    )
    assert inside
    assert inside == at_the_end


def test_what_is_not_shown_has_a_reason(user: Program):
    answer = user.ask("complete", prefix="zq xv jk wq pf ", suffix="")
    assert answer["shown"] is bool(answer["result"])
    assert answer["shown"] or answer["reason"]


def test_the_persons_own_text_is_likelier_under_the_personal_model(user: Program):
    text = "I'll be at the harbour tomorrow."
    assert user.ask("score", text=text)["result"] > user.ask("score", text=text, personal=False)["result"]


def test_a_draft_covers_its_points_in_the_persons_form(user: Program):
    answer = user.ask("draft", brief=DRAFT)
    text = answer["result"]
    assert text.startswith("Ahoy Sam,")
    assert text.rstrip().endswith("Robin")
    assert "9 am" in text
    assert "Saturday" in text
    assert answer["facts"]["dropped"] == []
    assert set(answer["used"]) == {"passages", "preferences"}


def test_a_correction_made_twice_is_not_needed_again(user: Program):
    for subject in ("Boat", "Sails", "Rope"):
        brief = {**DRAFT, "subject": subject}
        draft = user.ask("draft", brief=brief)["result"]
        lines = draft.splitlines()
        final = "\n".join(["Good day Sam,", *lines[1:-2], "So long,", "R."])
        user.ask("observe", event={"type": "edit", "draft": draft, "final": final, "brief": brief})
    learned = user.ask("draft", brief={**DRAFT, "subject": "Anchor"})["result"]
    assert learned.startswith("Good day Sam,")
    assert learned.rstrip().endswith("So long,\nR.")
    rules = user.ask("preferences")["result"]
    assert any("Good day" in rule["rule"] and rule["in_effect"] for rule in rules)


def test_an_instruction_that_names_an_action_runs_it(user: Program):
    answer = user.ask(
        "rewrite", text="I can't come on Friday. I'll call you on Monday.", instruction="Make this more formal."
    )
    assert "can't" not in answer["result"]
    assert "Friday" in answer["result"]


def test_a_sent_text_is_remembered(user: Program):
    assert user.ask("observe", event={"type": "sent", "body": "The quixotic gallimaufry starts at noon sharp."})[
        "result"
    ]
    answer = user.ask("complete", prefix="The quixotic galli", suffix="")
    assert answer["result"].startswith("maufry")


def test_another_user_knows_nothing_of_the_first(user: Program):
    user.line(json.dumps({"op": "open_user", "user": "other", "history": []}))
    answer = user.line(
        json.dumps({"op": "complete", "user": "other", "prefix": "Ahoy Sam,\n\nthe harbour ma", "suffix": ""})
    )
    assert not answer["result"].startswith("ster asked about berth")
    user.line(json.dumps({"op": "close_user", "user": "other"}))


@pytest.mark.parametrize(
    "line",
    [
        "this is not JSON",
        "[1, 2]",
        '{"op": "fly"}',
        '{"op": "complete", "user": "u"}',
        '{"op": "draft", "user": "u", "brief": {"points": []}}',
        '{"op": "import_path", "path": "/nowhere"}',
        '{"op": "observe", "user": "u", "event": {"type": "wink"}}',
        '{"op": "open_user", "user": "u", "history": [3]}',
    ],
)
def test_a_bad_line_is_answered_with_a_sentence_and_the_next_one_works(user: Program, line: str):
    answer = user.line(line)
    assert "\n" not in answer["error"]
    assert answer["error"].rstrip().endswith(".")
    assert "result" in user.ask("preferences")


def test_the_end_of_input_ends_it_and_leaves_no_vault(tmp_path: Path):
    running = Program(tmp_path)
    running.ask("open_user", history=HISTORY[:2])
    assert list((tmp_path / "users").iterdir())
    _, errors = running.process.communicate(timeout=60)
    assert running.process.returncode == 0
    assert "Traceback" not in errors
    assert not list((tmp_path / "users").iterdir())
