"""The merged CSV: each run of a benchmark once, with its end-to-end latency and its interactivity side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from inferencemax_spider.exporters.base import RecordsExporter
from inferencemax_spider.exporters.csv_text import csv_rows, write_header
from inferencemax_spider.records import AXES, LEADING, Layout

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from inferencemax_spider.items import EndpointCapture

KEYS = ["model_name", "sequence_length", "conc", "hwKey", "precision", "tp"]
MATCH = [*KEYS, "occurrence"]
"""What is joined on. The occurrence (0 for the first row of a key, 1 for the next …) keeps the join one to one even
where the site repeats an identity: the rows stay, and the repetition is reported by the validation."""
SIDES = {"e2e": "e2e", "interactivity": "inter"}


class MergedCsvExporter(RecordsExporter):
    """Write the outer join of the e2e and the interactivity records.

    Rows come in plan order: those of the e2e responses, then the interactivity rows that no e2e row matches. The
    ``*_roof`` columns are those of the e2e curve, so a row without one has none; ``*_y`` come from either.

    Stats: ``merge/rows``, ``merge/matched``; ``merge/only_e2e/<model> <sequence>`` and
    ``merge/only_interactivity/<model> <sequence>`` count the rows that no row of the other side matches.
    """

    def __init__(self, file: IO[bytes], crawler: Crawler, **options: Any) -> None:
        super().__init__(file, crawler, **options)
        self.groups: dict[str, list[int]] = {}

    @classmethod
    def names(cls, layout: Layout) -> Sequence[str]:
        """Return the columns that there are to choose from."""
        sides = (f"{side}_{axis}" for side in SIDES.values() for axis in AXES)
        return (*LEADING, *sides, *layout.further)

    def export_item(self, item: EndpointCapture) -> None:
        """Keep the records of *item* with those they are joined to."""
        super().export_item(item)
        if len(item.records):
            self.groups.setdefault(item.endpoint.group, []).append(item.endpoint.index)

    def write(self) -> None:
        """Join group by group, in plan order, and write the rows."""
        self.crawler.stats.set_value("merge/rows", 0)
        self.crawler.stats.set_value("merge/matched", 0)
        write_header(self.file, list(self.columns.values()))
        self.file.writelines(csv_rows(self._joined_groups()))

    def _joined_groups(self) -> Iterator[pa.Table]:
        """Yield the joined rows of each group, in plan order."""
        for group, indexes in sorted(self.groups.items(), key=lambda entry: min(entry[1])):
            table = pa.concat_tables(self.spool.tables(indexes))
            e2e, inter = (self.layout.curve(table, data_type) for data_type in SIDES)
            yield self.selected(self._paired(e2e, inter) if self.layout.paired else self._joined(group, e2e, inter))

    def _paired(self, e2e: pa.Table, inter: pa.Table) -> pa.Table:
        """Return the rows of both sides, which are the two halves of the same records: there is nothing to look for."""
        self.crawler.stats.inc_value("merge/rows", e2e.num_rows)
        self.crawler.stats.inc_value("merge/matched", e2e.num_rows)
        return _side_by_side(e2e, inter)

    def _joined(self, group: str, e2e: pa.Table, inter: pa.Table) -> pa.Table:
        """Return the joined rows of both sides of one *group*."""
        places = _places(e2e).merge(
            _places(inter), on=MATCH, how="outer", suffixes=("_e2e", "_inter"), validate="one_to_one"
        )
        places = places.sort_values(["place_e2e", "place_inter"], na_position="last")
        self._count(group, places["place_e2e"].notna(), places["place_inter"].notna())
        return _side_by_side(e2e.take(_indices(places["place_e2e"])), inter.take(_indices(places["place_inter"])))

    def _count(self, group: str, e2e: pd.Series[bool], inter: pd.Series[bool]) -> None:
        stats = self.crawler.stats
        stats.inc_value("merge/rows", len(e2e))
        stats.inc_value("merge/matched", int((e2e & inter).sum()))
        stats.inc_value(f"merge/only_e2e/{group}", int((e2e & ~inter).sum()))
        stats.inc_value(f"merge/only_interactivity/{group}", int((inter & ~e2e).sum()))


def _places(table: pa.Table) -> pd.DataFrame:
    """Return the keys of the rows of *table*, each with its occurrence and its place in the table."""
    frame: pd.DataFrame = table.select(KEYS).to_pandas()
    occurrence = frame.groupby(KEYS, sort=False, dropna=False).cumcount()
    return frame.assign(occurrence=occurrence, place=range(len(frame)))


def _indices(places: pd.Series[Any]) -> pa.Array:
    """Return *places* as indices for ``take``: null, and so an empty row, where there is none."""
    return pa.array(places.astype("Int64"), type=pa.int64())


def _side_by_side(e2e: pa.Table, inter: pa.Table) -> pa.Table:
    """Return the rows of both tables, which correspond one to one, under the merged file's names."""
    columns = {
        name: e2e[name] if name.endswith("_roof") else pc.coalesce(e2e[name], inter[name])
        for name in e2e.column_names
        if name not in AXES
    }
    for table, side in ((e2e, "e2e"), (inter, "inter")):
        columns |= {f"{side}_{axis}": table[axis] for axis in AXES}
    return pa.table(columns)
