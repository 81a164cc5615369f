"""What each command does: open the vault, call a service, show the result.

A command starts no worker it does not need: a list from the vault answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from getpass import getpass
from pathlib import Path

from ownhand import paths
from ownhand.adapters.keys import Holder, KeyRing
from ownhand.cli import own, shown
from ownhand.cli.batch import LONGEST, check_length, describe
from ownhand.cli.main import BACKUP_PASSPHRASE, NEW_PASSPHRASE, PASSPHRASE, Arguments
from ownhand.cli.train import train
from ownhand.compose import App, Options, build, erase_everything
from ownhand.domain import actions
from ownhand.domain.completion import CompletionContext
from ownhand.domain.corpus import Kind, ReplyContext
from ownhand.domain.download import Pace, Progress
from ownhand.domain.draft import EVERYONE
from ownhand.domain.figures import megabytes
from ownhand.domain.suggestion import SuggestionRequest, result_of
from ownhand.errors import BadInput, Cancelled, KeyUnavailable, UserError
from ownhand.services import mail_programs
from ownhand.services.models import ROLES
from ownhand.services.privacy import long_enough
from ownhand.services.retrieval import query_words
from ownhand.services.sieve import Exclusions

KEYS: dict[str, Holder] = {"keyring": "keyring", "passphrase": "passphrase", "file": "keyfile"}


def run(arguments: Arguments) -> int:
    """Do what the arguments ask for; the exit status."""
    alone = _find if arguments.command == "import" and arguments.find else WITHOUT_VAULT.get(arguments.command)
    if alone is not None:
        return alone(arguments)
    _check(arguments)
    app = _open(arguments)
    try:
        return COMMANDS[arguments.command](app, arguments) or 0
    finally:
        app.close()


# --------------------------------------------------------------------------------------------------------- the vault


def folder_of(arguments: Arguments) -> Path:
    """The folder of the vault."""
    return Path(os.path.abspath(arguments.vault or paths.data_dir()))


def _open(arguments: Arguments) -> App:
    chosen = Options(folder_of(arguments), KEYS[arguments.key or "keyring"], os.environ.get(PASSPHRASE))
    holder = KeyRing(chosen.folder).holder()
    asked = (holder or chosen.key) == "passphrase" and chosen.passphrase is None and sys.stdin.isatty()
    if asked:
        _given["passphrase"] = _ask_passphrase(new=holder is None)
        return build(Options(chosen.folder, chosen.key, _given["passphrase"]))
    try:
        return build(chosen)
    except KeyUnavailable as error:
        if holder is None and chosen.key == "keyring" and not (chosen.folder / "vault.db").exists():
            raise KeyUnavailable(f"{error} Choose with --key passphrase or --key file.") from error
        raise


_given: dict[str, str] = {}
"""What was typed, for a command that needs it once more."""


def _ask_passphrase(*, new: bool) -> str:
    given = _ask("Passphrase of your vault: ")
    if new and _ask("The same again: ") != given:
        raise BadInput("The two passphrases differ. Try again.")
    return given


def _check(arguments: Arguments) -> None:
    """Read standard input where a command works on it, and refuse what cannot be worked on, before anything starts."""
    if arguments.command == "rewrite":
        arguments.text = _stdin("the text") if arguments.text is None else _or_of_file(arguments.text)
        if not arguments.text.strip():
            raise BadInput("There is no text to work on yet.")
        if not arguments.instruction.strip():
            raise BadInput("Say what to do with the text.")
        check_length(arguments.text)
    elif arguments.command == "draft":
        if arguments.notes is None:
            arguments.notes = "" if arguments.reply_to and sys.stdin.isatty() else _stdin("your notes, one per line")
        else:
            arguments.notes = _or_of_file(arguments.notes)
        if not arguments.notes.strip() and arguments.reply_to is None:
            raise BadInput("Say in a few notes what to write, one per line.")
        check_length(arguments.notes)
    elif arguments.command == "complete" and arguments.text is None:
        arguments.text = _stdin("the text", strip=False)


def _or_of_file(text: str) -> str:
    """The text of the file where one is named, else the text itself.  Raises OSError or BadInput."""
    try:
        named = Path(text).is_file()
    except OSError:  # too long for a name
        named = False
    return own.text_of(text) if named else text


def _stdin(what: str, *, strip: bool = True) -> str:
    if sys.stdin.isatty():
        print(f"Type {what}; end with Ctrl+D.", file=sys.stderr)
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    return text.strip() if strip else text.removesuffix("\n")


# ---------------------------------------------------------------------------------------------------------- commands


def _find(arguments: Arguments) -> int:
    """The mail of this computer's programs; needs no vault."""
    places = mail_programs.find(Path.home())
    shown.put(places, arguments, lambda: shown.places(places))
    return 0


