"""`ownhand COMMAND`: parse, call a service, print for people or (with --json) for programs."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from getpass import getpass
from pathlib import Path
from typing import Any

from ownhand import __version__, logs, paths
from ownhand.adapters.keys import Holder, KeyRing
from ownhand.cli import doctor
from ownhand.cli.batch import Batch, describe
from ownhand.compose import App, Options, build
from ownhand.domain import actions
from ownhand.domain.completion import CompletionContext
from ownhand.domain.corpus import Hit, Kind, ReplyContext
from ownhand.domain.draft import EVERYONE
from ownhand.domain.suggestion import Streaming, SuggestionEvent, SuggestionRequest
from ownhand.errors import BadInput, Cancelled, KeyUnavailable, OwnhandError
from ownhand.services.models import ROLES

Arguments = argparse.Namespace
PASSPHRASE = "OWNHAND_PASSPHRASE"
KEYS: dict[str, Holder] = {"keyring": "keyring", "passphrase": "passphrase", "file": "keyfile"}


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--vault", type=Path, metavar="DIR", help="folder of the vault (default: your own)")
    common.add_argument("--json", action="store_true", help="print JSON")
    common.add_argument("--debug", action="store_true", help="log to the terminal; show tracebacks")
    common.add_argument(
        "--key",
        choices=sorted(KEYS),
        help=f"where a new vault keeps its key; a passphrase is asked for, or taken from {PASSPHRASE}",
    )
    top = argparse.ArgumentParser(
        prog="ownhand",
        description="A writing assistant that writes in your hand. Without a command it opens the window. "
        "Everything stays on this machine.",
    )
    top.add_argument("--version", action="version", version=f"ownhand {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name: str, run: Callable[[App, Arguments], Any] | None, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, parents=[common])
        sub.set_defaults(run=run)
        return sub

    one = command("import", _import, "learn from mailboxes (mbox, .eml, Maildir) and text files or folders of them")
    one.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    one.add_argument(
        "--me", action="append", default=[], metavar="ADDRESS", help="an address of yours; may be repeated"
    )
    one = command("sources", _sources, "list what was imported")
    one.add_argument("--remove", type=int, metavar="ID", help="remove a source with all that was learned from its text")
    one = command("search", _search, "find what you wrote, by words or by meaning")
    one.add_argument("query")
    one.add_argument("--limit", type=int, default=10)
    one = command("draft", _draft, "write an e-mail from notes")
    one.add_argument("notes", nargs="?", help="the notes, one per line (default: standard input)")
    one.add_argument("--to", action="append", default=[], metavar="RECIPIENT", help="'Dana Li <dana@example.org>'")
    one.add_argument("--subject", default="")
    one.add_argument("--reply-to", type=Path, metavar="FILE", help="the message it answers (.eml or text)")
    _suggestion_options(one)
    one = command("rewrite", _rewrite, "rework a text: " + ", ".join(_text_actions()) + ", or any instruction")
    one.add_argument("instruction", help="an action's name, or what to do in your own words")
    one.add_argument("text", nargs="?", help="the text (default: standard input)")
    _suggestion_options(one)
    one = command("complete", _complete, "what would stand as ghost text after a text")
    one.add_argument("text", nargs="?", help="the text before the caret (default: standard input)")
    one.add_argument("--suffix", default="", help="the text after the caret")
    one.add_argument("--subject", default="")
    one.add_argument("--to", action="append", default=[], metavar="RECIPIENT")
    one = command("profile", _profile, "how you write, as measured")
    one.add_argument("--audience", default=EVERYONE)
    one = command("preferences", _preferences, "what was learned from your changes, and what you said")
    one.add_argument("--add", metavar="RULE", help="say a rule, such as: no exclamation marks")
    one.add_argument("--on", metavar="ID")
    one.add_argument("--off", metavar="ID")
    one.add_argument("--delete", metavar="ID")
    one.add_argument("--forget", action="store_true", help="forget everything learned")
    one = command("models", _models, "list the models, add one, or choose one")
    one.add_argument("--add", type=Path, metavar="FILE", help="copy a .gguf into Ownhand's folder")
    one.add_argument(
        "--use", metavar="NAME", help="a listed model's name or a path; 'built-in' for the one that came along"
    )
    one.add_argument("--role", choices=["completion", "suggestion", "both"], default="both")
    one = command("export", _export, "write everything as a zip of Markdown and JSON (not encrypted)")
    one.add_argument("file", type=Path)
    one = command("erase", _erase, "destroy the key and remove everything Ownhand stored")
    one.add_argument("--yes", action="store_true", help="do not ask")
    command("doctor", None, "check that every part works on this machine")
    one = command("bench", None, "measure this machine: typing latency and writing speed")
    one.add_argument("what", nargs="?", choices=["engine"], default="engine")
    command("batch", None, "answer JSON lines on standard input, one each, in order")
    return top


def _suggestion_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--variants", type=int, default=1, choices=[1, 2, 3])
    one.add_argument("--why", action="store_true", help="show what shaped it")
    one.add_argument("--plain", action="store_true", help="without your personal model")


def _text_actions() -> list[str]:
    return [a.id for a in actions.ACTIONS if a.id not in {"draft", "reply", "custom"}]


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit status is 0 (done), 1 (failed, said on stderr) or 2 (wrong usage)."""
    arguments = parser().parse_args(argv)
    logs.start(paths.log_dir(), debug=arguments.debug)
    try:
        if arguments.command == "batch":
            return _batch(arguments)
        if arguments.command == "doctor":
            return doctor.run(arguments.vault or paths.data_dir(), as_json=arguments.json)
        if arguments.command == "bench":
            from ownhand.cli import bench

            _print(bench.engine(), arguments, bench.text)
            return 0
        app = _open(arguments)
        try:
            return int(arguments.run(app, arguments) or 0)
        finally:
            app.close()
    except Cancelled:
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OwnhandError as error:
        if arguments.debug:
            raise
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        if arguments.debug:
            raise
        print(
            f"{error.strerror or 'The system refused a file operation'}: {error.filename or ''}".rstrip(": "),
            file=sys.stderr,
        )
        return 1


