"""The static JSON generation of 2025: flat records of eleven fields, in an array or in a ``{"data": […]}`` envelope.

Source: ``/data/inference-performance/{model}-{sequence}-{data type}.json`` of the published site.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from operator import itemgetter
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from inferencemax_spider.hardware import HWKEY_PATTERN
from inferencemax_spider.items import Endpoint, Parsed, Rejection
from inferencemax_spider.parsers.bulk import as_json, validated
from inferencemax_spider.records import AXES, LEADING, Layout, Records, field

LARGEST_COUNT = 2**53
"""Above this a JSON number is no longer exact in JavaScript, where the site's numbers come from."""

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PositiveInt = Annotated[int, Field(gt=0, le=LARGEST_COUNT)]
AS_SERVED = with_config(ConfigDict(strict=True, extra="allow"))


@AS_SERVED
class Curve(TypedDict):
    """A metric as one curve shows it: the value, and whether the point is on the curve's Pareto front."""

    y: Annotated[float, Field(allow_inf_nan=False)]
    roof: bool


@AS_SERVED
class Row(TypedDict):
    """A record as the site serves it. Unknown fields stay in it."""

    x: PositiveFloat
    y: PositiveFloat
    conc: PositiveInt
    tp: PositiveInt
    hwKey: Annotated[str, Field(pattern=HWKEY_PATTERN)]
    precision: Annotated[str, Field(min_length=1)]
    tpPerGpu: Curve
    tpPerMw: Curve
    costh: Curve
    costn: Curve
    costr: Curve


CURVES = ("tpPerGpu", "tpPerMw", "costh", "costn", "costr")
ROW_FIELDS = frozenset(Row.__annotations__)
CURVE_FIELDS = frozenset(Curve.__annotations__)
SOURCE = "static-json"
LAYOUT = Layout(
    columns=("source", *LEADING[:2], "data_type", *LEADING[2:], *AXES, "extra"),
    identity=("model_name", "sequence_length", "data_type", "conc", "hwKey", "precision", "tp"),
    further=(),
    project=lambda table, data_type: table.filter(pc.equal(table["data_type"], data_type)),
)
_CURVE_TYPE = pa.struct({"y": pa.float64(), "roof": pa.bool_()})
_ROW_TYPE = pa.struct([(name, _CURVE_TYPE if name in CURVES else field(name).type) for name in Row.__annotations__])


def _one_throughput(row: Row) -> Row:
    if row["y"] != row["tpPerGpu"]["y"]:
        raise PydanticCustomError("y_mismatch", "y is not equal to tpPerGpu.y", {"field": "y"})
    return row


ROWS = TypeAdapter(list[Annotated[Row, AfterValidator(_one_throughput)]])


def parse(body: bytes, endpoint: Endpoint) -> Parsed:
    """Read the records of a static JSON *body*.

    Raises:
        BodyError: the body holds no array of records.
    """
    batches: list[pa.RecordBatch] = []
    rejections: list[Rejection] = []
    unknown: Counter[str] = Counter()
    for rows, refused in validated(body, ROWS):
        extras: list[dict[str, Any] | None] = list(map(_extra, rows)) if _undeclared(rows) else [None] * len(rows)
        unknown.update(name for extra in extras if extra for name in _names(extra))
        batches.append(_batch(rows, extras, endpoint))
        rejections += refused
    return Parsed(Records(LAYOUT, pa.Table.from_batches(batches, LAYOUT.schema)), rejections, unknown)


def _undeclared(rows: list[Any]) -> bool:
    """Tell whether any of the *rows* has more than the declared fields, which all have; without a loop in Python."""
    declared = (len(ROW_FIELDS), *(len(CURVE_FIELDS) for _ in CURVES))
    found = (sum(map(len, rows)), *(sum(map(len, map(itemgetter(name), rows))) for name in CURVES))
    return found != tuple(count * len(rows) for count in declared)


def _extra(row: Any) -> dict[str, Any] | None:
    """Return what nobody declared in *row*, nested as it was, or ``None``."""
    extra: dict[str, Any] = {name: value for name, value in row.items() if name not in ROW_FIELDS}
    for name in CURVES:
        if inner := {key: value for key, value in row[name].items() if key not in CURVE_FIELDS}:
            extra[name] = inner
    return extra or None


def _names(extra: dict[str, Any]) -> Iterable[str]:
    """Yield the names of the unknown fields in *extra*, dotted where they are nested."""
    for name, value in extra.items():
        if name in ROW_FIELDS:
            yield from (f"{name}.{key}" for key in value)
        else:
            yield name


def _batch(rows: list[Any], extras: list[dict[str, Any] | None], endpoint: Endpoint) -> pa.RecordBatch:
    """Return *rows* as a batch of the record schema."""
    struct = pa.array(rows, type=_ROW_TYPE)
    served = dict(zip((field.name for field in _ROW_TYPE), struct.flatten(), strict=True))
    for name in CURVES:
        served[f"{name}_y"], served[f"{name}_roof"] = served.pop(name).flatten()
    constants = {
        "source": SOURCE,
        "model_name": endpoint.model,
        "sequence_length": endpoint.sequence,
        "data_type": endpoint.data_type,
    }
    columns = served | {name: pa.repeat(value, len(rows)) for name, value in constants.items()}
    columns["extra"] = pa.array([as_json(extra) for extra in extras], type=pa.string())
    return pa.RecordBatch.from_arrays([columns[name] for name in LAYOUT.columns], schema=LAYOUT.schema)
