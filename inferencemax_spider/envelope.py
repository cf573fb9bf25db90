"""The raw file: a response's body byte for byte, in an envelope that says what it is.

    {"metadata": {…},
    "data": <the body>}

``metadata.data_encoding`` tells how the body stands there: ``json`` is the body itself, untouched; a body that is not
JSON is a JSON string, ``text`` as it reads or ``base64``. The file is valid JSON in every case.

Of an older version it may be compressed: ``<name>.gz``, whose content is that file. It is read under its own name.
"""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any, Literal

from pydantic_core import from_json

Encoding = Literal["json", "text", "base64"]

_SEPARATOR = b',\n"data": '
_END = b"}\n"
_NOT_IN_JSON = (b"NaN", b"Infinity")

GZIP = ".gz"
LARGEST = 1_000_000_000
"""Bytes beyond which a compressed file is not expanded; the largest raw file known has 21 million."""
_GZIP_FORMAT = zlib.MAX_WBITS | 16


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
    whole = content(path)
    place = whole.find(_SEPARATOR)
    if place < 0 or not whole.endswith(_END):
        raise ValueError(f"{path.name} is not a raw file of this project, or was cut off")
    metadata = json.loads(whole[:place] + b"}")["metadata"]
    data = whole[place + len(_SEPARATOR) : -len(_END)]
    match metadata["data_encoding"]:
        case "json":
            return metadata, data
        case "text":
            return metadata, json.loads(data).encode()
        case _:
            return metadata, base64.b64decode(json.loads(data))


def names(folder: Path) -> list[str]:
    """Return the names of the raw files in *folder*, compressed or not, as they are read."""
    found = (path.name for pattern in ("*.json", f"*.json{GZIP}") for path in folder.glob(pattern))
    return sorted({name.removesuffix(GZIP) for name in found})


def compressed(path: Path) -> Path:
    """Return where the raw file at *path* stands when it is compressed."""
    return path.with_name(f"{path.name}{GZIP}")


def content(path: Path) -> bytes:
    """Return the bytes of the raw file at *path*, whether it stands there as it is or compressed.

    Raises:
        OSError: the file could not be read.
        ValueError: the compressed file is damaged, or expands to more than ``LARGEST``.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if not compressed(path).exists():
            raise
    return expanded(compressed(path))


def expanded(path: Path) -> bytes:
    """Return the content of the compressed file at *path*.

    Raises:
        OSError: the file could not be read.
        ValueError: it is damaged, or expands to more than ``LARGEST``.
    """
    stream = zlib.decompressobj(_GZIP_FORMAT)
    try:
        whole = stream.decompress(path.read_bytes(), LARGEST)
    except zlib.error as error:
        raise ValueError(f"{path.name} is damaged: {error}") from error
    if len(whole) == LARGEST:
        raise ValueError(f"{path.name} expands to {LARGEST} bytes or more")
    if not stream.eof or stream.unused_data:
        raise ValueError(f"{path.name} is damaged: it was cut off, or something stands behind its end")
    return whole
