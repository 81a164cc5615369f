"""Results as people and programs read them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path

from ownhand.cli.main import Arguments
from ownhand.domain.catalog import HUB
from ownhand.domain.completion import ARROW, Completion
from ownhand.domain.corpus import Hit, Source
from ownhand.domain.download import Connection, Progress
from ownhand.domain.draft import Audience
from ownhand.domain.figures import megabytes, parameters, remaining
from ownhand.domain.inference import ModelInfo
from ownhand.domain.ports import Correspondent, TakenIn
from ownhand.domain.preference import Origin, Preference, Standing
from ownhand.domain.style import Trait
from ownhand.domain.suggestion import Suggestion
from ownhand.services.downloading import Offered
from ownhand.services.importing import ImportReport
from ownhand.services.learning import Learning
from ownhand.services.mail_programs import Place
from ownhand.services.preview import Preview

SNIPPET = 160
PHASES = {
    "gather": "finding what fits",
    "write": "writing, all told",
    "first token": "until the first word",
    "model": "the model",
}


def put(value: object, arguments: Arguments, text: Callable[[], str]) -> None:
    """Print JSON for programs where they asked for it, else the text."""
    if arguments.json:
        # WHY: on a terminal without Unicode, JSON stays whole by its own escapes
        whole = (sys.stdout.encoding or "").lower().replace("-", "") in {"utf8", "utf16"}
        print(json.dumps(value, default=_plain, ensure_ascii=not whole, indent=1))
    elif said := text():
        print(said)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def count(number: int, noun: str) -> str:
    """'1 document', '1,204 documents'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def taken_in(taken: TakenIn) -> str:
    """What a backup or an export brought."""
    parts = [
        count(number, noun)
        for number, noun in (
            (taken.documents, "document"),
            (taken.drafts, "draft"),
            (taken.edits, "edit"),
            (taken.preferences, "rule"),
        )
        if number
    ]
    return f"Brought back: {', '.join(parts)}." if parts else "All of it was here already."


def correspondent(about: Correspondent) -> str:
    """How much there is about one person."""
    return f"{count(about.documents, 'document')}, {count(about.drafts, 'draft')} and {count(about.edits, 'edit')}"


def imported(report: ImportReport, *, named: bool) -> str:
    """What an import did; `named` says that the person gave the addresses."""
    read = count(report.messages, "message") + (" or text" if report.messages == 1 else " and texts")
    if not report.messages and report.unchanged:
        lines = [f"Nothing is new: {count(report.unchanged, 'file')} did not change since the last import."]
    elif not report.added and report.duplicates:
        lines = [f"Nothing is new in {read} ({report.seconds:.1f} s)."]
    else:
        lines = [f"{count(report.added, 'new document')} of yours from {read}, in {report.seconds:.1f} s."]
    if report.me and not named:
        lines.append(
            f"Taken as yours: {', '.join(report.me)}. If that is wrong, remove the source (ownhand sources) "
            "and name your addresses with --me."
        )
    elif named and report.others and report.others == report.messages:
        lines.append(f"None of the messages is from {' or '.join(report.me)}. Check the address after --me.")
    left: list[tuple[int, str]] = []
    if report.duplicates:
        left.append((report.duplicates, "known already"))
    if report.others:
        left.append((report.others, "written by others"))
    for reason, number in sorted(report.skipped_counts.items(), key=lambda item: -item[1]):
        places = report.skipped.get(reason, [])
        left.append((number, reason + (f", such as {places[0]}" if places else "")))
    if left:
        lines.append("Left out:")
        lines += [f"{number:7,d}  {reason}" for number, reason in left]
    return "\n".join(lines)


def reading(done: int, total: int, rate: float, what: str) -> str:
    """' 42 %, 3.1 MB/s, about 2 minutes left: Sent'; counts that are no bytes come without a unit."""
    share = f"{100 * done // total:3d} %" if total else ""
    speed = "" if rate <= 0 else f"{rate / 1e6:.1f} MB/s" if rate >= 50_000 else f"{rate:.0f}/s"
    left = f"{remaining((total - done) / rate)} left" if rate > 0 and done < total else ""
    return ", ".join(part for part in (share, speed, left) if part) + (f": {what[:60]}" if what else "")


PREVIEW_ROWS = 12


