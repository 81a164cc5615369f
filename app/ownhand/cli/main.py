"""`ownhand COMMAND`: what can be asked, and how a command ends.

Nothing heavy is imported before the arguments are known to be good: `commands` brings in the rest of the program.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from ownhand import __version__, logs, paths
from ownhand.domain import actions
from ownhand.errors import Cancelled, OwnhandError

Arguments = argparse.Namespace
PASSPHRASE = "OWNHAND_PASSPHRASE"
NEW_PASSPHRASE = "OWNHAND_NEW_PASSPHRASE"
BACKUP_PASSPHRASE = "OWNHAND_BACKUP_PASSPHRASE"
KEY_CHOICES = ("file", "keyring", "passphrase")
MOST_HITS = 1000

_log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--vault", type=_path, metavar="DIR", help="folder of the vault (default: your own)")
    common.add_argument("--json", action="store_true", help="print JSON")
    common.add_argument("--debug", action="store_true", help="log to the terminal; show tracebacks")
    common.add_argument(
        "--key",
        choices=KEY_CHOICES,
        help=f"where a new vault keeps its key; a passphrase is asked for, or taken from {PASSPHRASE}",
    )
    top = argparse.ArgumentParser(
        prog="ownhand",
        description="A writing assistant that writes in your hand. Without a command it opens the window. "
        "Everything stays on this machine.",
    )
    top.add_argument("--version", action="version", version=f"ownhand {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[common])

    one = command(
        "import",
        "learn from mail (mbox, .eml, .msg, .pst, Maildir, Takeout), documents, chats, or folders and archives of them",
    )
    one.add_argument("paths", nargs="*", type=_path, metavar="PATH", help="files or folders; - reads a text of yours")
    one.add_argument("--find", action="store_true", help="list the sent mail of the mail programs on this computer")
    one.add_argument(
        "--me",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="an address of yours, or your name in chats; may be repeated",
    )
    one.add_argument("--preview", action="store_true", help="show what would be kept and cut, and store nothing")
    without = one.add_argument_group("what to leave out (each may be repeated)")
    without.add_argument("--not-folder", action="append", default=[], metavar="NAME", help="a folder or mailbox file")
    without.add_argument(
        "--not-person", action="append", default=[], metavar="WHO", help="a recipient: address, @domain or name"
    )
    without.add_argument(
        "--not-matching", action="append", default=[], metavar="PATTERN", help="a regular expression over the text"
    )
    without.add_argument("--since", type=_day, metavar="DATE", help="leave out what is older, such as 2020-01-31")
    without.add_argument("--until", type=_day, metavar="DATE", help="leave out what is newer")
    one = command("sources", "list what was imported")
    one.add_argument("--remove", type=int, metavar="ID", help="remove a source with all that was learned from its text")
    one.add_argument("--watch", type=int, metavar="ID", help="take in what changes there while the window is open")
    one.add_argument("--unwatch", type=int, metavar="ID", help="watch it no longer")
    one = command("search", "find what you wrote, by words or by meaning")
    one.add_argument("query")
    one.add_argument("--limit", type=_limit, default=10, metavar="N", help=f"1 to {MOST_HITS} (default: 10)")
    one = command("draft", "write an e-mail from notes")
    one.add_argument("notes", nargs="?", help="the notes, one per line, or a file of them (default: standard input)")
    one.add_argument("--to", action="append", default=[], metavar="RECIPIENT", help="'Dana Li <dana@example.org>'")
    one.add_argument("--subject", default="")
    one.add_argument("--reply-to", type=_path, metavar="FILE", help="the message it answers (.eml or text)")
    _suggestion_options(one)
    one = command(
        "rewrite", "rework a text: " + ", ".join(_text_actions()) + ", an action of yours, or any instruction"
    )
    one.add_argument("instruction", help="an action's name, or what to do in your own words")
    one.add_argument("text", nargs="?", help="the text, or a file of it (default: standard input)")
    _suggestion_options(one)
    one = command("complete", "what would stand as ghost text after a text")
    one.add_argument("text", nargs="?", help="the text before the caret (default: standard input)")
    one.add_argument("--suffix", default="", help="the text after the caret")
    one.add_argument("--subject", default="")
    one.add_argument("--to", action="append", default=[], metavar="RECIPIENT")
    one = command("profile", "how you write, as measured")
    one.add_argument("--audience", default="", metavar="NAME", help="a group you named (default: everyone)")
    one = command("preferences", "what was learned from your changes, and what you said")
    one.add_argument("--add", metavar="RULE", help="say a rule, such as: no exclamation marks")
    one.add_argument("--all", action="store_true", help="list what was noticed too seldom to be a rule as well")
    one.add_argument(
        "--audience", default="", metavar="NAME", help="--add, --move: whom it holds for (default: everyone)"
    )
    one.add_argument("--move", metavar="ID", help="let a rule hold for the audience that --audience names")
    one.add_argument("--on", metavar="ID", help="switch a rule on")
    one.add_argument("--off", metavar="ID", help="switch a rule off; what it rests on stays")
    one.add_argument("--delete", metavar="ID", help="remove a rule")
    one.add_argument("--forget", action="store_true", help="forget everything learned")
    one = command("actions", "actions of your own: a name for an instruction ('ownhand rewrite NAME' carries it out)")
    one.add_argument("--add", nargs=2, metavar=("NAME", "INSTRUCTION"), help="make or change one")
    one.add_argument("--whole", action="store_true", help="--add: always for the whole draft, whatever is selected")
    one.add_argument("--remove", metavar="NAME", help="delete one")
    one.add_argument(
        "--phrase",
        nargs=2,
        action="append",
        type=_path,
        metavar=("BEFORE", "AFTER"),
        help="word an instruction from examples, each a file before and one after; give two or three",
    )
    one = command("snippets", "texts under a name, put into a draft with {name}, {date} and other places filled")
    one.add_argument("--add", nargs=2, metavar=("NAME", "FILE"), help="save or change one; - reads standard input")
    one.add_argument("--remove", metavar="NAME", help="delete one")
    one = command("stats", "how it is going: keystrokes saved, suggestions kept and changed, what was learned when")
    one.add_argument("--csv", action="store_true", help="each day as comma-separated values")
    one = command("train", "train an adapter on your own writing (minutes); it goes on where it was stopped")
    one.add_argument("--audience", default="", metavar="NAME", help="a group you named (default: everyone)")
    one.add_argument("--status", action="store_true", help="only say what was trained, and what it gained")
    one.add_argument("--remove", action="store_true", help="delete what was trained")
    one.add_argument(
        "--vector", action="store_true", help="try a style vector, too (a minute more; it mostly gains nothing)"
    )
    one = command("models", "list the models; add, download, choose or remove one")
    one.add_argument("--add", type=_path, metavar="FILE", help="copy a .gguf into Ownhand's folder, after trying it")
    one.add_argument(
        "--use", metavar="NAME", help="a listed model's name or a path; 'built-in' for the one that came along"
    )
    one.add_argument(
        "--role", choices=["completion", "suggestion", "both"], default="both", help="what to --use it for"
    )
    one.add_argument("--remove", metavar="NAME", help="delete a model's file from Ownhand's folder")
    one.add_argument("--catalog", action="store_true", help="list the models that can be downloaded")
    one.add_argument("--recommend", action="store_true", help="say which of them suits this computer")
    one.add_argument(
        "--download", metavar="NAME", help="fetch one of the catalog, or go on with it; asks before it connects"
    )
    one.add_argument("--yes", action="store_true", help="agree to the host, the size and the licence of --download")
    one.add_argument("--connections", action="store_true", help="list every connection that was made")
    one = command("export", "write everything as a zip of Markdown and JSON (not encrypted)")
    one.add_argument("file", type=_path)
    asked = f"its passphrase is asked for, or taken from {BACKUP_PASSPHRASE}"
    one = command("backup", f"write everything into one encrypted file; {asked}")
    one.add_argument("file", type=_path)
    one = command("restore", f"add what a backup ({asked}) or an export holds; what is here already stays")
    one.add_argument("file", type=_path)
    one = command("forget", "remove what was written to one person, or one document, with all that was learned from it")
    one.add_argument("--person", metavar="ADDRESS", help="all documents, drafts and edits to them")
    one.add_argument("--document", metavar="ID", help="one document ('ownhand search --json' shows their ids)")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one = command("key", "say who holds the key of the vault, or hand it over; nothing is encrypted anew")
    one.add_argument(
        "--to",
        choices=KEY_CHOICES,
        help=f"the new holder, or a new passphrase; it is asked for, or taken from {NEW_PASSPHRASE}",
    )
    command("lock", "lock the window that has the vault open: the key and the text leave memory")
    one = command("erase", "destroy the key and remove everything Ownhand stored")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one = command("doctor", "check that every part works on this machine, and that the vault's file is sound")
    one.add_argument(
        "--salvage", action="store_true", help="put what can be read of a damaged vault into a new one; the old is kept"
    )
    one = command("bench", "measure this machine (typing, writing, import, search) or the personal model")
    one.formatter_class = argparse.RawDescriptionHelpFormatter
    one.description = (
        "personal: what the personal model is worth on writing it has not seen. DIR holds ID.history.jsonl and\n"
        "ID.test.jsonl for each author, one JSON message per line: body, and where known id, date, kind (email),\n"
        "subject, to, reply_to (text, from_name). Printed are, for the plain model, all layers and all but each: bits\n"
        "per byte, keystrokes saved, exact matches, precision, coverage and latency; whose style drafts have; and\n"
        "what simulated people must correct. Every figure comes with its 95 % bootstrap interval."
    )
    one.add_argument(
        "what", nargs="?", choices=["engine", "import", "search", "retrieval", "personal"], default="engine"
    )
    one.add_argument("--larger", action="store_true", help="engine: also models of 360M and 1.5B that it makes (slow)")
    one.add_argument(
        "--author", "--authors", dest="authors", type=_path, metavar="DIR", help="folder of authors' messages"
    )
    one.add_argument(
        "--user", action="append", default=[], metavar="ID", help="personal, retrieval: only this author; repeatable"
    )
    one.add_argument("--messages", type=int, default=3, metavar="N", help="held-out messages per author (3)")
    one.add_argument("--adapter", action="store_true", help="personal: train one per author first (minutes each)")
    one.add_argument("--rounds", type=int, default=20, metavar="N", help="personal: drafts that are edited (20)")
    one.add_argument("--documents", type=int, default=10_000, metavar="N", help="search: size of the history (10000)")
    command("batch", "answer JSON lines on standard input, one each, in order")
    return top


def _suggestion_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--variants", type=int, default=1, choices=[1, 2, 3])
    one.add_argument("--why", action="store_true", help="show what shaped it")
    one.add_argument("--plain", action="store_true", help="without your personal model")


def _text_actions() -> list[str]:
    return [a.id for a in actions.ACTIONS if a.id not in {"draft", "reply", "custom"}]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2020-01-31") from None


def _path(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty path names nothing")
    return Path(text).expanduser()


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_HITS:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {MOST_HITS}")
    return int(text)


def main(argv: Sequence[str]) -> int:
    """Run one command; the exit status is 0 (done), 1 (failed, said on stderr) or 2 (wrong usage)."""
    _prepare_streams()
    debug = "--debug" in argv
    try:
        with _signals():
            try:
                known = parser()
                arguments = known.parse_args([_without_surrogates(part) for part in argv])
                if arguments.command == "import" and not (arguments.paths or arguments.find):
                    known.error("say what to import: files, folders, or - for a text from standard input (or --find)")
                status = _run(arguments)
            except SystemExit as end:  # argparse, which has printed the help or what is wrong
                status = int(end.code or 0)
            sys.stdout.flush()
            return status
    except BrokenPipeError:
        _give_up_stdout()
        return 1
    except Cancelled:
        return 1
    except KeyboardInterrupt as stopped:
        _say(str(stopped) or "Stopped.")
        return 1
    except OwnhandError as error:
        if debug:
            raise
        _say(str(error))
        return 1
    except OSError as error:
        if debug:
            raise
        _log.exception("a command failed")
        _say(_of_the_system(error))
        return 1
    except Exception as error:  # the edge of the program: a bug is said in a sentence, and its place is in the log
        if debug:
            raise
        _log.exception("a command failed")
        _say(
            f"Ownhand made a mistake of its own ({type(error).__name__}); what is stored is safe. "
            "Run the same again with --debug to see where, and report it."
        )
        return 1


def _run(arguments: Arguments) -> int:
    logs.start(paths.log_dir(), debug=arguments.debug)
    # WHY here: --help, --version and wrong usage answer without the rest of the program
    if arguments.command == "batch":
        from ownhand.cli import batch

        return batch.run(arguments.vault)
    from ownhand.cli import commands

    return commands.run(arguments)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Ctrl+C and a request to end stop the work at once and in order; a second one ends the process there and then.

    Stopping hard is safe at any time: workers end with their input, and the vault survives it.
    """

    def stop(_number: int, _frame: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os._exit(1))
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    yield


def _prepare_streams() -> None:
    """A terminal that lacks a character gets '?' for it; a stream that was closed takes or gives nothing."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115 (lives as long as the process)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        setattr(sys, name, stream)
        stream.reconfigure(errors="replace")


def _give_up_stdout() -> None:
    """Whoever read the output has gone; nothing may be written at the end of the process either."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _without_surrogates(argument: str) -> str:
    """Bytes that are no text stay in a path, where they name a file, and become '?' in anything else."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        if not os.path.lexists(argument):
            return argument.encode("utf-8", "replace").decode()
    return argument


def _of_the_system(error: OSError) -> str:
    what = error.strerror or "The system refused a file operation"
    if error.filename is None:
        _give_up_stdout()
        return f"Something could not be written: {what}. Free some room, or write elsewhere, and try again."
    return f"{error.filename}: {what}. Check the path, its permissions and the room on the disk."


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)
