"""A crawl in which nothing goes wrong: everything is collected, and every file says what the site served."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from inferencemax_spider.catalog import DATA_TYPES, MODELS, SEQUENCES
from tests.crawl import runs
from tests.crawl.conftest import Crawl, Healthy, Start

CURVES = ("costh", "costn", "costr", "tpPerGpu", "tpPerMw")
KEYS = ["model_name", "sequence_length", "conc", "hwKey", "precision", "tp"]
HEADER = (
    "model_name,sequence_length,conc,costh_roof,costh_y,costn_roof,costn_y,costr_roof,costr_y,hwKey,precision,tp,"
    "tpPerGpu_roof,tpPerGpu_y,tpPerMw_roof,tpPerMw_y"
)
CSVS = {
    "inference_max_e2e.csv": f"{HEADER},x,y",
    "inference_max_interactivity.csv": f"{HEADER},x,y",
    "inference_max_merged.csv": f"{HEADER},e2e_x,e2e_y,inter_x,inter_y",
}
COUNTED = {"int64": ["conc", "tp"], "double": ["x", "y", *(f"{curve}_y" for curve in CURVES)]}


def endpoints() -> Iterator[tuple[str, str, str, str]]:
    """Yield model, sequence, data type and path of every endpoint, in catalogue order."""
    for model in MODELS:
        for sequence in SEQUENCES:
            for data_type in DATA_TYPES:
                path = f"/data/inference-performance/{model.slug}-{sequence.slug}-{data_type}.json"
                yield model.name, sequence.slug.replace("_", "-"), data_type, path


def served(healthy: Healthy, path: str) -> bytes:
    return healthy.site.resource(path, "").body


def hwkeys(healthy: Healthy, path: str) -> Counter[str]:
    return Counter(record["hwKey"] for record in json.loads(served(healthy, path)))


def flat(record: dict[str, Any], model: str, sequence: str) -> dict[str, str]:
    """Return *record* as the cells that it should be in a CSV."""
    cells = {name: record[name] for name in ("conc", "hwKey", "precision", "tp", "x", "y")}
    nested = {f"{curve}_{part}": record[curve][part] for curve in CURVES for part in ("roof", "y")}
    return {"model_name": model, "sequence_length": sequence} | {k: str(v) for k, v in (cells | nested).items()}


def expected_rows(healthy: Healthy, wanted: str) -> pd.DataFrame:
    return pd.DataFrame(
        flat(record, model, sequence)
        for model, sequence, data_type, path in endpoints()
        if data_type == wanted
        for record in json.loads(served(healthy, path))
    )


def test_it_is_complete_and_exits_with_0(healthy: Healthy) -> None:
    assert healthy.run.status == 0
    assert healthy.run.summary["status"] == "complete"
    assert healthy.run.summary["exit_status"] == 0
    assert [check for check in healthy.run.summary["checks"] if check["status"] == "fail"] == []


def test_all_18_endpoints_are_ok_and_the_states_add_up(healthy: Healthy) -> None:
    states = healthy.run.summary["endpoints"]
    assert states == {"planned": 18, "ok": 18, "empty": 0, "invalid": 0, "failed": 0, "not_attempted": 0}


def test_each_endpoint_is_asked_for_once_and_after_robots_txt(healthy: Healthy) -> None:
    asked = [request.path for request in healthy.site.requests]
    assert asked[0] == "/robots.txt"
    assert sorted(asked[1:]) == sorted(path for *_, path in endpoints())


def test_the_requests_carry_an_honest_user_agent(healthy: Healthy) -> None:
    agents = {request.headers["user-agent"] for request in healthy.site.requests}
    assert len(agents) == 1
    assert agents.pop().startswith("inferencemax-spider/")


def test_all_promised_files_are_there_and_no_others(healthy: Healthy) -> None:
    raw = {f"raw/{path.rpartition('/')[2]}" for *_, path in endpoints()}
    assert set(runs.snapshot(healthy.run.place)) == {"summary.json", "report.html", "benchmarks.parquet", *CSVS, *raw}


def test_latest_leads_to_the_version_by_a_relative_link(healthy: Healthy) -> None:
    link = healthy.output / "inferencemax" / "latest"
    assert str(link.readlink()) == healthy.run.place.name == healthy.run.summary["version"]


def test_the_summary_gives_size_and_sha256_of_every_file(healthy: Healthy) -> None:
    files = runs.snapshot(healthy.run.place)
    del files["summary.json"]
    assert healthy.run.summary["files"] == {
        name: {"bytes": len(body), "sha256": sha256(body).hexdigest()} for name, body in files.items()
    }


def test_raw_bodies_are_byte_for_byte_what_the_site_served(healthy: Healthy) -> None:
    for *_, path in endpoints():
        assert healthy.run.raw(path.rpartition("/")[2])[1] == served(healthy, path)


def test_raw_metadata_describes_the_body(healthy: Healthy) -> None:
    for model, sequence, data_type, path in endpoints():
        metadata, body = healthy.run.raw(path.rpartition("/")[2])
        assert (
            metadata.items()
            >= {
                "model": model,
                "sequence": sequence,
                "data_type": data_type,
                "url": healthy.site.url(path),
                "http_status": 200,
                "content_type": "application/json",
                "bytes": len(body),
                "sha256": sha256(body).hexdigest(),
                "record_count": len(json.loads(body)),
                "rejected_count": 0,
                "b200_trt_count": hwkeys(healthy, path)["b200_trt"],
            }.items()
        )
        assert metadata["hwkeys"] == hwkeys(healthy, path)
        assert pd.Timestamp(metadata["fetched_at"]).tz_convert("UTC") <= pd.Timestamp.now("UTC")


def test_hwkeys_are_counted_as_by_hand_per_endpoint_model_and_run(healthy: Healthy) -> None:
    total: Counter[str] = Counter()
    models: dict[str, Counter[str]] = {}
    for (model, *_, path), details in zip(endpoints(), healthy.run.endpoints, strict=True):
        counted = hwkeys(healthy, path)
        assert details["hwkeys"] == counted
        total += counted
        models[model] = models.get(model, Counter()) + counted
    assert healthy.run.summary["hwkeys"] == {"run": total, "models": models}
    assert healthy.run.summary["records"] == total.total()


def test_b200_trt_is_counted_by_name(healthy: Healthy) -> None:
    count = sum(hwkeys(healthy, path)["b200_trt"] for *_, path in endpoints())
    assert healthy.run.summary["b200_trt_count"] == count > 0
    assert f"{count} of b200_trt" in healthy.run.stdout


def test_csv_headers_are_those_of_the_published_files(healthy: Healthy) -> None:
    for name, header in CSVS.items():
        assert healthy.run.read(name).partition(b"\n")[0].decode() == header


def test_csv_rows_come_in_catalogue_then_response_order_cell_by_cell(healthy: Healthy) -> None:
    for data_type in DATA_TYPES:
        written = healthy.run.cells(f"inference_max_{data_type}.csv")
        expected = expected_rows(healthy, data_type)[list(written.columns)]
        pd.testing.assert_frame_equal(written, expected, check_dtype=False)


def test_the_merged_csv_is_the_outer_join_of_the_other_two(healthy: Healthy) -> None:
    e2e, interactivity = (healthy.run.cells(f"inference_max_{data_type}.csv") for data_type in DATA_TYPES)
    joined = e2e.merge(interactivity, on=KEYS, how="outer", suffixes=("", "_inter"), validate="one_to_one")
    joined = joined.assign(e2e_x=joined["x"], e2e_y=joined["y"], inter_x=joined["x_inter"], inter_y=joined["y_inter"])
    merged = healthy.run.cells("inference_max_merged.csv")
    assert set(map(tuple, merged.to_numpy())) == set(map(tuple, joined[list(merged.columns)].to_numpy()))
    assert len(merged) == len(joined)
    assert healthy.run.summary["merged"] == {
        "rows": len(joined),
        "matched": len(joined),
        "only_e2e": 0,
        "only_interactivity": 0,
        "unmatched": {"e2e": {}, "interactivity": {}},
    }


def test_merged_rows_come_in_the_order_of_the_e2e_rows(healthy: Healthy) -> None:
    merged, e2e = (healthy.run.cells(f"inference_max_{name}.csv")[KEYS] for name in ("merged", "e2e"))
    pd.testing.assert_frame_equal(merged, e2e)


def test_parquet_columns_are_typed(healthy: Healthy) -> None:
    schema = pq.read_schema(healthy.run.place / "benchmarks.parquet")
    for kind, names in COUNTED.items():
        assert {str(schema.field(name).type) for name in names} == {kind}
    assert all(schema.field(f"{curve}_roof").type == pa.bool_() for curve in CURVES)
    assert schema.field("hwKey").type == pa.string()


def test_parquet_holds_every_record_in_plan_order(healthy: Healthy) -> None:
    rows = pq.read_table(healthy.run.place / "benchmarks.parquet").to_pylist()
    expected = [
        (model, sequence, data_type, record["hwKey"], record["conc"], record["x"], record["costr"]["roof"])
        for model, sequence, data_type, path in endpoints()
        for record in json.loads(served(healthy, path))
    ]
    columns = ("model_name", "sequence_length", "data_type", "hwKey", "conc", "x", "costr_roof")
    assert [tuple(row[name] for name in columns) for row in rows] == expected


def test_the_same_input_in_another_order_gives_the_same_bytes(healthy: Healthy, start: Start, crawl: Crawl) -> None:
    site = start("latency=0.3@deepseek-*", "latency=0.15@gpt-oss-*-e2e.json")
    run = crawl(site)
    assert " 1/18 DeepSeek" not in run.stderr
    for name in (*CSVS, "benchmarks.parquet"):
        assert run.read(name) == healthy.run.read(name), name


def test_the_terminal_names_models_hwkeys_and_where_the_files_are(healthy: Healthy) -> None:
    printed = healthy.run.stdout
    for model in MODELS:
        assert model.name in printed
    for hwkey in healthy.run.summary["hwkeys"]["run"]:
        assert hwkey in printed
    assert "COMPLETE" in printed
    assert str(healthy.run.place) in printed


def test_the_summary_tells_times_and_software(healthy: Healthy) -> None:
    timings, software = healthy.run.summary["timings"], healthy.run.summary["software"]
    assert timings["requests"] == 19
    assert timings["retries"] == timings["retry_wait_seconds"] == 0
    assert {"python", "scrapy", "pyarrow", "pandas", "pydantic"} <= software.keys()


def test_the_readme_explains_every_key_of_the_summary(healthy: Healthy) -> None:
    readme = (runs.REPO / "README.md").read_text(encoding="utf-8")
    assert [key for key in healthy.run.summary if f"`{key}`" not in readme] == []


def test_the_readme_explains_every_key_of_the_raw_metadata(healthy: Healthy) -> None:
    readme = (runs.REPO / "README.md").read_text(encoding="utf-8")
    metadata, _ = healthy.run.raw(runs.WHOLE)
    assert [key for key in metadata if f"`{key}`" not in readme] == []