def preview(found: Preview) -> str:
    """What an import would store: counts, and samples of what is kept (+) and cut (-)."""
    lines = [f"{count(found.documents, 'document')} of yours would be stored, from {count(found.messages, 'message')}."]
    for title, counts in (
        ("By folder", found.folders),
        ("By year", found.years),
        ("By recipient", found.recipients),
        ("By language", found.languages),
    ):
        if counts:
            lines += ["", f"{title}:"]
            lines += [f"{number:7,d}  {name}" for name, number in list(counts.items())[:PREVIEW_ROWS]]
            rest = len(counts) - PREVIEW_ROWS
            lines += [f"         and {rest} more"] if rest > 0 else []
    left = [(found.others, "written by others")] if found.others else []
    for reason, number in sorted(found.skipped_counts.items(), key=lambda item: -item[1]):
        places = found.skipped.get(reason, [])
        left.append((number, reason + (f", such as {places[0]}" if places else "")))
    if left:
        lines += ["", "Left out:", *(f"{number:7,d}  {reason}" for number, reason in left)]
    for sample in found.samples:
        lines += ["", f"{sample.where}: {sample.title or '(no subject)'}"]
        lines += [f"  + {line}" for line in sample.kept.split("\n") if line.strip()]
        lines += [f"  - {line}" for line in sample.cut.split("\n") if line.strip()]
    lines += [
        "",
        "Nothing was stored. Leave things out with --not-folder, --not-person, --since, --until, --not-matching.",
    ]
    return "\n".join(lines)


def places(found: Sequence[Place]) -> str:
    """Mailboxes on this computer."""
    if not found:
        return "No mail program that Ownhand knows keeps sent mail in your home folder."
    return "\n".join(f"{place.program:22s}  {place.path}" for place in found)


def sources(rows: Sequence[Source], watched: Sequence[str] = ()) -> str:
    """Where the history came from."""
    if not rows:
        return "Nothing was imported yet. Try: ownhand import ~/Mail/Sent --me you@example.org"
    lines = []
    for row in rows:
        mark = "  (watched)" if row.path in watched else ""
        lines.append(f"{row.id:4d}  {count(row.documents, 'document'):>16}  {row.kind:8s}  {row.path}{mark}")
    return "\n".join(lines)


def completion(found: Completion, before: str) -> str:
    """What stands after the caret; a long form with what it takes the place of."""
    if not found.replaces:
        return found.text
    short = before[-found.replaces :].strip()
    return "\n".join(f"{short} {ARROW} {text.rstrip()}" for text in (found.text, *found.alternatives))


def hits(found: Sequence[Hit], words: Sequence[str]) -> str:
    """What a search found, best first."""
    if not found:
        return "Nothing fits."
    return "\n\n".join(f"{_heading(hit)}\n    {_snippet(hit.passage.text, words)}" for hit in found)


def _heading(hit: Hit) -> str:
    passage = hit.passage
    day = passage.written_at.date().isoformat() if passage.written_at else "no date   "
    to = f"  to {', '.join(passage.recipients[:2])}" if passage.recipients else ""
    return f"{day}  {passage.title or '(no subject)'}{to}"


