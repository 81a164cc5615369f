"""The connection log in the vault: every connection Ownhand's downloader opened, when, to whom, and how much came."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from ownhand.adapters import rows
from ownhand.adapters.store_file import VaultFile
from ownhand.domain.download import Connection, Outcome


class ConnectionLog:
    """Part of SqlVault; see ports.Vault for what each method promises."""

    _file: VaultFile

    def open_connection(self, connection: Connection) -> int:
        """Note a connection that is being opened; the number to end it by."""
        with self._file.write() as db:
            return int(
                db.execute(
                    "INSERT INTO connection(at, host, purpose, bytes, outcome) VALUES(?, ?, ?, ?, ?)",
                    (
                        rows.time_out(connection.at),
                        rows.clean(connection.host),
                        rows.clean(connection.purpose),
                        connection.bytes,
                        connection.outcome,
                    ),
                ).lastrowid
            )

    def end_connection(self, number: int, received: int, outcome: Outcome) -> None:
        """Note how it ended and how many bytes of content came."""
        with self._file.write() as db:
            db.execute("UPDATE connection SET bytes = ?, outcome = ? WHERE id = ?", (received, outcome, number))

    def connections(self, limit: int = 500) -> list[Connection]:
        """Newest first."""
        with self._file.read() as db:
            found = db.execute(
                "SELECT at, host, purpose, bytes, outcome FROM connection ORDER BY id DESC LIMIT ?", (limit,)
            ).fetchall()
        return [
            Connection(
                rows.time_in(at) or datetime.fromtimestamp(0, UTC), host, purpose, size, cast("Outcome", outcome)
            )
            for at, host, purpose, size, outcome in found
        ]
