"""Small material for tests of the vault."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

from ownhand.domain.corpus import Document, Kind

KEY = bytes(range(32))
DAY = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)


def a_document(text: str, title: str = "", age: int = 0, **more: object) -> Document:
    return Document(
        id=Document.identify(Kind.EMAIL, text, title),
        kind=Kind.EMAIL,
        text=text,
        title=title,
        written_at=DAY - timedelta(days=age),
        **more,  # type: ignore[arg-type]
    )


def a_vector(value: float) -> bytes:
    return struct.pack("<384f", *[value] * 384)
