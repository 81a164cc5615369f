"""`ownhand bench personal`: what the personal model is worth, layer by layer, on writing it has not seen.

An author is two files of JSON lines in one folder, `ID.history.jsonl` and `ID.test.jsonl`, the earlier and the later
messages: {"id", "date", "kind", "subject", "to", "reply_to": {"text", "from_name"}, "body"}; only "body" is needed.
Everything is asked of the program through its own batch protocol (batch.py), so what is measured is what is shipped.
"""

from __future__ import annotations

import json
import math
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from ownhand.cli.batch import Batch
from ownhand.domain import measures, typist
from ownhand.domain.personalize import LAYERS
from ownhand.domain.simulated_user import USERS, SimulatedUser
from ownhand.errors import BadInput

CHARACTERS: Final = 600
"""Of each message that are typed."""
PLACES: Final = 12
"""Beginnings of words per message at which exact matches are counted."""
DRAFTED: Final = 3
"""Messages per author that are drafted from their notes."""
SHARED: Final = 4
"""Briefs for which the outputs for different people are compared."""
NOT_IN_COMPLETIONS: Final = frozenset({"examples", "preferences", "words", "adapter"})
"""Layers that change no completion after a history alone: they shape suggestions, come from edits, or are trained."""
NAME: Final = "Alex"
RECIPIENT: Final = "Alex Moore <alex@example.org>"

Message = Mapping[str, Any]
Condition = Mapping[str, Any]
"""Fields of the protocol that say what takes part."""


@dataclass(slots=True)
class Author:
    """One author's messages, earlier and later."""

    name: str
    history: Sequence[Message] = field(repr=False)
    test: Sequence[Message] = field(repr=False)


def authors(folder: Path, users: Sequence[str] = ()) -> list[Author]:
    """The authors of a folder.  Raises BadInput where there is none of that name, or a file cannot be read."""
    known = sorted(path.name.removesuffix(".test.jsonl") for path in folder.glob("*.test.jsonl"))
    names = list(users) or known
    if not names or not all(
        (folder / f"{name}.{part}.jsonl").is_file() for name in names for part in ("history", "test")
    ):
        raise BadInput(f"{folder} holds no authors of that name: ID.history.jsonl and ID.test.jsonl are expected.")
    return [Author(name, *(_read(folder / f"{name}.{part}.jsonl") for part in ("history", "test"))) for name in names]


def measure(
    folder: Path, users: Sequence[str] = (), messages: int = 3, rounds: int = 20, *, adapter: bool = False
) -> dict[str, Any]:
    """All figures; `messages` held-out ones are typed per author, a simulated person edits `rounds` drafts.

    With `adapter` one is trained on each author's history before that is typed, which takes minutes.

    Raises BadInput as `authors`.
    """
    found = authors(folder, users)
    with tempfile.TemporaryDirectory(prefix="ownhand-bench-") as place:
        program = _Program(Batch(Path(place)))
        try:
            typed = {author.name: _typed(program, author, messages, adapter) for author in found}
            drafted = _drafted(program, found)
            simulated = _simulated(program, [_brief(item) for author in found for item in author.history], rounds)
        finally:
            program.close()
    return {
        "messages": messages,
        "completions": {**typed, **({"mean": _mean_of(list(typed.values()))} if len(typed) > 1 else {})},
        "drafts": drafted,
        "simulation": simulated,
    }


