"""KQL that the translator does not read, spelled as KQL that it does, with the same answer.

Strings and comments are masked first. What depends on the columns at a place (`project-keep`, `project-away`,
`project-reorder`, `distinct *`, `column_ifexists`) is spelled out for the stages of the outermost
query; elsewhere it stays as it is, and is refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from sample.rewriting import arguments, closing

_MARK = re.compile(r"\x01(\d+)\x01")
_PERCENTILES = re.compile(r"(?:(\w+)\s*=\s*|\(([\w\s,]+)\)\s*=\s*)?\bpercentiles\(")
_NUMBER_LET = re.compile(r"\blet\s+(\w+)\s*=\s*(\d+)\s*;")
_IF_EXISTS = re.compile(r"\bcolumn_ifexists\(")
_STAGE = re.compile(
    r"(project-keep|project-reorder|project-away|distinct|serialize|as|sample)\b(.*)", re.DOTALL
)


def respelled(kql: str, strings: re.Pattern[str], columns: Callable[[str], list[str]]) -> str:
    """Return a query that answers the same, in the translator's words.

    Args:
        kql: The query.
        strings: What matches a comment or a literal string.
        columns: The columns of a query, in their order.
    """
    hidden: list[str] = []

    def hide(match: re.Match[str]) -> str:
        hidden.append(match[0])
        return f"\x01{len(hidden) - 1}\x01"

    def shown(text: str) -> str:
        return _MARK.sub(lambda match: hidden[int(match[1])], text)

    if "\x01" in kql:
        return kql
    text = strings.sub(hide, kql)
    text = re.sub(r"\bnotempty\(", "isnotempty(", text)
    text = _counts_in_place(_one_percentile_each(text))
    first, *others = _stages(text)
    for stage in others:
        first += _spelled(stage, text, lambda before=first: columns(shown(before)), hidden)  # type: ignore[misc]  # the default binds it
    return shown(first)


def _one_percentile_each(text: str) -> str:
    """`percentiles(x, 50, 95)` is `percentile(x, 50), percentile(x, 95)`, names included."""
    while match := _PERCENTILES.search(text):
        end = closing(text, match.end())
        value, *shares = arguments(text[match.end() : end])
        names = [name.strip() for name in (match[1] or match[2] or "").split(",") if name.strip()]
        if not shares:
            return text
        each = ", ".join(
            (f"{names[n]} = " if n < len(names) else "") + f"percentile({value}, {share})"
            for n, share in enumerate(shares)
        )
        text = f"{text[: match.start()]}{each}{text[end + 1 :]}"
    return text


def _counts_in_place(text: str) -> str:
    """Put the number of a `let` where the translator takes only a number."""
    for name, number in _NUMBER_LET.findall(text):
        text = re.sub(rf"(\|\s*(?:take|limit|top|sample)\s+){name}\b", rf"\g<1>{number}", text)
    return text


def _stages(text: str) -> list[str]:
    """Split before each pipe of the outermost query."""
    found: list[str] = []
    depth = start = 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == ";" and not depth:  # what came before is a let
            found, start = [], 0
        if sign == "|" and not depth:
            found.append(text[start:at])
            start = at
    return [*found, text[start:]]


def _spelled(
    stage: str, query: str, columns: Callable[[], list[str]], hidden: Sequence[str]
) -> str:
    stage = _existing(stage, columns, hidden)
    if not (match := _STAGE.fullmatch(stage.removeprefix("|").strip())):
        return stage
    operator, rest = match[1], match[2].strip()
    if operator.startswith("project-") and ("*" in rest or operator != "project-away"):
        return _projected(operator, rest, columns()) or stage
    if operator == "distinct" and rest == "*":
        return f"\n| distinct {_listed(columns())}"
    is_as_unused = operator == "as" and len(re.findall(rf"\b{re.escape(rest)}\b", query)) == 1
    if is_as_unused or (operator == "serialize" and not rest):
        return ""
    if operator == "sample" and rest.isdigit():
        return f"\n| take {rest}"
    return stage


def _projected(operator: str, rest: str, columns: list[str]) -> str:
    patterns = [part.strip() for part in rest.split(",")]
    if not all(re.fullmatch(r"[\w*]+", pattern) for pattern in patterns):
        return ""
    if any("*" not in pattern and pattern not in columns for pattern in patterns):
        return f"\n| project {', '.join(patterns)}"  # which is refused with the name
    chosen = [c for c in columns if any(fnmatchcase(c, pattern) for pattern in patterns)]
    if operator == "project-away":
        chosen = [column for column in columns if column not in chosen]
    if operator == "project-reorder":
        found = [c for pattern in patterns for c in columns if fnmatchcase(c, pattern)]
        chosen = list(dict.fromkeys([*found, *columns]))
    return f"\n| project {_listed(chosen)}" if chosen else ""


def _existing(stage: str, columns: Callable[[], list[str]], hidden: Sequence[str]) -> str:
    """Put the column, or what is to stand for it, in place of `column_ifexists`."""
    while match := _IF_EXISTS.search(stage):
        end = closing(stage, match.end())
        name, *default = arguments(stage[match.end() : end])
        mark = _MARK.fullmatch(name)
        if len(default) != 1 or not mark:
            return stage
        column = hidden[int(mark[1])].strip("@\"'")
        value = f"['{column}']" if column in columns() else default[0]
        stage = f"{stage[: match.start()]}{value}{stage[end + 1 :]}"
    return stage


def _listed(columns: list[str]) -> str:
    return ", ".join(f"['{column}']" for column in columns)