def _snippet(text: str, words: Sequence[str] = ()) -> str:
    """The part of a text around the first of the words, in whole words."""
    flat = " ".join(text.split())
    if len(flat) <= SNIPPET:
        return flat
    places = [place for word in words if (place := flat.lower().find(word)) >= 0]
    start = max(0, min(places, default=0) - SNIPPET // 3)
    start = min(start, len(flat) - SNIPPET)
    end = start + SNIPPET
    if start:
        start = flat.find(" ", start) + 1 or start
    if end < len(flat):
        cut = flat.rfind(" ", start, end)
        end = cut if cut > start else end
    return ("... " if start else "") + flat[start:end] + (" ..." if end < len(flat) else "")


def facts(suggestion: Suggestion) -> list[str]:
    """What to check before it is sent."""
    lines = []
    if suggestion.facts.dropped:
        lines.append(f"Missing in it, check before you send: {', '.join(suggestion.facts.dropped)}")
    if suggestion.facts.added:
        lines.append(f"Not from you, check before you send: {', '.join(suggestion.facts.added)}")
    return lines


def why(suggestion: Suggestion, rules: Sequence[str]) -> str:
    """What shaped a suggestion, part by part."""
    reasons = suggestion.why
    parts = (
        ("What took part", [f"{part.label}: {part.said}" for part in reasons.parts]),
        ("Rules", rules),
        ("Your own texts that fit", [f"{_heading(hit)}\n    {_snippet(hit.passage.text)}" for hit in reasons.passages]),
        ("Remarks", reasons.remarks),
        ("Time", [f"{PHASES.get(name, name)}: {value:,.0f} ms" for name, value in reasons.timings.items()]),
        ("Prompt", reasons.prompt.splitlines()),
    )
    return "\n".join("\n".join([f"{title}:", *(f"  {line}" for line in lines)]) for title, lines in parts if lines)


def traits(rows: Sequence[Trait]) -> str:
    """The measured profile."""
    if not any(row.documents for row in rows):
        return "Nothing is measured yet. Import something you wrote: ownhand import PATH"
    width = max(len(row.label) for row in rows)
    return "\n".join(
        f"{row.label:{width}s}  {row.measured}" + (f"  (you chose: {row.setting})" if row.setting else "")
        for row in rows
    )


_STANDINGS = {
    Standing.ALWAYS: "on",
    Standing.SOMETIMES: "sometimes",
    Standing.OFF: "off",
    Standing.SELDOM: "not yet",
}


def preferences(rows: Sequence[Preference], learning: Learning, groups: Sequence[Audience]) -> str:
    """What was learned and said."""
    if not rows:
        return (
            "Nothing was learned yet. It comes with your first corrections; or say a rule: "
            "ownhand preferences --add 'no exclamation marks'"
        )
    names = {group.id: f"  ({group.name})" for group in groups}
    lines = []
    for item in rows:
        state = _STANDINGS[learning.standing(item)]
        stated = item.origin is Origin.STATED
        sure = f"{100 * learning.confidence(item):.0f} %"
        basis = "you said so" if stated else f"{count(len(item.edits), 'edit')}, {sure}"
        lines.append(
            f"{item.id[:8]}  {state:9s}  {basis:15s}  {learning.statement(item)}{names.get(item.audience, '')}"
        )
    return "\n".join(lines)


def models(rows: Sequence[ModelInfo], chosen: Mapping[str, Path]) -> str:
    """The models at hand and what each is used for."""
    names = [info.name for info in rows]
    lines = []
    for info in rows:
        name = info.name if names.count(info.name) == 1 else f"{info.name} ({info.path.name})"
        facts = [
            parameters(info.parameters),
            info.quantization,
            megabytes(info.bytes),
            f"takes about {megabytes(info.memory.total)} of memory",
            "completes and suggests" if info.chat else "completes only",
            "fills in the middle" if info.fill_in_middle else "",
            info.licence,
        ]
        roles = [f"{role}s" for role, path in chosen.items() if path == info.path]
        use = f"  in use for {' and '.join(roles)}" if roles else ""
        lines.append(f"{name:28s} {', '.join(fact for fact in facts if fact) if info.bytes else ''}{use}".rstrip())
    return "\n".join(lines)


def catalog(rows: Sequence[Offered]) -> str:
    """The models that can be downloaded, what is recommended first."""
    if not rows:
        return "The built-in model suits this computer best. See all with: ownhand models --catalog"
    return "\n\n".join("\n    ".join(line for line in _offered(item) if line) for item in rows)


def _offered(item: Offered) -> list[str]:
    offer = item.offer
    roles = " and ".join(f"{role}s" for role in offer.role)
    here = {
        "installed": "It is installed.",
        "arrived": "It is here complete, but could not be run yet.",
        "partial": f"{megabytes(item.arrived)} of it are here.",
    }
    best = f"Recommended for {' and '.join(f'{role}s' for role in item.recommended)} on this computer."
    return [
        f"{offer.id}  ({megabytes(offer.bytes)}, for {roles}, {offer.memory >> 30} GB of memory or more, "
        f"{offer.licence})",
        offer.why,
        best if item.recommended else "",
        offer.terms,
        here.get(item.state, ""),
    ]


def before_download(item: Offered) -> str:
    """What the person agrees to."""
    offer = item.offer
    missing = megabytes(offer.bytes - (item.arrived if item.state == "partial" else 0))
    lines = [
        f"{offer.name}: {missing}{' more' if item.state == 'partial' else ''} from {HUB} and its file servers.",
        f"Licence: {offer.licence}. {offer.terms}".rstrip(),
        f"About it: {offer.page}",
        "Nothing but the file's name is sent; the host sees your internet address.",
    ]
    return "\n".join(lines)


def progress(seen: Progress) -> str:
    """How far a download is, in one line."""
    if seen.phase == "connecting":
        return f"Connecting to {seen.host or HUB}"
    if seen.phase == "checking":
        return f"Checking what is here already: {megabytes(seen.done)}"
    if seen.phase == "waiting":
        return "There is no connection now; it is tried again in a moment"
    if seen.phase == "trying":
        return (
            f"The checksum is right (SHA-256 {seen.sha256 or 'verified before'}). Loading it once to see that it works"
        )
    parts = [f"{megabytes(seen.done)} of {megabytes(seen.total)}"]
    if seen.rate > 0:
        parts.append(f"{megabytes(seen.rate)}/s")
    if seen.seconds_left is not None:
        parts.append(f"{remaining(seen.seconds_left)} left")
    return ", ".join(parts)


def connections(rows: Sequence[Connection]) -> str:
    """The connection log."""
    if not rows:
        return "No connection was made. Only 'ownhand models --download' and its button in the window make any."
    return "\n".join(
        f"{row.at.astimezone():%Y-%m-%d %H:%M}  {row.host:28s} {megabytes(row.bytes):>8s}  "
        f"{row.outcome or 'open, or Ownhand was ended'}  {row.purpose}"
        for row in rows
    )
