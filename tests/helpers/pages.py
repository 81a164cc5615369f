"""A vault's pages in clear, decrypted without SQLite, so that free pages and slack are seen, too.

SQLCipher 4 with a raw key: pages of 4096 bytes, AES-256-CBC; the last 80 bytes of each hold the IV (16) and the
HMAC-SHA512 (64); the first 16 bytes of the file are the salt.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE, RESERVED, SALT = 4096, 80, 16
WAL_HEADER, FRAME_HEADER = 32, 24


def decrypted(page: bytes, key: bytes, *, first: bool) -> bytes:
    start = SALT if first else 0
    iv = page[PAGE - RESERVED : PAGE - RESERVED + 16]
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    return decryptor.update(page[start : PAGE - RESERVED]) + decryptor.finalize()


def pages_in_clear(folder: Path, key: bytes) -> Iterator[bytes]:
    """Every page of the file, and of the write-ahead log where there is one."""
    whole = (folder / "vault.db").read_bytes()
    assert whole
    assert len(whole) % PAGE == 0
    for number in range(len(whole) // PAGE):
        yield decrypted(whole[number * PAGE : (number + 1) * PAGE], key, first=number == 0)
    log = folder / "vault.db-wal"
    frames = log.read_bytes()[WAL_HEADER:] if log.exists() else b""
    for start in range(0, len(frames) - FRAME_HEADER - PAGE + 1, FRAME_HEADER + PAGE):
        body = frames[start + FRAME_HEADER : start + FRAME_HEADER + PAGE]
        number = int.from_bytes(frames[start : start + 4], "big")
        yield decrypted(body, key, first=number == 1)


def holds(folder: Path, key: bytes, word: str) -> bool:
    """Whether any page holds this ASCII word, in whatever case."""
    return any(word.lower().encode() in page.lower() for page in pages_in_clear(folder, key))