class _Program:
    """The program behind its protocol."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def ask(self, operation: str, user: str, **fields: Any) -> dict[str, Any]:
        answer = self._batch.answer(json.dumps({"op": operation, "user": user, **fields}))
        if "error" in answer:
            raise BadInput(str(answer["error"]))
        return answer

    def close(self) -> None:
        self._batch.close()


# ----------------------------------------------------------------------------------------------------- completions


def _conditions(completions: bool, adapter: bool = False) -> dict[str, Condition]:
    """What is compared: the plain model, all layers, and all but each."""
    absent = NOT_IN_COMPLETIONS - {"adapter"} if adapter else NOT_IN_COMPLETIONS
    layers = [layer.id for layer in LAYERS if not completions or layer.id not in absent]
    return {
        "plain": {"personal": False},
        "all layers": {},
        **{f"without {layer}": {"without": [layer]} for layer in layers},
    }


def _typed(program: _Program, author: Author, messages: int, adapter: bool) -> dict[str, Any]:
    """One author's later messages, typed in turn; what was sent counts for the next."""
    program.ask("open_user", author.name, history=list(author.history), adapter=adapter)
    conditions = _conditions(completions=True, adapter=adapter)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in conditions}
    for message in author.test[:messages]:
        for name, condition in conditions.items():
            rows[name].append(_type_one(program, author.name, message, condition))
        program.ask("observe", author.name, event={"type": "sent", **message})
    program.ask("close_user", author.name)
    return {name: _summary(of) for name, of in rows.items()}


def _type_one(program: _Program, user: str, message: Message, condition: Condition) -> dict[str, Any]:
    text = str(message["body"])[:CHARACTERS]
    context = {key: message.get(key) for key in ("kind", "subject", "to", "reply_to")}
    context["kind"] = context["kind"] or "email"
    answers: dict[int, dict[str, Any]] = {}

    def ask(at: int) -> str:
        if at not in answers:
            answers[at] = program.ask("complete", user, prefix=text[:at], context=context, **condition)
        return str(answers[at]["result"])

    typed = typist.type_out(text, ask)
    places = typist.places(text, PLACES)
    matches = [typist.exact_matches(text, at, ask(at)) for at in places]
    likelihood = float(program.ask("score", user, text=text, context=context, **condition)["result"])
    return {
        "bits_per_byte": -likelihood / math.log(2) / len(text.encode()),
        "saved": typed.saved,
        "saved_net": typed.net,
        "saved_by_words": typist.type_out(text, ask, "word").saved,
        "precision": typed.precision,
        "coverage": typist.share(bool(ask(at)) for at in places),
        "exact": [typist.share(match[count] for match in matches) for count in range(typist.LONGEST_MATCH)],
        "p95_ms": _p95([answer["ms"] for answer in answers.values()]),
    }


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))] if times else 0.0


FIGURES: Final = ("bits_per_byte", "saved", "saved_net", "saved_by_words", "precision", "coverage", "p95_ms")


def _summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over messages with their intervals."""
    return {
        **{name: _with_interval([row[name] for row in rows]) for name in FIGURES},
        "exact": [_with_interval(column) for column in zip(*(row["exact"] for row in rows), strict=True)],
    }


def _mean_of(summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over authors with their intervals."""
    means = {
        condition: [
            {
                **{name: one[condition][name]["mean"] for name in FIGURES},
                "exact": [share["mean"] for share in one[condition]["exact"]],
            }
            for one in summaries
        ]
        for condition in summaries[0]
    }
    return {condition: _summary(rows) for condition, rows in means.items()}


def _with_interval(values: Sequence[float]) -> dict[str, float]:
    low, high = measures.interval(values)
    return {"mean": round(statistics.fmean(values), 4), "low": round(low, 4), "high": round(high, 4)}


# ---------------------------------------------------------------------------------------------------------- drafts


