"""`ownhand`: the window, a command, or (for itself only) a worker or a download.  Imports nothing heavy before the role
is known.
"""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Decide the role by the first argument."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["--worker"] and len(arguments) == 2:
        from ownhand.adapters.worker import serve

        return serve.main(arguments[1])
    if arguments == ["--fetch"]:
        from ownhand.adapters import fetch

        return fetch.main()
    if arguments and arguments[0] not in ("--show", "--locked"):
        from ownhand.cli.main import main as command

        return command(arguments)
    from ownhand.screen import has_display

    if not has_display():
        print(
            "There is no display here, so the window cannot open. "
            "The same works without it: ownhand import, draft, rewrite, complete, search (see ownhand --help).",
            file=sys.stderr,
        )
        return 1
    from ownhand.desktop import main as window

    return window(arguments)


if __name__ == "__main__":
    sys.exit(main())
