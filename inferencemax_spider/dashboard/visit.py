"""One page, open in the browser: what it is, what it offers, and what each selection brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inferencemax_spider.dashboard.choosing import Chooser
from inferencemax_spider.dashboard.controls import Control
from inferencemax_spider.dashboard.errors import PageError, explained, is_playwrights
from inferencemax_spider.dashboard.generations import Generation, Selection, recognised
from inferencemax_spider.dashboard.recorder import Answer, Recorder
from inferencemax_spider.items import Endpoint

if TYPE_CHECKING:
    from playwright.async_api import Page

RELOADS = 2
"""How often a selection is made again because the page loaded itself anew meanwhile."""
RELOAD_SHOWS = 2
"""Seconds after a failure within which it shows that the page was loaded anew."""
GRACE = 3
"""Part of the time for an answer within which the page must at least have asked."""
Brought = list[tuple[Endpoint, Answer]]


@dataclass
class Visit:
    """A *page* that is watched by a *recorder*, with at most *seconds* for each wait."""

    page: Page
    recorder: Recorder
    seconds: float
    seen: dict[str, str] = field(default_factory=dict)
    """Of each failure, the name of the files that show the page then."""

    def __post_init__(self) -> None:
        """Have something to choose with."""
        self.chooser = Chooser(self.page, self.seconds)

    async def generation(self) -> Generation:
        """Return which generation the page is of, as what it asks for shows.

        Raises:
            PageError: it asks for no benchmarks.
        """
        with self._step("prepare the page"):
            await self.chooser.prepare()
        found = await self.recorder.until(lambda: recognised(self.recorder.asked), self.seconds)
        if found is None:
            cause = f"it asked for no benchmarks within {self.seconds:g} s, so it is no dashboard that is known"
            raise PageError("recognise the page", cause, again=True)
        return found

    async def answer(self, path: str) -> Answer:
        """Return the answer to the page's own request of *path*, which need not have come."""
        found = await self.recorder.until(lambda: self.recorder.answer_at(path), self.seconds)
        return found or Answer(f"{self.recorder.root}{path}", cause=self._silence())

    async def shows(self, generation: Generation, selection: Selection) -> bool:
        """Tell whether the page shows the model of *selection* already."""
        with self._step("read the control"):
            return await self.chooser.is_shown(generation.model, selection.model)

    async def offered(self, controls: Sequence[Control]) -> list[list[str]]:
        """Return the texts of what can be chosen in each of the *controls*."""
        with self._step("list what can be chosen"):
            return [await self.chooser.options(control) for control in controls]

    async def bring(self, generation: Generation, selection: Selection, *, click: bool) -> Brought:
        """Make *selection*, unless the page's address has; return the answers to what the page asks for then.

        Raises:
            PageError: it could not be made, or the page shows or asks for something else.
        """
        for turn in range(RELOADS + 1):
            loads = self.recorder.loads
            try:
                with self._step(f"select {selection}"):
                    return await self._brought(generation, selection, click=click)
            except PageError:
                if turn == RELOADS or self.recorder.gone or not await self._was_loaded_since(loads):
                    raise
                self.recorder.note(f"the page was loaded anew; once more: select {selection}")
        raise AssertionError

    async def _was_loaded_since(self, loads: int) -> bool:
        """Tell whether the page has been loaded more than *loads* times: what fails because of that may fail before."""
        return bool(await self.recorder.until(lambda: self.recorder.loads > loads or None, RELOAD_SHOWS))

    async def _brought(self, generation: Generation, selection: Selection, *, click: bool) -> Brought:
        parts = [(generation.model, selection.model), (generation.sequence, selection.sequence)]
        parts = [(control, spellings) for control, spellings in parts if spellings]
        before = 0
        if click:
            for control, spellings in parts:
                asked = len(self.recorder.asked)
                before = asked if await self.chooser.choose(control, spellings) else before
        brought = await self._answers(generation, selection, before)
        for control, spellings in parts:
            await self.chooser.read_back(control, spellings, f"select {selection}")
        return brought

    async def _answers(self, generation: Generation, selection: Selection, before: int) -> Brought:
        """Return the answers to what *selection* needs; *before* requests had been made until then."""
        keys = {generation.key(endpoint.url): endpoint for endpoint in selection.endpoints}
        loads = self.recorder.loads

        def asked() -> set[str | None]:
            return {*map(generation.key, self.recorder.asked)}

        def answers() -> dict[str | None, Answer]:
            found = {generation.key(url): answer for url, answer in self.recorder.answers.items()}
            return {key: found[key] for key in keys if key in found}

        async def wait_for(done: Callable[[], bool], seconds: float) -> None:
            await self.recorder.until(lambda: done() or self.recorder.loads != loads or None, seconds)
            if not done() and self.recorder.loads != loads:
                raise PageError(f"select {selection}", "the page was loaded anew meanwhile", again=True)

        await wait_for(lambda: keys.keys() <= asked(), self.seconds / GRACE)
        if not keys.keys() <= asked():
            raise PageError(f"select {selection}", self._strayed(generation, keys, before))
        await wait_for(lambda: len(answers()) == len(keys), self.seconds)
        came = answers()
        return [(it, came.get(key) or Answer(it.url, cause=self._silence())) for key, it in keys.items()]

    def _strayed(self, generation: Generation, keys: Iterable[str | None], before: int) -> str:
        """Return in words what the page asked for in the place of *keys*, after its first *before* requests."""
        others = {*map(generation.key, self.recorder.asked[before:])} - {*keys}
        wanted, instead = (", ".join(sorted(filter(None, names))) for names in (keys, others))
        return f"the page did not ask for {wanted}, but for {instead or 'nothing'}"

    def _silence(self) -> str:
        return f"the page asked, and no answer came within {self.seconds:g} s; raise DOWNLOAD_TIMEOUT"

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """Turn what Playwright says into what it means for the step called *name*."""
        try:
            yield
        except PageError:
            raise
        except Exception as error:
            if not is_playwrights(error):
                raise
            raise PageError(name, self.recorder.gone or explained(error, self.seconds), again=True) from error
