"""Text from outside is drawn as it is: no label, caption or heading takes its Markdown in force."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from streamlit.testing.v1 import AppTest

from ui.parts import cards

ROOT = Path(__file__).parents[2]
#: What draws its first argument as Markdown, Streamlit's and ours.
MARKDOWN = {
    "Tile", "badge", "button", "caption", "checkbox", "date_input", "datetime_input",
    "download_button", "error", "expander", "file_uploader", "header", "info", "link_button",
    "markdown", "metric", "multiselect", "number_input", "page_link", "panel", "pills", "popover",
    "progress", "radio", "segmented_control", "select_slider", "selectbox", "slider", "spinner",
    "status", "subheader", "success", "tabs", "text_area", "text_input", "title", "toast", "toggle",
    "warning",
}  # fmt: skip
#: Of these the second argument too.
TWO = {"Tile", "metric"}
KEYWORDS = {"label", "body", "help", "value"}
#: What gives words of ours, or a number.
OURS_CALLED = {"explain", "len", "min", "max", "str", "escaped", "text", "freshness_line", "lasted",
               "interval_text", "text_of", "number_of", "capitalize", "lower"}  # fmt: skip
#: Other expressions that hold words of ours alone, by file.
OURS: dict[str, str] = {
    "ui/parts/back_test_view.py": "found[0] found[1] outside[0] outside[1]",
    "ui/parts/cards.py": "look.word label title help self.label self.value",
    "ui/parts/choices.py": "label start",
    "ui/parts/files.py": "role",
    "ui/parts/history_view.py": "label",
    "ui/parts/known_issue_view.py": "issue.severity issue.id",
    "ui/parts/states.py": "state.title",
    "ui/shell/main.py": "prepared.share",
    "ui/shell/nav.py": "section known[row] row.help",
    "ui/views/baselines/baselines_view.py": "known.name label value",
    "ui/views/compare_versions/versions_view.py": "look.colour look.icon words",
    "ui/views/compute/compute_view.py": "', '.join(limits)",
    "ui/views/compute/jobs_view.py": "said name _length(longest.ran(now)) _length(wait)",
    "ui/views/cost/cost_view.py": "label value",
    "ui/views/cost/scaling_view.py": "label",
    "ui/views/cost/size_view.py": "cpu slowing error.hours left_out part",
    "ui/views/data_drift/drift_view.py": "terms",
    "ui/views/data_drift/multivariate_view.py": "every",
    "ui/views/data_drift/outliers_view.py": "said",
    "ui/views/data_quality/quality_view.py": "'  \\n'.join(map(cards.escaped, lines))",
    "ui/views/fairness/fairness_view.py": "asked.metric.asks asked.metric.label small",
    "ui/views/incidents/replay_view.py": "label last",
    "ui/views/incidents/suspects_view.py": "page.title suspect.rank",
    "ui/views/overview/fleet_view.py": "count name page.title[1:] signal.question signal.title"
    " words.title words.value",
    "ui/views/performance/estimate_view.py": "label value withheld word",
    "ui/views/performance/performance_view.py": "benchmark breached coverage metric.label title value",
    "ui/views/performance/root_cause_view.py": "found.title report.tested shown",
    "ui/views/predictions/predictions_view.py": "_percent(now) _threshold(report) label",
    "ui/views/request/xray_view.py": "_value(collected.prediction) _value(label.value) link.name word",
    "ui/views/traffic/live_view.py": "label value",
    "ui/views/traffic/traffic_view.py": "value",
}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    for top in ("ui", "pages"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and (name := called(node)) in MARKDOWN:
                    yield str(path.relative_to(ROOT)), name, node


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def drawn(name: str, call: ast.Call) -> list[ast.expr]:
    named = [each.value for each in call.keywords if each.arg in KEYWORDS]
    return [*call.args[: 2 if name in TWO else 1], *(named if name != "progress" else [])]


def unsafe(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what is drawn and neither a literal, nor escaped, nor a number in a format."""
    match node:
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts):
            inner = parts
        case ast.FormattedValue(value=value, format_spec=spec):
            inner = [] if spec else [value]
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            inner = [one, other]
        case ast.Constant() | ast.List() | ast.Tuple():
            inner = []
        case _ if not is_ours(node):
            yield node
            return
        case _:
            return
    for each in inner:
        yield from unsafe(each)


def is_ours(node: ast.expr) -> bool:
    """Whether it is a constant, in capitals, or of one, or given by what gives words of ours."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(re.fullmatch("_?[A-Z0-9_]+", name))
        case ast.Subscript(value=value):
            return is_ours(value)
        case ast.Call():
            return called(node) in OURS_CALLED
    return False


def found() -> set[tuple[str, str]]:
    return {
        (path, ast.unparse(bad))
        for path, name, call in calls()
        for each in drawn(name, call)
        for bad in unsafe(each)
    }


def known() -> set[tuple[str, str]]:
    one = re.compile(r"'.*\)|\w+\([^ ]*\)+|\S+")
    return {(path, each) for path, words in OURS.items() for each in one.findall(words)}


def test_what_is_drawn_as_markdown_is_ours_or_escaped() -> None:
    assert not sorted(found() - known()), "escape it with cards.escaped, or list it as ours"


def test_what_is_listed_as_ours_is_still_drawn() -> None:
    assert not sorted(known() - found())


def test_the_law_sees_what_is_not_escaped() -> None:
    seen = [
        ast.unparse(bad)
        for text in ("f'a {x} {escaped(y)} {n:,}'", "name if b else LABELS[k]", "x.upper() + 'a'")
        for bad in unsafe(ast.parse(text, mode="eval").body)
    ]
    assert seen == ["x", "name", "x.upper()"]


HOSTILE = "[click](http://evil.example) ![i](http://evil.example/b.png) **b** $x$ :red[r] <b>"


def script() -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - runs as a script

    from monitoring.incidents.frozen import LogLines  # noqa: PLC0415
    from tests.laws.test_outside_text import HOSTILE  # noqa: PLC0415
    from ui.views.incidents import replay_view  # noqa: PLC0415

    log = LogLines(name=HOSTILE, columns=("a",), rows=(("x",),))
    replay_view._show_log(log, datetime(2026, 1, 1, tzinfo=UTC))


def test_a_label_from_a_file_is_text() -> None:
    app = AppTest.from_function(script, default_timeout=30).run()
    assert not app.exception
    assert app.expander[0].label == f"Log: {cards.escaped(HOSTILE)}"
    assert "](" not in app.expander[0].label