def options(arguments: Arguments) -> Options:
    """How to open the vault, by the arguments and the environment."""
    return Options(
        (arguments.vault or paths.data_dir()).expanduser().absolute(),
        KEYS[arguments.key or "keyring"],
        os.environ.get(PASSPHRASE),
    )


def _open(arguments: Arguments) -> App:
    chosen = options(arguments)
    try:
        return build(chosen)
    except KeyUnavailable as error:
        if (
            chosen.passphrase is not None
            or not sys.stdin.isatty()
            or not (arguments.key == "passphrase" or _has_passphrase(chosen))
        ):
            if arguments.key is None and KeyRing(chosen.folder).holder() is None:
                raise KeyUnavailable(f"{error} Choose with --key passphrase or --key file.") from error
            raise
    return build(Options(chosen.folder, chosen.key, getpass("Passphrase of your vault: ")))


def _has_passphrase(chosen: Options) -> bool:
    return KeyRing(chosen.folder).holder() == "passphrase"


def _batch(arguments: Arguments) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    if arguments.vault is not None:
        arguments.vault.mkdir(parents=True, exist_ok=True)
        Batch(arguments.vault.absolute()).serve(sys.stdin, sys.stdout)
        return 0
    with tempfile.TemporaryDirectory(prefix="ownhand-batch-") as folder:
        Batch(Path(folder)).serve(sys.stdin, sys.stdout)
    return 0


# ------------------------------------------------------------------------------------------------------- commands


def _import(app: App, arguments: Arguments) -> None:
    shown = sys.stderr.isatty() and not arguments.json

    def progress(done: int, total: int, what: str) -> None:
        if shown:
            share = f"{100 * done // total:3d} %" if total else ""
            print(f"\r\x1b[K{share} {what}", end="", file=sys.stderr, flush=True)

    report = app.importing.run(arguments.paths, arguments.me, progress, embed=True)
    if shown:
        print("\r\x1b[K", end="", file=sys.stderr)
    if arguments.json:
        _print(report, arguments)
        return
    print(f"{report.added} new documents of yours from {report.messages} messages and files in {report.seconds:.1f} s.")
    if not arguments.me and report.me:
        print(f"Taken as yours: {', '.join(report.me)}. If that is wrong, remove the source and name yours with --me.")
    if report.duplicates:
        print(f"{report.duplicates} were known already.")
    if report.others:
        print(f"{report.others} were written by others.")
    for reason, count in sorted(report.skipped_counts.items(), key=lambda item: -item[1]):
        places = report.skipped.get(reason, [])
        print(f"{count} left out: {reason}" + (f" (first: {places[0]})" if places else ""))


