"""What a person reads: nothing that a foreign site said can steer the terminal."""

from __future__ import annotations

import io

from rich.table import Table
from rich.text import Text

from inferencemax_spider import terminal


def test_control_characters_of_a_foreign_text_do_not_reach_the_terminal() -> None:
    stream = io.StringIO()
    console = terminal.Output(file=stream, width=80, force_terminal=True, color_system=None)
    table = Table("model")
    table.add_row(Text("a\x1b]0;owned\x07b"))
    console.print(table)
    console.print(Text("✗ c\x1b[2Jd\x00\x9b"), soft_wrap=True)
    written = stream.getvalue()
    assert not set(written) & set("\x1b\x07\x00\x9b")
    assert "✗ c\N{REPLACEMENT CHARACTER}[2Jd" in written
    assert len(written.splitlines()) == 6