def _drafted(program: _Program, found: Sequence[Author]) -> dict[str, Any]:
    """Drafts of later messages from their notes: whose style they have, and what they keep of the notes."""
    histories = {author.name: [str(item["body"]) for item in author.history] for author in found}
    attribution = measures.Attribution.trained(histories) if len(found) > 1 else None
    rows: dict[str, dict[str, list[float]]] = {}
    for author in found:
        program.ask("open_user", author.name, history=list(author.history))
        items = [item for item in author.test if len(_brief(item)["points"]) > 1][:DRAFTED]
        for item in items:
            brief = _brief(item)
            source = "\n".join(brief["points"])
            if attribution is not None:
                own = float(attribution.writer(str(item["body"])) == author.name)
                rows.setdefault("the real messages", {}).setdefault("attributed", []).append(own)
            for name, condition in _conditions(completions=False).items():
                text = str(program.ask("draft", author.name, brief=brief, **condition)["result"])
                row = rows.setdefault(name, {})
                row.setdefault("content_kept", []).append(measures.content_kept(source, text))
                row.setdefault("distance", []).append(measures.distance(text, str(item["body"])))
                if attribution is not None:
                    row.setdefault("attributed", []).append(float(attribution.writer(text) == author.name))
        program.ask("close_user", author.name)
    return {
        "authors": len(found),
        "rows": {name: {key: _with_interval(values) for key, values in row.items()} for name, row in rows.items()},
    }


def _brief(item: Message) -> dict[str, Any]:
    to = item.get("to") or [RECIPIENT]
    points = list(measures.brief_of(str(item["body"])))
    return {"subject": item.get("subject") or "", "to": [to] if isinstance(to, str) else to, "points": points}


# ------------------------------------------------------------------------------------------------------ simulation