def _sources(app: App, arguments: Arguments) -> None:
    if arguments.remove is not None:
        if arguments.remove not in {source.id for source in app.library.sources()}:
            raise BadInput(f"There is no source {arguments.remove}. Run 'ownhand sources' to see them.")
        app.library.remove_source(arguments.remove)
    rows = app.library.sources()
    if arguments.json:
        _print(rows, arguments)
        return
    for row in rows:
        print(f"{row.id:4d}  {row.documents:6d} documents  {row.kind:8s}  {row.path}")
    if not rows:
        print("Nothing was imported yet. Try: ownhand import ~/Mail/Sent --me you@example.org")


def _search(app: App, arguments: Arguments) -> None:
    app.personal.fill()
    hits = app.library.search(arguments.query, arguments.limit)
    if arguments.json:
        _print(hits, arguments)
        return
    for hit in hits:
        day = hit.passage.written_at.date().isoformat() if hit.passage.written_at else "no date"
        near = f"  similar {hit.similarity:.2f}" if hit.similarity is not None else ""
        print(f"{day}  {hit.passage.title or '(no subject)'}{near}\n    {_snippet(hit)}\n")
    if not hits:
        print("Nothing fits.")


def _snippet(hit: Hit) -> str:
    flat = " ".join(hit.passage.text.split())
    return flat if len(flat) <= 160 else flat[:157] + "..."


def _draft(app: App, arguments: Arguments) -> None:
    reply_to, recipients, subject = None, tuple(arguments.to), arguments.subject
    if arguments.reply_to is not None:
        name, address, title, text = app.library.read_message(arguments.reply_to)
        reply_to = ReplyContext(text, name or address)
        recipients = recipients or ((f"{name} <{address}>" if name else address,) if address else ())
        subject = subject or (title if title.lower().startswith("re:") else f"Re: {title}" if title else "")
    notes = arguments.notes if arguments.notes is not None else "" if reply_to and sys.stdin.isatty() else _stdin()
    request = SuggestionRequest(
        "reply" if reply_to is not None and not notes.strip() else "draft",
        instruction=notes,
        subject=subject,
        recipients=recipients,
        audience=app.library.audience_of(app.library.new(recipients=recipients)),
        reply_to=reply_to,
        variants=arguments.variants,
        personal=not arguments.plain,
    )
    _suggest(app, arguments, request)


def _rewrite(app: App, arguments: Arguments) -> None:
    known = actions.BY_ID.get(arguments.instruction.strip().lower())
    action = known or actions.recognise(arguments.instruction)
    text = arguments.text if arguments.text is not None else _stdin()
    _suggest(
        app,
        arguments,
        SuggestionRequest(
            action.id,
            text,
            instruction=arguments.instruction if action.id == "custom" else "",
            kind=Kind.NOTE,
            variants=arguments.variants,
            personal=not arguments.plain,
        ),
    )


def _suggest(app: App, arguments: Arguments, request: SuggestionRequest) -> None:
    if request.personal:
        app.personal.fill()

    def nothing(_event: SuggestionEvent | Streaming) -> None:
        return

    suggestions = app.drafting.run(request, nothing)
    if arguments.json:
        print(
            json.dumps(
                [describe(s, s.why.timings.get("write", 0.0)) for s in suggestions], ensure_ascii=False, indent=1
            )
        )
        return
    for number, suggestion in enumerate(suggestions, 1):
        if len(suggestions) > 1:
            print(f"--- {number} of {len(suggestions)} ---")
        print(suggestion.text)
        if suggestion.facts.dropped:
            print(f"\nNot in it any more: {', '.join(suggestion.facts.dropped)}", file=sys.stderr)
        if suggestion.facts.added:
            print(f"\nNot from you: {', '.join(suggestion.facts.added)}", file=sys.stderr)
        if arguments.why:
            print("\nWhy:", file=sys.stderr)
            for line in (
                *(f"rule: {app.learning.statement(item)}" for item in suggestion.why.preferences),
                *(f"example: {_snippet(hit)}" for hit in suggestion.why.passages),
                *suggestion.why.remarks,
                *(f"{name}: {value:.0f} ms" for name, value in suggestion.why.timings.items()),
                "prompt:",
                suggestion.why.prompt,
            ):
                print(f"  {line}", file=sys.stderr)