def _paste(app: App, text: str, arguments: Arguments) -> int:
    added = app.importing.paste(text)
    app.importing.embed_pending()
    shown.put({"added": int(added)}, arguments, lambda: "Learned from your text." if added else "It was there already.")
    return 0


def _import(app: App, arguments: Arguments) -> int:
    if arguments.paths == [Path("-")]:
        return _paste(app, _stdin("a text of yours"), arguments)
    on_terminal = sys.stderr.isatty() and not arguments.json
    pace = Pace()

    def progress(done: int, total: int, what: str) -> None:
        if on_terminal:
            line = shown.reading(done, total, pace.mark(time.monotonic(), done), what)
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    exclusions = Exclusions(
        tuple(arguments.not_folder),
        tuple(arguments.not_person),
        arguments.since,
        arguments.until,
        tuple(arguments.not_matching),
    )
    if arguments.preview:
        try:
            found = app.importing.preview(arguments.paths, arguments.me, exclusions, progress)
        finally:
            if on_terminal:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        shown.put(found, arguments, lambda: shown.preview(found))
        return 0
    before = app.privacy.state().documents
    try:
        report = app.importing.run(arguments.paths, arguments.me, progress, exclusions=exclusions)
        trouble = ""
        try:
            app.importing.embed_pending(progress)
        except UserError as error:
            trouble = f"{error} Your texts are stored; they are found by their words until you import again."
    except KeyboardInterrupt:
        stored = app.privacy.state().documents - before
        raise KeyboardInterrupt(
            f"Stopped. {shown.count(stored, 'new document')} {'is' if stored == 1 else 'are'} stored; "
            "give the same command again to go on."
        ) from None
    finally:
        if on_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    shown.put(report, arguments, lambda: shown.imported(report, named=bool(arguments.me)))
    if trouble:
        print(trouble, file=sys.stderr)
    return 1 if trouble else 0


def _sources(app: App, arguments: Arguments) -> None:
    known = {source.id: source.path for source in app.library.sources()}
    for wanted in (arguments.remove, arguments.watch, arguments.unwatch):
        if wanted is not None and wanted not in known:
            raise BadInput(f"There is no source {wanted}. Run 'ownhand sources' to see them.")
    if arguments.watch is not None:
        app.watching.add(known[arguments.watch])
    if arguments.unwatch is not None:
        app.watching.remove(known[arguments.unwatch])
    if arguments.remove is not None:
        app.library.on_forgotten = lambda _passages: None  # no worker knows anything yet that it would have to forget
        app.library.remove_source(arguments.remove)
    rows, watched = app.library.sources(), app.watching.folders()
    shown.put(rows, arguments, lambda: shown.sources(rows, watched))


def _search(app: App, arguments: Arguments) -> None:
    if not arguments.query.strip():
        raise BadInput("Say what to look for.")
    trouble = app.hand.retrieval.fill() if app.privacy.state().vectors else ""
    hits = app.library.search(arguments.query[:LONGEST], arguments.limit)
    shown.put(hits, arguments, lambda: shown.hits(hits, query_words(arguments.query)))
    if trouble:
        print(f"Searched by words only. {trouble}", file=sys.stderr)


def _draft(app: App, arguments: Arguments) -> None:
    reply_to, recipients, subject = None, tuple(arguments.to), arguments.subject
    if arguments.reply_to is not None:
        name, address, title, text = app.library.read_message(arguments.reply_to)
        check_length(text)
        reply_to = ReplyContext(text, name or address)
        recipients = recipients or ((f"{name} <{address}>" if name else address,) if address else ())
        subject = subject or (title if title.lower().startswith("re:") else f"Re: {title}" if title else "")
    request = SuggestionRequest(
        "reply" if reply_to is not None and not arguments.notes.strip() else "draft",
        instruction=arguments.notes,
        subject=subject,
        recipients=recipients,
        audience=app.library.audience_of(app.library.new(recipients=recipients)),
        reply_to=reply_to,
        variants=arguments.variants,
        personal=not arguments.plain,
    )
    _suggest(app, arguments, request)


