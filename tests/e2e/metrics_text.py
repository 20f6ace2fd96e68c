"""Prometheus' text format 0.0.4, read strictly: what a test cannot read, Prometheus might not either."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SAMPLE = re.compile(r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)')
_LABEL = re.compile(r'(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?P<value>(?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_ESCAPED = re.compile(r'\\(["\\n])')


@dataclass(frozen=True)
class Sample:
    name: str
    labels: dict[str, str]
    value: float


class Metrics:
    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [_sample(line) for line in text.splitlines() if line and not line.startswith("#")]
        self.names = {sample.name for sample in self.samples}

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name that have these labels (and perhaps others); 0 if there is none, but
        the name must be one that this endpoint knows at all."""
        typed = re.search(rf"^# TYPE {re.escape(re.sub('_(count|sum|bucket)$', '', name))} |^# TYPE {re.escape(name)} ",
                          self.text, re.MULTILINE)
        assert typed or name in self.names, f"there is no metric {name}; there are {sorted(self.names)}"
        return sum(sample.value for sample in self.samples
                   if sample.name == name and labels.items() <= sample.labels.items())


def _sample(line: str) -> Sample:
    found = _SAMPLE.fullmatch(line)
    assert found, f"not a sample of Prometheus' text format: {line!r}"
    labels, rest = {}, found["labels"] or ""
    while rest:
        label = _LABEL.match(rest)
        assert label and label["name"] not in labels, f"not labels of Prometheus' text format: {line!r}"
        labels[label["name"]] = _ESCAPED.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], label["value"])
        rest = rest[label.end():]
    return Sample(found["name"], labels, float(found["value"]))
