"""What the window and its workers say to each other: one JSON object per line, both ways.

To the worker
    {"id": 7, "op": "generate", "args": {...}, "replaces": "completion"}     a request; `replaces` may be absent
    {"cancel": 7}                                                            stop that request
    {"ping": 1}                                                              say whether you live
From the worker
    {"ready": "engine", "pid": 1, "protection": {...}}                       once, when it can take requests
    {"id": 7, "item": ...}                                                   one item of a stream
    {"id": 7, "alive": true}                                                 still at work on it
    {"pong": 1}                                                              to a ping, also amid native work
    {"id": 7, "result": ...}                                                 the end of a request
    {"id": 7, "error": {"kind": "ModelError", "text": "..."}}                its end by failure

Bytes travel as {"$b": base64}.  Lines are pure ASCII, so no character of the person's text can break a line.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from ownhand import errors

FAULT: Final = "Fault"
"""Kind of an error that is a bug in the worker: its text names the place, never the words it happened on."""

_BYTES: Final = "$b"


class ProtocolError(ValueError):
    """A line that is no message."""


def encode(message: Mapping[str, Any]) -> bytes:
    """One message as one line, newline included.  Raises TypeError for values that JSON cannot hold."""
    return json.dumps(message, default=_pack, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message in one line.  Raises ProtocolError, without the line's text."""
    try:
        message = json.loads(line, object_hook=_unpack)
    except (ValueError, RecursionError):
        raise ProtocolError("not a message") from None
    if not isinstance(message, dict):
        raise ProtocolError("not a message")
    return message


def error_to_wire(error: BaseException) -> dict[str, str]:
    """An exception as kind and text.  Only errors made for people keep their text."""
    if isinstance(error, errors.OwnhandError):
        return {"kind": type(error).__name__, "text": str(error)}
    return {"kind": FAULT, "text": place_of(error)}


def error_from_wire(wire: Mapping[str, str], role: str) -> errors.OwnhandError:
    """The exception to raise in the window for an error that a worker of this role reported."""
    kind, text = wire.get("kind", FAULT), wire.get("text", "")
    found = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, errors.OwnhandError):
        return found(text)
    return errors.WorkerError(f"The {role} failed at a step of its own ({text}). Try again, and please report it.")


def place_of(error: BaseException) -> str:
    """Type of an exception and the line of ours where it arose; never its message, which may hold private text."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f" in {code.co_name}, {code.co_filename.replace(chr(92), '/').rsplit('/', 1)[-1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return type(error).__name__ + place


def _pack(value: object) -> object:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} cannot be sent to a worker")


def _unpack(value: dict[str, Any]) -> object:
    packed = value.get(_BYTES)
    if len(value) == 1 and isinstance(packed, str):
        try:
            return base64.b64decode(packed, validate=True)
        except binascii.Error:
            raise ProtocolError("not a message") from None
    return value