def _rewrite(app: App, arguments: Arguments) -> None:
    mine = app.own_actions.named(arguments.instruction)
    instruction = mine.instruction if mine is not None else arguments.instruction
    known = actions.BY_ID.get("custom" if mine is not None else instruction.strip().lower())
    action = known or actions.recognise(instruction)
    _suggest(
        app,
        arguments,
        SuggestionRequest(
            action.id,
            arguments.text,
            instruction=instruction if action.id == "custom" else "",
            kind=Kind.NOTE,
            variants=arguments.variants,
            personal=not arguments.plain,
        ),
    )


def _suggest(app: App, arguments: Arguments, request: SuggestionRequest) -> None:
    _use_chosen_models(app)
    if request.personal:
        app.personal.tell_workers(app.personal.read(), expect=False)
        app.training.reload()
    suggestions = [replace(one, text=result_of(request, one)) for one in app.drafting.run(request)]
    rows = [describe(suggestion, suggestion.why.timings.get("write", 0.0)) for suggestion in suggestions]
    if arguments.json:
        shown.put(rows, arguments, str)
        return
    for number, suggestion in enumerate(suggestions, 1):
        if len(suggestions) > 1:
            print(f"--- {number} of {len(suggestions)} ---")
        print(suggestion.text, flush=True)
        for line in shown.facts(suggestion):
            print(f"\n{line}", file=sys.stderr)
        if arguments.why:
            rules = [app.learning.statement(item) for item in suggestion.why.preferences]
            print(f"\n{shown.why(suggestion, rules)}", file=sys.stderr)


def _complete(app: App, arguments: Arguments) -> None:
    context = CompletionContext(
        arguments.text, arguments.suffix, subject=arguments.subject, recipients=tuple(arguments.to)
    )
    history = app.personal.read()
    found = app.completing.expand(context)
    if found is None:
        _use_chosen_models(app)
        app.personal.tell_workers(history, index=False)
        app.training.reload()
        found = app.completing.complete(context)
    if arguments.json or found.text:
        shown.put(found, arguments, lambda: shown.completion(found, arguments.text))
    else:
        print(f"Nothing is shown: {found.reason}.", file=sys.stderr)


def _use_chosen_models(app: App) -> None:
    for trouble in app.models.restore():
        print(trouble, file=sys.stderr)


def _profile(app: App, arguments: Arguments) -> None:
    audience = _audience(app, arguments.audience)
    for document in app.hand.vault.each_document():  # the profile needs no worker
        app.learning.measure(document)
    traits = app.learning.traits(audience)
    shown.put(traits, arguments, lambda: shown.traits(traits))


def _audience(app: App, name: str) -> str:
    if name.strip().lower() in {"", EVERYONE, "everyone"}:
        return EVERYONE
    groups = app.library.audiences()
    for group in groups:
        if name in {group.id, group.name}:
            return group.id
    known = ", ".join(["Everyone", *(group.name for group in groups)])
    raise BadInput(f"There is no audience {name[:60]!r}. There are: {known}.")


def _preferences(app: App, arguments: Arguments) -> None:
    learning = app.learning
    if arguments.forget:
        learning.forget_everything()
        app.training.forget()
    if arguments.add is not None:
        learning.state(arguments.add, _audience(app, arguments.audience))
    for wanted, act in (
        (arguments.move, lambda item: learning.move(item, _audience(app, arguments.audience))),
        (arguments.on, lambda item: learning.set_enabled(item, True)),
        (arguments.off, lambda item: learning.set_enabled(item, False)),
        (arguments.delete, learning.delete),
    ):
        if wanted is not None:
            found = [item for item in learning.noticed() if wanted and item.id.startswith(wanted)]
            if len(found) != 1:
                raise BadInput(
                    f"{'More than one' if found else 'No'} preference begins with {wanted[:40]!r}. "
                    "Run 'ownhand preferences --all' to see them."
                )
            act(found[0])
    rows = learning.noticed() if arguments.all else learning.preferences()
    shown.put(rows, arguments, lambda: shown.preferences(rows, learning, app.library.audiences()))


def _models(app: App, arguments: Arguments) -> int:
    models = app.models
    if arguments.add:
        models.add(arguments.add)
    if arguments.download is not None and not _download(app, arguments):
        return 1
    if arguments.use is not None:
        path = app.downloads.installed(arguments.use) or models.find(arguments.use)
        for role in ROLES:
            if arguments.role in {role, "both"}:
                models.choose(role, path)
    if arguments.remove is not None:
        models.remove(app.downloads.installed(arguments.remove) or models.find(arguments.remove))
    if arguments.connections:
        entries = app.downloads.connections()
        shown.put(entries, arguments, lambda: shown.connections(entries))
        return 0
    if arguments.catalog or arguments.recommend:
        offers = [item for item in app.downloads.offers() if item.recommended or not arguments.recommend]
        shown.put(offers, arguments, lambda: shown.catalog(offers))
        return 0
    rows, troubles = models.installed(), models.missing()
    chosen: dict[str, Path] = {role: models.chosen(role) for role in ROLES}
    shown.put(rows, arguments, lambda: shown.models(rows, chosen))
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    return 0


