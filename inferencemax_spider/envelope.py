"""The raw file: a response's body byte for byte, in an envelope that says what it is.

    {"metadata": {…},
    "data": <the body>}

``metadata.data_encoding`` tells how the body stands there: ``json`` is the body itself, untouched; a body that is not
JSON is a JSON string, ``text`` as it reads or ``base64``. The file is valid JSON in every case.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Literal

from pydantic_core import from_json

Encoding = Literal["json", "text", "base64"]

_SEPARATOR = b',\n"data": '
_END = b"}\n"
_NOT_IN_JSON = (b"NaN", b"Infinity")


def encoding_of(body: bytes, *, known_json: bool) -> Encoding:
    """Return how *body* can stand in the envelope; ``known_json`` spares the reading of one that was already read."""
    if known_json and not any(constant in body for constant in _NOT_IN_JSON):
        return "json"
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError:
        pass
    else:
        return "json"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "base64"
    return "text"


def write(path: Path, metadata: dict[str, Any], body: bytes, encoding: Encoding) -> None:
    """Write *body* with its *metadata* to *path*.

    Raises:
        OSError: the file could not be written.
    """
    head = json.dumps({"metadata": metadata | {"data_encoding": encoding}}, ensure_ascii=False, indent=1)
    with path.open("wb") as file:
        file.write(head.removesuffix("\n}").encode())
        file.write(_SEPARATOR)
        file.write(_encoded(body, encoding))
        file.write(_END)


def metadata_of(path: Path) -> dict[str, Any] | None:
    """Return the metadata of the raw file at *path*, or ``None`` when there is none that can be read."""
    try:
        return read(path)[0]
    except (OSError, ValueError, KeyError):
        return None


def _encoded(body: bytes, encoding: Encoding) -> bytes:
    if encoding == "json":
        return body
    text = body.decode() if encoding == "text" else base64.b64encode(body).decode()
    return json.dumps(text, ensure_ascii=False).encode()


def read(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the metadata and the body, byte for byte, of the raw file at *path*.

    Raises:
        OSError: the file could not be read.
        ValueError: it is no raw file.
    """
    content = path.read_bytes()
    place = content.find(_SEPARATOR)
    if place < 0 or not content.endswith(_END):
        raise ValueError(f"{path.name} is not a raw file of this project, or was cut off")
    metadata = json.loads(content[:place] + b"}")["metadata"]
    data = content[place + len(_SEPARATOR) : -len(_END)]
    match metadata["data_encoding"]:
        case "json":
            return metadata, data
        case "text":
            return metadata, json.loads(data).encode()
        case _:
            return metadata, base64.b64decode(json.loads(data))
