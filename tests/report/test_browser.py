"""Reports in a real browser. Each test also shows that nothing was complained of and no other host was asked."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from typing import cast

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from inferencemax_spider.report import page as report
from tests.crawl import runs
from tests.factories import present
from tests.report.conftest import Look, summary_of
from tests.report.tables import row, stored
from tests.report.views import CHARTS, View

HOSTILE = '</script><img src=x onerror="window.hacked=1"><b>&amp; ${1} %{x}'
MODEL, SEQUENCE = "DeepSeek-R1-0528", "1k-1k"


def records(version: Path) -> pd.DataFrame:
    """Return the records of *version*, with the place of each chart in the columns ``x`` and ``front`` of its name."""
    table = pd.read_parquet(version / "benchmarks.parquet")
    if "data_type" in table:
        for side, data_type in (("inter", "interactivity"), ("e2e", "e2e")):
            table[f"{side}_x"] = table.x.where(table.data_type == data_type)
            table[f"{side}_roof"] = table.tpPerGpu_roof & (table.data_type == data_type)
    return table


def expected(rows: pd.DataFrame) -> dict[str, int]:
    """Return how many of *rows* have a place in each chart."""
    measured = rows[rows.tpPerGpu_y.notna()]
    return {
        "interactivity": int(measured.inter_x.notna().sum()),
        "latency": int(measured.e2e_x.notna().sum()),
        "cost": int((measured.inter_x.notna() & measured.costh_y.notna()).sum()),
    }


def labelled(rows: pd.DataFrame) -> pd.Series:
    """Return what the report calls the model of each row."""
    if "model" not in rows:
        return rows.model_name
    several = rows.groupby("model_name").model.transform("nunique") > 1
    return rows.model_name.where(~several, rows.model_name + " (" + rows.model + ")")


@pytest.mark.parametrize("generation", ["live", "static"])
def test_each_chart_has_a_point_for_each_record(generation: str, look: Look, request: pytest.FixtureRequest) -> None:
    version = request.getfixturevalue(generation)
    view, rows = look(version), records(version)
    groups = rows.groupby([labelled(rows), "sequence_length"])
    assert set(view.options("model")) == set(labelled(rows))
    for key, group in groups:
        model, sequence = cast("tuple[str, str]", key)
        view.select(model=model, sequence=sequence)
        assert {chart: view.drawn(chart) for chart in CHARTS} == expected(group), (model, sequence)
        assert view.fronts("interactivity") == group.inter_roof.eq(True).sum()  # noqa: FBT003 - pandas' API
        assert view.fronts("latency") == group.e2e_roof.eq(True).sum()  # noqa: FBT003 - pandas' API


def test_precision_and_fronts_restrict_what_is_drawn(live: Path, view: View) -> None:
    rows = records(live)
    rows = rows[(rows.model_name == MODEL) & (rows.sequence_length == SEQUENCE)]
    view.select(model=MODEL, sequence=SEQUENCE)
    assert view.options("precision") == ["", *sorted(rows.precision.unique())]
    view.page.check("#front-only")
    assert view.drawn("interactivity") == rows.inter_roof.eq(True).sum()  # noqa: FBT003 - pandas' API
    view.page.uncheck("#front-only")
    view.select(precision="fp4")
    assert view.all_drawn() == list(expected(rows[rows.precision == "fp4"]).values())


def test_a_front_within_a_precision_is_taken_among_its_own_points(static: Path, look: Look) -> None:
    view, rows = look(static), records(static)
    rows = rows[(rows.model_name == "Llama 3.3 70B Instruct") & (rows.sequence_length == SEQUENCE)]
    rows = rows[(rows.precision == "fp8") & rows.inter_x.notna()]
    view.select(model="Llama 3.3 70B Instruct", sequence=SEQUENCE, precision="fp8")
    dominated = sum(
        bool(((curve.inter_x >= x) & (curve.y >= y) & ((curve.inter_x > x) | (curve.y > y))).any())
        for _, curve in rows.groupby("hwKey")
        for x, y in zip(curve.inter_x, curve.y, strict=True)
    )
    assert view.fronts("interactivity") == len(rows) - dominated
    assert 0 < dominated < (~rows.inter_roof).sum()


def test_prices_are_selectable(live: Path, view: View) -> None:
    rows = records(live)
    rows = rows[(rows.model_name == MODEL) & (rows.sequence_length == SEQUENCE)]
    for price in ("costr_y", "costn_y", "costh_y"):
        view.select(price=price)
        script = "document.querySelector('#cost .chart').data.flatMap(trace => trace.y)"
        assert max(view.page.evaluate(script)) == pytest.approx(rows[price].max(), rel=1e-4)


def test_selectors_work_by_keyboard(live: Path, view: View) -> None:
    rows = records(live)
    keyboard = view.page.keyboard
    view.page.focus("#model")
    keyboard.press("ArrowDown")
    model = view.options("model")[1]
    assert view.selected("model") == model
    there = rows[labelled(rows) == model]
    assert set(view.options("sequence")) == set(there.sequence_length)
    keyboard.press("Tab")
    keyboard.press("ArrowDown")
    sequence = view.selected("sequence")
    assert sequence == view.options("sequence")[1]
    there = there[there.sequence_length == sequence]
    assert view.all_drawn() == list(expected(there).values())
    keyboard.press("Tab")
    keyboard.press("Tab")
    keyboard.press("Space")
    assert view.drawn("interactivity") == there.inter_roof.eq(True).sum()  # noqa: FBT003 - pandas' API


def test_curves_are_switched_by_keyboard(view: View) -> None:
    before = view.drawn("interactivity")
    view.page.focus("#curves input")
    view.page.keyboard.press("Space")
    first = view.page.locator("#curves label").first
    assert view.drawn("interactivity") == before - int(first.locator("small").inner_text())
    view.page.focus("#none")
    view.page.keyboard.press("Enter")
    assert view.all_drawn() == [0, 0, 0]


def test_selectors_work_by_mouse(live: Path, view: View) -> None:
    rows = records(live)
    view.page.click("#model")
    view.page.keyboard.press("ArrowDown")
    view.page.keyboard.press("Enter")
    there = rows[(labelled(rows) == view.options("model")[1]) & (rows.sequence_length == view.selected("sequence"))]
    assert view.all_drawn() == list(expected(there).values())
    box = view.page.locator("#curves label", has_text="b200_vllm")
    box.click()
    assert view.all_drawn() == list(expected(there[there.hwKey != "b200_vllm"]).values())
    view.page.click("#all")
    assert view.all_drawn() == list(expected(there).values())


def test_a_point_tells_which_record_it_is(live: Path, view: View) -> None:
    rows = records(live)
    rows = rows[(rows.model_name == MODEL) & (rows.sequence_length == SEQUENCE)]
    row = rows.sort_values("inter_x").iloc[-1]
    told = view.hovered(f"#interactivity .trace:has(path.js-line) path.point >> nth={_rightmost(view)}")
    units = ("tok/s/GPU", "tok/s/user", " s", "US$/M tokens")
    values = (f"{row.inter_x:.5g}", f"{row.e2e_x:.5g}")
    for text in (row.hwKey, row.precision, f"concurrency {row.conc}", f"TP {row.tp}", row.date, *units, *values):
        assert text in told


def _rightmost(view: View) -> int:
    """Return the number of the point on a line that has the largest x."""
    boxes = [
        point.bounding_box() for point in view.page.locator("#interactivity .trace:has(path.js-line) path.point").all()
    ]
    return max(range(len(boxes)), key=lambda number: present(boxes[number])["x"])


def test_an_address_leads_back_to_its_selection(live: Path, look: Look) -> None:
    view = look(live)
    view.select(model="gpt-oss-120b", sequence="8k-1k", precision="fp4")
    again = look(live, view.page.evaluate("location.hash"))
    assert [again.selected(name) for name in ("model", "sequence", "precision")] == ["gpt-oss-120b", "8k-1k", "fp4"]


def test_an_address_of_what_is_not_there_leads_to_the_first(live: Path, look: Look) -> None:
    view = look(live, "#model=nope&sequence=2k-2k")
    assert view.selected("model") == view.options("model")[0]
    assert view.drawn("interactivity")


def test_light_and_dark(live: Path, look: Look) -> None:
    view = look(live, color_scheme="light")
    light = view.background("body"), view.background("#charts"), view.colour_of("b200_trt")
    view.page.emulate_media(color_scheme="dark")
    runs.until(lambda: view.colour_of("b200_trt") != light[2], "the charts are dark")
    dark = view.background("body"), view.background("#charts"), view.colour_of("b200_trt")
    assert light == ("rgb(244, 245, 247)", "rgb(255, 255, 255)", "#3d30be")
    assert dark == ("rgb(13, 16, 21)", "rgb(20, 24, 31)", "#9dbcf5")


def test_the_printed_page_is_light_and_without_controls(live: Path, look: Look) -> None:
    view = look(live, color_scheme="dark")
    drawn = view.all_drawn()
    view.page.evaluate("addEventListener('beforeprint', () => { window.printed = document"
                       ".querySelector('#interactivity .chart').layout.paper_bgcolor; })")  # fmt: skip
    assert view.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert view.page.evaluate("window.printed") == "#ffffff"
    view.page.emulate_media(media="print")
    assert view.background("body") == "rgb(255, 255, 255)"
    assert not view.page.is_visible("nav")
    assert not view.page.is_visible("#interactivity button")
    assert view.all_drawn() == drawn


def test_a_long_legend_leaves_its_chart_on_the_first_printed_page(live: Path, look: Look) -> None:
    view = look(live)
    view.page.emulate_media(media="print")
    view.page.set_viewport_size({"width": 1039, "height": 710})  # A4 across, within its margins
    view.page.evaluate("document.getElementById('curves').firstChild.append(...Array.from({length: 30}, () => "
                       "document.querySelector('#curves label').cloneNode(true)))")  # fmt: skip
    bottom = "document.querySelector('.lead').getBoundingClientRect().bottom + scrollY"
    assert view.page.eval_on_selector_all("#curves label", "all => all.length") > 30
    assert view.page.evaluate(bottom) < 710


def test_nothing_is_wider_than_the_window(live: Path, look: Look) -> None:
    view = look(live)
    narrow = "[...document.querySelectorAll('.main-svg')].every(svg => svg.getBoundingClientRect().right < innerWidth)"
    for width in (1400, 900, 420):
        view.page.set_viewport_size({"width": width, "height": 900})
        runs.until(lambda: bool(view.page.evaluate(narrow)), "the charts are as narrow as the window")
        assert view.page.evaluate("document.documentElement.scrollWidth") == width


def test_no_button_sends_a_chart_anywhere(view: View) -> None:
    titles = "all => [...new Set(all.map(button => button.dataset.title))]"
    offered = view.page.eval_on_selector_all(".modebar-btn", titles)
    assert offered == ["Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"]


def test_the_page_cannot_ask_any_host(live: Path, look: Look) -> None:
    view = look(live)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        blocked = """url => new Promise(resolve => {
          document.addEventListener("securitypolicyviolation", event => resolve(event.effectiveDirective));
          fetch(url).catch(() => {});
          document.body.append(Object.assign(new Image(), { src: url }));
          document.body.append(Object.assign(document.createElement("script"), { src: url }));
        })"""
        assert view.page.evaluate(blocked, url) == "connect-src"
        with pytest.raises(TimeoutError):
            server.accept()
    added = "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    assert view.page.evaluate(f"{added}; window.ran") is None
    assert all("Content Security Policy" in message for message in view.messages)
    view.messages.clear()
    view.requests.clear()


def hostile(version: Path, folder: Path) -> Path:
    """Write a report of *version* into *folder* in which every text of the site tries to be more than that."""
    table = pq.read_table(version / "benchmarks.parquet").filter(pc.field("model_name") == MODEL)
    for name in ("model_name", "sequence_length", "hwKey", "precision", "image", "date"):
        table = table.set_column(table.column_names.index(name), name, pa.repeat(HOSTILE, table.num_rows))
    pq.write_table(table, folder / "benchmarks.parquet")
    text = json.dumps(summary_of(version)).replace(MODEL, json.dumps(HOSTILE)[1:-1])
    summary = json.loads(text) | {"site": HOSTILE, "arguments": {HOSTILE: HOSTILE}, "status": "incomplete"}
    summary["checks"][0] |= {"status": "fail", "findings": [HOSTILE], "severity": HOSTILE, "message": HOSTILE}
    group = {"model": HOSTILE, "sequence": HOSTILE, "hwKey": HOSTILE, "added": 0, "removed": 1, "changed": 0}
    changes = {"since": HOSTILE, "records": {"removed": 1}, "groups": [group | {"metrics": {}}], "groups_omitted": 0}
    report.write(folder, summary | {"changes": changes})
    return folder


def test_hostile_text_is_text(live: Path, look: Look, tmp_path: Path) -> None:
    view = look(hostile(live, tmp_path), viewport={"width": 1400, "height": 1000})
    assert view.options("model") == view.options("sequence") == [HOSTILE]
    assert view.page.inner_text("#curves label span") == HOSTILE
    assert HOSTILE in view.page.inner_text(".findings")
    assert HOSTILE in view.page.inner_text("#coverage")
    assert view.hovered("#interactivity path.point >> nth=0").count(HOSTILE[:60]) == 4  # hwKey, precision, date, image
    assert view.page.evaluate("report.picture('cost')").startswith("data:image/png;base64,")
    assert view.page.evaluate("[window.hacked, document.images.length]") == [None, 0]


def grown(version: Path, folder: Path, days: int) -> Path:
    """Write the records of *version* into *folder* as of so many *days*, each configuration every day."""
    table = pq.read_table(version / "benchmarks.parquet")
    place = table.column_names.index("date")
    dates = (f"2026-{1 + day // 28:02}-{1 + day % 28:02}" for day in range(days))
    with pq.ParquetWriter(folder / "benchmarks.parquet", table.schema) as writer:
        for date in dates:
            writer.write_table(table.set_column(place, "date", pa.repeat(date, table.num_rows)))
    return folder


def test_of_a_history_the_newest_measurements_are_shown(live: Path, look: Look, tmp_path: Path) -> None:
    days = 220
    path = report.write(grown(live, tmp_path, days), summary_of(live))
    assert path.stat().st_size <= report.LARGEST
    view, rows = look(tmp_path), records(live)
    first = rows[(rows.model_name == MODEL) & (rows.sequence_length == SEQUENCE)]
    assert view.all_drawn() == list(expected(first).values())
    placed = (rows.tpPerGpu_y.notna() & (rows.inter_x.notna() | rows.e2e_x.notna())).sum()
    said = view.page.inner_text("#shown")
    assert f"measured on 2026-{1 + (days - 1) // 28:02}-{1 + (days - 1) % 28:02}" in said
    assert f"the page holds {placed:,} of {placed * days:,} points" in said


def test_a_picture_is_saved_by_a_button(live: Path, look: Look) -> None:
    view = look(live)
    with view.page.expect_download() as download:
        view.page.click("#cost button")
    assert download.value.suggested_filename.endswith(f"-{MODEL}-{SEQUENCE}-cost.png")
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("curves", "height"), [(3, 720), (27, 720), (40, 84 + 92 + 40 * 20)])
def test_a_picture_is_as_high_as_its_legend(live: Path, look: Look, tmp_path: Path, curves: int, height: int) -> None:
    stored(tmp_path, *(row(hwKey=f"b200_f{number}", inter_x=10.0 + number) for number in range(curves)))
    report.write(tmp_path, summary_of(live))
    _, _, picture = look(tmp_path).page.evaluate("report.picture('interactivity')").partition(",")
    png = base64.b64decode(picture)
    assert [int.from_bytes(png[place : place + 4], "big") for place in (16, 20)] == [2560, 2 * height]


def test_without_records_there_are_no_charts(live: Path, look: Look, tmp_path: Path) -> None:
    report.write(tmp_path, summary_of(live) | {"records": 0, "status": "failed"})
    view: View = look(tmp_path)
    assert "this run brought no records" in view.page.inner_text("#charts")
    assert view.page.locator("script").count() == 0
    assert view.page.inner_text(".badge") == "✕ failed"