def _download(app: App, arguments: Arguments) -> bool:
    """Fetch a model of the catalog once the person has agreed to what it means; False if they did not."""
    item = app.downloads.find(arguments.download)
    print(shown.before_download(item), file=sys.stderr)
    if not arguments.yes and item.state != "arrived":
        if not sys.stdin.isatty():
            raise BadInput("Nothing was downloaded. Add --yes if you agree to this.")
        print("Download it? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            print("Nothing was downloaded.", file=sys.stderr)
            return False
    on_terminal = sys.stderr.isatty()
    said = ""

    def watch(progress: Progress) -> None:
        nonlocal said
        if on_terminal:
            print(f"\r\x1b[K{shown.progress(progress)}", end="", file=sys.stderr, flush=True)
        elif progress.phase != said:
            said = progress.phase
            print(shown.progress(progress), file=sys.stderr, flush=True)

    try:
        app.downloads.run(item.offer.id, watch)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("Stopped. What has arrived is kept; the same command goes on from there.") from None
    finally:
        if on_terminal:
            print(file=sys.stderr)
    return True


def _export(app: App, arguments: Arguments) -> None:
    count = app.privacy.export(arguments.file)
    shown.put(
        {"documents": count, "file": str(arguments.file)},
        arguments,
        lambda: (
            f"{shown.count(count, 'document')}, all drafts and everything learned are in {arguments.file}. "
            "The zip is not encrypted."
        ),
    )


def _backup(app: App, arguments: Arguments) -> None:
    app.privacy.back_up(arguments.file, _new_passphrase("Passphrase of the backup: ", BACKUP_PASSPHRASE))
    size = arguments.file.stat().st_size
    shown.put(
        {"file": str(arguments.file), "bytes": size},
        arguments,
        lambda: f"Everything is in {arguments.file} ({megabytes(size)}). It opens with the passphrase you gave, only.",
    )


def _restore(app: App, arguments: Arguments) -> int:
    passphrase = ""
    if app.privacy.needs_passphrase(arguments.file):
        passphrase = os.environ.get(BACKUP_PASSPHRASE, "")
        if not passphrase and sys.stdin.isatty():
            passphrase = _ask("Passphrase of the backup: ")
    taken = app.privacy.restore(arguments.file, passphrase)
    shown.put(taken, arguments, lambda: shown.taken_in(taken))
    try:
        app.importing.embed_pending()
    except UserError as error:
        print(f"{error} Your texts are stored; they are found by their words until you import again.", file=sys.stderr)
        return 1
    return 0


def _forget(app: App, arguments: Arguments) -> int:
    library = app.library
    library.on_forgotten = lambda _passages: None  # no worker knows anything yet that it would have to forget
    if (arguments.person is None) == (arguments.document is None):
        raise BadInput("Say what to forget: --person ADDRESS or --document ID.")
    if arguments.document is not None:
        if library.document(arguments.document) is None:
            raise BadInput(f"There is no document {arguments.document[:64]!r}.")
        library.forget(arguments.document)
        shown.put({"documents": 1}, arguments, lambda: "Forgotten, with all that was learned from it.")
        return 0
    about = library.about(arguments.person)
    if not about.documents + about.drafts + about.edits:
        raise BadInput(f"Nothing was written to {arguments.person[:80]!r}.")
    if not arguments.yes and not _agreed(f"Forget {shown.correspondent(about)}, for good?", "Nothing was forgotten."):
        return 1
    library.forget_person(arguments.person)
    shown.put(about, arguments, lambda: f"Forgotten: {shown.correspondent(about)}, and all that was learned from it.")
    return 0


def _key(app: App, arguments: Arguments) -> None:
    if arguments.to is not None:
        new = _new_passphrase("New passphrase: ", NEW_PASSPHRASE) if arguments.to == "passphrase" else ""
        current = os.environ.get(PASSPHRASE, "") or _given.get("passphrase", "")
        app.privacy.hand_key_to(KEYS[arguments.to], new, current)
    holder = app.privacy.key_holder()
    shown.put({"holder": holder}, arguments, lambda: f"The key of the vault is held by: {holder}.")


def _new_passphrase(prompt: str, variable: str) -> str:
    given = os.environ.get(variable, "")
    if given:
        return long_enough(given)
    if not sys.stdin.isatty():
        raise BadInput(f"Give the passphrase in {variable}, or run this in a terminal.")
    given = long_enough(_ask(prompt))
    if _ask("The same again: ") != given:
        raise BadInput("The two passphrases differ. Try again.")
    return given


def _ask(prompt: str) -> str:
    try:
        return getpass(prompt)
    except EOFError:
        raise Cancelled from None


def _agreed(question: str, otherwise: str) -> bool:
    if not sys.stdin.isatty():
        raise BadInput("This cannot be undone. Add --yes if you mean it.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    print(otherwise, file=sys.stderr)
    return False


# ---------------------------------------------------------------------------------------- commands without a vault


def _erase(arguments: Arguments) -> int:
    """Works without the key, too: a vault that cannot be opened any more can still be removed."""
    folder = folder_of(arguments)
    if not any((folder / name).exists() for name in ("vault.db", "key.json", "vault.key")):
        raise BadInput(f"There is no vault in {folder}, so there is nothing to erase.")
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise BadInput("Erasing cannot be undone. Add --yes if you mean it.")
        try:
            answer = input("Erase everything Ownhand has stored, for good? Type 'erase': ")
        except EOFError:
            answer = ""
        if answer.strip() != "erase":
            print("Nothing was erased.", file=sys.stderr)
            return 1
    gone = erase_everything(folder)
    shown.put(gone, arguments, lambda: f"Erased for good: {', '.join(gone)}.")
    return 0


def _lock(arguments: Arguments) -> int:
    from ownhand.ui.app import lock_running

    if not lock_running(folder_of(arguments)):
        raise BadInput("No window has this vault open, so there is nothing to lock.")
    shown.put({"locked": True}, arguments, lambda: "Locked.")
    return 0


def _doctor(arguments: Arguments) -> int:
    from ownhand.cli import doctor

    def key() -> bytes | None:
        """Of the vault; None where it would have to be asked for and nobody can be asked."""
        keys = KeyRing(folder)
        passphrase = os.environ.get(PASSPHRASE)
        if keys.holder() == "passphrase" and passphrase is None:
            if not sys.stdin.isatty():
                return None
            passphrase = _ask_passphrase(new=False)
        return keys.unlock(passphrase)

    folder = folder_of(arguments)
    if arguments.salvage:
        return doctor.salvage(folder, key, lambda value, text: shown.put(value, arguments, text))
    return doctor.run(folder, key, as_json=arguments.json)


def _bench(arguments: Arguments) -> int:
    from ownhand.cli import bench, bench_history, bench_personal, bench_retrieval

    if arguments.what == "import":
        figures = bench_history.importing()
        shown.put(figures, arguments, lambda: bench_history.import_text(figures))
    elif arguments.what in ("personal", "retrieval") and arguments.authors is None:
        raise BadInput("Say where the authors' messages are: --author DIR.")
    elif arguments.what == "personal":
        figures = bench_personal.measure(
            arguments.authors, arguments.user, arguments.messages, arguments.rounds, adapter=arguments.adapter
        )
        shown.put(figures, arguments, lambda: bench_personal.text(figures))
    elif arguments.what == "retrieval":
        figures = bench_retrieval.measure(arguments.authors, arguments.user, arguments.messages)
        shown.put(figures, arguments, lambda: bench_retrieval.text(figures))
    elif arguments.what == "search":
        figures = bench_history.searching(arguments.documents)
        shown.put(figures, arguments, lambda: bench_history.search_text(figures))
    else:
        figures = bench.engine(larger=arguments.larger)
        shown.put(figures, arguments, lambda: bench.text(figures))
    return 0


COMMANDS: Mapping[str, Callable[[App, argparse.Namespace], int | None]] = {
    "import": _import,
    "sources": _sources,
    "search": _search,
    "draft": _draft,
    "rewrite": _rewrite,
    "complete": _complete,
    "profile": _profile,
    "preferences": _preferences,
    "actions": own.own_actions,
    "snippets": own.snippets,
    "stats": own.stats,
    "train": lambda app, arguments: train(app, arguments, _audience(app, arguments.audience)),
    "models": _models,
    "export": _export,
    "backup": _backup,
    "restore": _restore,
    "forget": _forget,
    "key": _key,
}
WITHOUT_VAULT: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "erase": _erase,
    "lock": _lock,
    "doctor": _doctor,
    "bench": _bench,
}
