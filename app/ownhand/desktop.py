"""Starting the window: the vault is unlocked, the services are built, the desktop takes over."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from ownhand import logs, paths
from ownhand.adapters.keys import KeyRing
from ownhand.compose import App, Options, build
from ownhand.errors import KeyUnavailable, UserError
from ownhand.ui import app as ui
from ownhand.ui.unlock import KeyChoice

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Open the window and stay until it is closed; the exit status.  A second start raises the running one."""
    logs.start(paths.log_dir())
    folder = paths.data_dir()
    if ui.raise_running(folder):
        return 0
    try:
        app = _open(Options(folder, patient=False))
    except UserError as error:
        _log.error("not started: %s", type(error).__name__)
        ui.tell(str(error))
        return 1
    if app is None:
        return 1
    app.start()
    return ui.run(app, arguments)


def _open(options: Options) -> App | None:
    """The application over the unlocked vault; None if the person gave up."""
    try:
        return build(options)
    except KeyUnavailable as error:
        holder = KeyRing(options.folder).holder()
        if holder == "keyfile":
            raise

        def attempt(choice: KeyChoice) -> App:
            return build(replace(options, key=choice.holder, passphrase=choice.passphrase))

        return ui.unlock(attempt, first=holder is None, reason=str(error))
