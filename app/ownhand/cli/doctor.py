"""`ownhand doctor`: does every part work on this machine?"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import time
from array import array
from collections.abc import Callable
from operator import mul
from pathlib import Path
from typing import Any

from ownhand import __version__
from ownhand.adapters import salvage as adapter
from ownhand.adapters.fetch_client import walls_stand
from ownhand.adapters.keys import KeyRing, keyring_available
from ownhand.adapters.store import SqlVault
from ownhand.adapters.store_file import FILE_NAME
from ownhand.compose import Workers
from ownhand.domain.inference import Generate, Lane
from ownhand.errors import BadInput, KeyUnavailable, OwnhandError, VaultError, VaultInUse
from ownhand.screen import has_display

Check = Callable[[], str]


Key = Callable[[], bytes | None]
"""The key of the person's vault; None where it cannot be had without asking."""


def salvage(folder: Path, key: Key, show: Callable[[object, Callable[[], str]], None]) -> int:
    """Save what can be read of a damaged vault; 0 if it was done.  Raises VaultError."""
    if not (folder / FILE_NAME).exists():
        raise BadInput(f"There is no vault in {folder}.")
    found = key()
    if found is None:
        raise KeyUnavailable("This vault is protected by a passphrase; set OWNHAND_PASSPHRASE.")
    if adapter.examine(folder, found).sound:
        show({"sound": True}, lambda: "The vault is sound; there is nothing to salvage.")
        return 0
    done = adapter.salvage(folder, found)
    saved = done.saved

    def text() -> str:
        return (
            f"Saved: {saved.documents:,} documents, {saved.drafts:,} drafts, {saved.edits:,} edits and "
            f"{saved.preferences:,} rules. At most {done.unreadable:,} rows stood on damaged pages and are lost. "
            f"The damaged file is kept as {done.kept_as.name}; remove it when you miss nothing."
        )

    show(done, text)
    return 0


def run(folder: Path, key: Key, *, as_json: bool) -> int:
    """Check part by part; 0 if all that is needed works."""
    workers = Workers()
    rows: list[dict[str, Any]] = []

    def check(name: str, test: Check) -> None:
        started = time.perf_counter()
        try:
            said, ok = test(), True
        except OwnhandError as error:
            said, ok = str(error), False
        except OSError as error:
            said, ok = f"{error.strerror}: {error.filename or ''}", False
        rows.append({"part": name, "ok": ok, "says": said, "seconds": round(time.perf_counter() - started, 2)})
        if not as_json:
            print(f"{'ok  ' if ok else 'FAIL'} {name:16s} {said}", flush=True)

    try:
        check("version", lambda: __version__)
        check("vault", _vault)
        check("key", lambda: _key(folder))
        check("your vault", lambda: _examined(folder, key))
        check("disk", lambda: _disk(folder))
        check("engine", lambda: _engine(workers))
        check("recall", lambda: _recall(workers))
        check("walls", lambda: _walls(workers))
        check("download", _download)
        check("window", _window)
    finally:
        workers.close()
    if as_json:
        print(json.dumps(rows, indent=1))
    return 0 if all(row["ok"] for row in rows) else 1


def _vault() -> str:
    with tempfile.TemporaryDirectory() as folder:
        vault = SqlVault.open(Path(folder), b"\x07" * 32, "for this check only")
        try:
            vault.set_setting("check", "works")
            state = vault.state()
        finally:
            vault.close()
        try:
            sqlite3.connect(Path(folder) / "vault.db").execute("select * from sqlite_master")
        except sqlite3.DatabaseError:
            return f"{state.cipher}; the file is unreadable without its key"
    raise OwnhandError("The vault is not encrypted. Reinstall Ownhand; do not import anything.")


def _examined(folder: Path, key: Key) -> str:
    if not (folder / FILE_NAME).exists():
        return "there is none yet"
    try:
        found = key()
        if found is None:
            return "not looked at: set OWNHAND_PASSPHRASE, or run this in a terminal"
        condition = adapter.examine(folder, found)
    except VaultInUse:
        return "not looked at: Ownhand has it open; close it first"
    if condition.sound:
        return f"all {condition.pages:,} pages are sound"
    what = f"{condition.damaged:,} of {condition.pages:,} pages" if condition.damaged else "its structure"
    raise VaultError(
        f"vault.db is damaged ({what}). Put back a backup (ownhand restore), or save what can be read with "
        "'ownhand doctor --salvage'."
    )


def _key(folder: Path) -> str:
    keys = KeyRing(folder)
    if keys.holder() is not None:
        return f"your vault uses the {keys.describe()}"
    if keyring_available():
        return "no vault yet; the system keyring is there for its key"
    return "no vault yet and no system keyring: a passphrase or a key file will be offered"


def _disk(folder: Path) -> str:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < 200 << 20:
        raise OwnhandError(f"Only {free >> 20} MB are free where the vault lies. Free some space first.")
    return f"{free >> 30} GB free where the vault lies"


def _engine(workers: Workers) -> str:
    engine = workers.engines.completion
    started = time.perf_counter()
    stream = engine.generate(Generate(Lane.COMPLETION, text="Thank you for your", max_tokens=8))
    text = "".join(piece.text for piece in stream)
    info = engine.info()
    if not text.strip() or info is None:
        raise OwnhandError("The model answers nothing. Reinstall Ownhand.")
    where = f"{info.gpu_layers} of {info.layers} layers on the GPU" if info.gpu_layers else "on the processor"
    seconds = time.perf_counter() - started
    said = f"{info.name} wrote {stream.usage.new_tokens} tokens {where}, {seconds:.1f} s with its start. {info.note}"
    return said.rstrip(". ")


def _recall(workers: Workers) -> str:
    texts = "Could we move the meeting to Friday?", "Is it possible to meet on Friday instead?", "The cat sleeps there."
    asked, *others = (array("f", vector) for vector in workers.recall.embed(texts))
    near, far = (sum(map(mul, asked, other)) for other in others)
    if near <= far:
        raise OwnhandError("The embedder does not work. Reinstall Ownhand.")
    return f"a paraphrase is nearer ({near:.2f}) than another topic ({far:.2f})"


def _walls(workers: Workers) -> str:
    """Try to get out of both workers, from inside."""
    tried: dict[str, list[str]] = {"refused": [], "open": []}
    for role, probed in (("engine", workers.engines.any().probe()), ("recall", workers.recall.worker.call("probe"))):
        for way, refusal in probed["tried"].items():
            tried["refused" if refusal else "open"].append(f"{role}: {way}")
    protections = workers.protections()
    says = " ".join(dict.fromkeys(walls["detail"] for walls in protections))
    if tried["open"] and any(walls["kernel_filter"] for walls in protections):
        raise OwnhandError(f"A worker could reach out ({', '.join(tried['open'])}). Please report this.")
    if tried["open"]:
        return f"{says} From native code these ways are open here: {', '.join(tried['open'])}"
    return f"{says} {len(tried['refused'])} ways out were tried from inside, all were refused"


def _download() -> str:
    if walls_stand():
        return "connects only when you ask for a model; the kernel shows it no file but its own"
    return "connects only when you ask for a model; this system has no wall between it and your files"


def _window() -> str:
    return "a display is there" if has_display() else "no display: the commands work, the window does not"