def _simulated(program: _Program, briefs: Sequence[Mapping[str, Any]], rounds: int) -> dict[str, Any]:
    """Two simulated people edit drafts of the same briefs, seen by the program and unseen; then both are compared."""
    usable = [{**brief, "to": [RECIPIENT]} for brief in briefs if len(brief["points"]) > 1]
    if not usable or rounds < 1:
        return {}
    asked = [usable[index % len(usable)] for index in range(rounds)]
    shared = [usable[(rounds + index) % len(usable)] for index in range(SHARED)]
    neutral = [_draft(program, "nobody", brief) for brief in shared]
    unseen = [_draft(program, "nobody", brief) for brief in asked]
    people: dict[str, Any] = {}
    wanted: dict[str, list[str]] = {}
    written: dict[str, list[str]] = {}
    for name, wishes in USERS.items():
        learning, alone = SimulatedUser(wishes), SimulatedUser(wishes)
        for brief, same in zip(asked, unseen, strict=True):
            alone.keep(same, NAME)
            draft = _draft(program, name, brief)
            kept = learning.keep(draft, NAME)
            event = {"type": "edit", "draft": draft, "final": kept, "brief": brief}
            program.ask("observe", name, event=event)
        people[name] = {
            "cost": learning.cost,
            "cost_interval": _of_sum(learning.costs),
            "cost_without_learning": alone.cost,
            "cost_without_learning_interval": _of_sum(alone.costs),
            "last_quarter": sum(learning.costs[-max(1, rounds // 4) :]),
            "repeated": dict(learning.repeated),
        }
        wanted[name] = [SimulatedUser(wishes).keep(text, NAME) for text in neutral]
        written[name] = [_draft(program, name, brief) for brief in shared]
        program.ask("close_user", name)
    program.ask("close_user", "nobody")
    degree = measures.degree(wanted, written, neutral)
    by_brief = [
        measures.degree(
            {name: texts[at : at + 1] for name, texts in wanted.items()},
            {name: texts[at : at + 1] for name, texts in written.items()},
            neutral[at : at + 1],
        )
        for at in range(len(shared))
    ]
    return {
        "rounds": rounds,
        "people": people,
        "cost": sum(one["cost"] for one in people.values()),
        "cost_without_learning": sum(one["cost_without_learning"] for one in people.values()),
        "repeated": sum(sum(one["repeated"].values()) for one in people.values()),
        "egises": round(degree.egises, 3),
        "egises_interval": [round(end, 3) for end in measures.interval([one.egises for one in by_brief])],
        "perseval": round(degree.perseval, 3),
        "perseval_interval": [round(end, 3) for end in measures.interval([one.perseval for one in by_brief])],
    }


def _of_sum(costs: Sequence[int]) -> list[int]:
    """The interval of a sum over rounds."""
    return [round(len(costs) * end) for end in measures.interval([float(cost) for cost in costs])]


def _draft(program: _Program, user: str, brief: Mapping[str, Any]) -> str:
    return str(program.ask("draft", user, brief=dict(brief))["result"])


# ------------------------------------------------------------------------------------------------------------ text


TABLES: Final[tuple[tuple[tuple[str, str, float, int], ...], ...]] = (
    (("bits/byte", "bits_per_byte", 1, 3), ("saved %", "saved", 100, 1), ("net %", "saved_net", 100, 1)),
    (
        ("by words %", "saved_by_words", 100, 1),
        ("precision", "precision", 1, 2),
        ("coverage", "coverage", 1, 2),
        ("p95 ms", "p95_ms", 1, 0),
    ),
)


def text(figures: Mapping[str, Any]) -> str:
    """The tables for people."""
    lines = [f"Completions of {figures['messages']} held-out messages per author; [95 % interval, bootstrap]"]
    for heads in TABLES:
        lines.append(_line("", [head for head, *_ in heads]))
        lines += _rows(figures, partial(_measured, heads))
        lines.append("")
    counts = [str(count) for count in range(1, typist.LONGEST_MATCH + 1)]
    lines.append(_line("exactly the next words, %", counts))
    lines += _rows(figures, lambda row: [_cell(share, 100, 0) for share in row["exact"]])
    drafts = figures["drafts"]
    lines += [
        "",
        f"Drafts from notes, authors: {drafts['authors']}. By the right author's style; words of the notes kept; ",
    ]
    lines[-1] += "edit distance to the real message"
    for name, row in drafts["rows"].items():
        cells = [_cell(row[key], 1, 2) if key in row else "-" for key in ("attributed", "content_kept", "distance")]
        lines.append(f"{name:28s}" + "".join(f"{cell:>21s}" for cell in cells))
    simulation = figures["simulation"]
    if simulation:
        lines += [
            "",
            f"Simulated people, {simulation['rounds']} rounds each: what their edits cost, in words and marks",
        ]
        for name, one in simulation["people"].items():
            again = ", ".join(f"{kind} {count}" for kind, count in one["repeated"].items()) or "none"
            lines.append(
                f"  {name:10s} learning {_sum(one, 'cost')}, without {_sum(one, 'cost_without_learning')}; "
                f"in the last quarter {one['last_quarter']}; corrected again after two corrections: {again}"
            )
        lines.append(
            f"  the degree of personalization: EGISES {_sum(simulation, 'egises')} (0 is best), "
            f"PerSEval {_sum(simulation, 'perseval')} (1 is best)"
        )
    return "\n".join(lines)


def _measured(heads: Sequence[tuple[str, str, float, int]], row: Mapping[str, Any]) -> list[str]:
    return [_cell(row[name], factor, digits) for _, name, factor, digits in heads]


def _rows(figures: Mapping[str, Any], cells: Callable[[Mapping[str, Any]], list[str]]) -> list[str]:
    return [
        _line(f"{author[:10]:10s} {condition[:17]:17s}", cells(row))
        for author, conditions in figures["completions"].items()
        for condition, row in conditions.items()
    ]


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:28s}" + "".join(f"{cell:>21s}" for cell in cells)


def _sum(one: Mapping[str, Any], name: str) -> str:
    low, high = one[f"{name}_interval"]
    return f"{one[name]} [{low}, {high}]"


def _cell(value: Mapping[str, float], factor: float, digits: int) -> str:
    mean, low, high = (f"{factor * value[key]:.{digits}f}" for key in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _read(path: Path) -> list[Message]:
    messages: list[Message] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            message = json.loads(line)
        except json.JSONDecodeError:
            message = None
        if not isinstance(message, dict) or not isinstance(message.get("body"), str):
            raise BadInput(f"{path.name}, line {number}: a JSON object with a text 'body' is expected.")
        if message["body"].strip():
            messages.append(message)
    return messages
