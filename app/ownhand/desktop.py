"""Starting the window: the vault is unlocked, the services are built, the desktop takes over.

Locking is giving way to a fresh process: text in a running Python cannot be wiped with certainty (strings are copied
and moved at will), but a process that never had it holds nothing.  Everything is saved, the workers end, the vault is
closed, and this process replaces itself by one that asks for the key.

What that does not cover: what the system itself has kept, such as pages of memory that it swapped out or a clipboard
that another program holds.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NoReturn

from ownhand import logs, paths
from ownhand.adapters.keys import KeyRing
from ownhand.compose import App, Options, build
from ownhand.errors import KeyUnavailable, UserError
from ownhand.ui import app as ui
from ownhand.ui.unlock import KeyChoice

LOCKED = "--locked"
"""Argument of a process that begins locked."""

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Open the window and stay until it is closed; the exit status.  A second start raises the running one."""
    logs.start(paths.log_dir())
    folder = paths.data_dir()
    if ui.raise_running(folder):
        return 0
    options = Options(folder, patient=False)
    try:
        app = _unlock(options) if LOCKED in arguments else _open(options)
    except UserError as error:
        _log.error("not started: %s", type(error).__name__)
        ui.tell(str(error))
        return 1
    if app is None:
        return 1
    app.start()
    status = ui.run(app, [part for part in arguments if part != LOCKED])
    if status == ui.LOCKED:
        _give_way()
    return status


def _give_way() -> NoReturn:
    """Replace this process by one that begins locked and has never seen the key or the text."""
    for name in [name for name in os.environ if name.startswith("OWNHAND_") and name.endswith("PASSPHRASE")]:
        del os.environ[name]
    _log.info("locked")
    logging.shutdown()
    before = [part for part in sys.orig_argv[1:] if part != LOCKED]
    os.execv(sys.executable, [sys.executable, *before, LOCKED])


def _open(options: Options) -> App | None:
    """The application over the unlocked vault; None if the person gave up."""
    try:
        return build(options)
    except KeyUnavailable as error:
        holder = KeyRing(options.folder).holder()
        if holder == "keyfile":
            raise
        return ui.unlock(_attempt(options), first=holder is None, reason=str(error))


def _unlock(options: Options) -> App | None:
    """The application once the person has opened the locked vault; None if they gave up."""
    holder = KeyRing(options.folder).holder()
    reasons = {
        "passphrase": "Ownhand is locked. Enter the passphrase to go on.",
        "keyring": "Ownhand is locked. The system keyring holds the key and gives it while you are logged in.",
        "keyfile": "Ownhand is locked. The key lies in a file beside the vault.",
    }
    return ui.unlock(
        _attempt(options),
        first=False,
        reason=reasons.get(holder or "", ""),
        locked=options.folder,
        passphrase=holder == "passphrase",
    )


def _attempt(options: Options) -> Callable[[KeyChoice], App]:
    def attempt(choice: KeyChoice) -> App:
        return build(replace(options, key=choice.holder, passphrase=choice.passphrase))

    return attempt
