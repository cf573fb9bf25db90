"""Controls are found by name, one of each; nothing is clicked on a guess."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, async_playwright

from inferencemax_spider import browser
from inferencemax_spider.dashboard.choosing import Chooser
from inferencemax_spider.dashboard.controls import Control, Strategy, find
from inferencemax_spider.dashboard.errors import PageError

MODEL = Control("Model", (Strategy("role", "Model"), Strategy("test id", "model-selector"), Strategy("id", "model")))
BOX = '<button role="combobox" {}>GLM-5</button>'
SECONDS = 1.0


def on_page(html: str, work: Callable[[Page], Awaitable[object]]) -> object:
    """Return what *work* makes of a page with this *html*."""

    async def shown() -> object:
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path=browser.executable(), args=browser.flags())
            page = await chromium.new_page()
            await page.set_content(html)
            try:
                return await work(page)
            finally:
                await chromium.close()

    return asyncio.run(shown())


def found_by(html: str) -> str:
    async def strategy(page: Page) -> str:
        return str((await find(page, MODEL, SECONDS)).strategy)

    return str(on_page(html, strategy))


@pytest.mark.parametrize("name", ["", " ", "\n"])
@pytest.mark.parametrize("kind", ["role", "label", "test id", "id"])
def test_a_strategy_needs_a_name(kind: str, name: str) -> None:
    with pytest.raises(ValueError, match="would match every control"):
        Strategy(kind, name)  # type: ignore[arg-type]


def test_a_control_needs_a_strategy() -> None:
    with pytest.raises(ValueError, match="no strategy for the control Model"):
        Control("Model", ())


@pytest.mark.parametrize(
    ("attributes", "strategy"),
    [
        ('aria-label="Model" data-testid="model-selector" id="model"', "role 'Model'"),
        ('aria-label="LLM" data-testid="model-selector" id="model"', "test id 'model-selector'"),
        ('aria-label="LLM" id="model"', "id 'model'"),
    ],
)
def test_strategies_are_tried_in_order(attributes: str, strategy: str) -> None:
    assert found_by(BOX.format(attributes)) == strategy


def test_an_ambiguous_name_is_passed_over_for_one_that_is_not() -> None:
    assert found_by(BOX.format('aria-label="Model"') + BOX.format('aria-label="Model" id="model"')) == "id 'model'"


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (
            BOX.format('aria-label="Model" id="a"') + BOX.format('aria-label="Model" id="b"'),
            (
                "role 'Model' matches 2, test id 'model-selector' matches nothing, id 'model' matches nothing; "
                "these: button role=combobox id=a aria-label=Model GLM-5; "
                "button role=combobox id=b aria-label=Model GLM-5"
            ),
        ),
        ("<button>Model</button><button></button>", "controls on the page: button Model; button"),
        (
            '<button id="model">Model</button>',
            "id 'model' matches nothing; controls on the page: button id=model Model",
        ),
        ('<div hidden><button role="combobox" aria-label="Model">x</button></div>', "controls on the page: none"),
        ('<button role="combobox" aria-label="Models">x</button>', "controls on the page: button role=combobox"),
    ],
)
def test_what_is_not_one_control_is_listed_and_not_clicked(html: str, said: str) -> None:
    clicks = '<script>addEventListener("click", () => { document.title = "clicked" })</script>'

    async def chosen(page: Page) -> str:
        with pytest.raises(PageError) as caught:
            await Chooser(page, SECONDS).choose(MODEL, ("GLM-5.2",))
        assert await page.title() == ""
        return str(caught.value)

    assert said in str(on_page(html + clicks, chosen))


LIST = """
<button role="combobox" aria-label="Model" aria-controls="list">GLM-5</button>
<script>
  const button = document.querySelector("button");
  button.onclick = () => {
    const list = document.createElement("div");
    list.role = "listbox";
    list.id = "list";
    for (const text of OPTIONS) {
      const option = document.createElement("div");
      option.role = "option";
      option.textContent = text;
      option.onclick = () => { button.textContent = text; list.remove(); };
      list.append(option);
    }
    document.body.append(list);
  };
  addEventListener("keydown", (event) => event.key === "Escape" && document.getElementById("list")?.remove());
</script>
"""


def with_options(*texts: str) -> str:
    return LIST.replace("OPTIONS", str(list(texts)))


def test_an_option_is_found_whatever_its_spelling_and_read_back() -> None:
    async def chosen(page: Page) -> str:
        chooser = Chooser(page, SECONDS)
        assert await chooser.choose(MODEL, ("GLM-5.2",))
        assert not await chooser.choose(MODEL, ("GLM-5.2",))
        return await chooser.shown(MODEL)

    assert on_page(with_options("GLM-5", "glm 5.2"), chosen) == "glm 5.2"


def test_the_options_are_listed_and_the_list_closed() -> None:
    async def listed(page: Page) -> list[str]:
        texts = await Chooser(page, SECONDS).options(MODEL)
        assert await page.get_by_role("listbox").count() == 0
        return texts

    assert on_page(with_options("GLM-5", "GLM-5.2"), listed) == ["GLM-5", "GLM-5.2"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("GLM-5", "Kimi-K3"), "there is no such option among: GLM-5, Kimi-K3"),
        (("GLM-5.2", "GLM 5.2"), "several options of this name among: GLM-5.2, GLM 5.2"),
        ((), "no list opened"),
        (("GLM-5.2 (beta)",), "there is no such option among: GLM-5.2 (beta)"),
    ],
)
def test_an_option_that_is_not_there_once_is_named(options: tuple[str, ...], said: str) -> None:
    async def chosen(page: Page) -> str:
        with pytest.raises(PageError) as caught:
            await Chooser(page, SECONDS).choose(MODEL, ("GLM-5.2",))
        return str(caught.value)

    assert said in str(on_page(with_options(*options), chosen))