def _complete(app: App, arguments: Arguments) -> None:
    app.personal.fill()
    text = arguments.text if arguments.text is not None else _stdin(strip=False)
    shown = app.completing.complete(
        CompletionContext(text, arguments.suffix, subject=arguments.subject, recipients=tuple(arguments.to))
    )
    if arguments.json:
        _print(shown, arguments)
    elif shown.text:
        print(shown.text)
    else:
        print(f"Nothing is shown: {shown.reason}.", file=sys.stderr)


def _profile(app: App, arguments: Arguments) -> None:
    app.personal.fill()
    traits = app.learning.traits(arguments.audience)
    if arguments.json:
        _print(traits, arguments)
        return
    for trait in traits:
        chosen = f"  (you chose: {trait.setting})" if trait.setting else ""
        print(f"{trait.label:24s} {trait.measured}{chosen}")


def _preferences(app: App, arguments: Arguments) -> None:
    learning = app.learning
    if arguments.forget:
        learning.forget_everything()
    if arguments.add:
        learning.state(arguments.add)
    for wanted, act in (
        (arguments.on, lambda item: learning.set_enabled(item, True)),
        (arguments.off, lambda item: learning.set_enabled(item, False)),
        (arguments.delete, learning.delete),
    ):
        if wanted:
            found = [item for item in learning.preferences() if item.id.startswith(wanted)]
            if len(found) != 1:
                raise BadInput(
                    f"{'More than one' if found else 'No'} preference begins with {wanted!r}. "
                    "Run 'ownhand preferences' to see them."
                )
            act(found[0])
    rows = learning.preferences()
    if arguments.json:
        _print(rows, arguments)
        return
    for item in rows:
        state = "on " if learning.in_effect(item) else "off" if not item.enabled else "…  "
        sure = f"{100 * learning.confidence(item):3.0f} %"
        print(f"{item.id[:8]}  {state}  {sure}  {len(item.edits):3d} edits  {learning.statement(item)}")
    if not rows:
        print(
            "Nothing was learned yet. It comes with your first corrections; or say a rule: "
            "ownhand preferences --add 'no exclamation marks'"
        )


def _models(app: App, arguments: Arguments) -> None:
    models = app.models
    app.troubles += models.restore()
    if arguments.add:
        models.add(arguments.add)
    if arguments.use:
        listed = {info.name: info.path for info in models.installed()} | {
            info.path.name: info.path for info in models.installed()
        }
        path = paths.builtin_model() if arguments.use == "built-in" else listed.get(arguments.use, Path(arguments.use))
        for role in ROLES:
            if arguments.role in {role, "both"}:
                models.choose(role, path)
    rows = models.installed()
    if arguments.json:
        _print(rows, arguments)
        return
    for info in rows:
        roles = [role for role in ROLES if models.chosen(role) == info.path]
        use = f"  <- {' and '.join(roles)}s" if roles else ""
        size = f"{info.bytes / 1e6:7.0f} MB  {info.parameters / 1e6:7.0f} M parameters"
        print(f"{info.name:28s} {size}  {info.licence}{use}")
    for trouble in app.troubles:
        print(trouble, file=sys.stderr)


def _export(app: App, arguments: Arguments) -> None:
    count = app.privacy.export(arguments.file.expanduser())
    if arguments.json:
        _print({"documents": count, "file": str(arguments.file)}, arguments)
    else:
        print(
            f"{count} documents, all drafts and everything learned are in {arguments.file}. The zip is not encrypted."
        )


def _erase(app: App, arguments: Arguments) -> None:
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise BadInput("Erasing cannot be undone. Add --yes if you mean it.")
        if input("Erase everything Ownhand has stored, for good? Type 'erase': ").strip() != "erase":
            raise Cancelled
    gone = app.privacy.erase()
    if arguments.json:
        _print([str(path) for path in gone], arguments)
    else:
        print("The key is destroyed and these are gone:")
        for path in gone:
            print(f"  {path}")


def _stdin(*, strip: bool = True) -> str:
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    return text.strip() if strip else text.removesuffix("\n")


def _print(value: object, arguments: Arguments, text: Callable[..., str] | None = None) -> None:
    if arguments.json or text is None:
        print(json.dumps(value, default=_plain, ensure_ascii=False, indent=1))
    else:
        print(text(value))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
