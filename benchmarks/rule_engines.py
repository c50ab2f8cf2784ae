"""The engines that the benchmark of rules asks, ours and others, each with the same rows made ready.

The others get numbers as numbers. Ours gets decimals as the text that a fact must be.
"""

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import zen
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine  # type: ignore[import-untyped]  # has no types
from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine  # type: ignore[import-untyped]
from SpiffWorkflow.dmn.specs import model  # type: ignore[import-untyped]

from benchmarks.rule_tables import Cell, Facts, Rows, Span
from rules import Decision, JsonValue, decide

DECIDE = "decide"
RECORD = "decide, its record written"
ZEN_TRACE = "zen-engine, trace on"
ZEN = "zen-engine, trace off"
SPIFF = "SpiffWorkflow"
ENGINES = (DECIDE, RECORD, ZEN_TRACE, ZEN, SPIFF)

Ask = Callable[[Any], object]  # takes what `given` made of facts, and tells the route
Engine = tuple[Callable[[Facts], Any], Ask]

_DAY = "2026-06-01"


def make_engines(rows: Rows) -> dict[str, Engine]:
    """Each engine by name: how it is given facts, and how it is asked."""
    table, decision = rows.read(), zen.ZenEngine().create_decision(_jdm(rows))
    dmn = DMNEngine(_dmn(rows))

    def by_decide(facts: Mapping[str, JsonValue]) -> object:
        answer = decide(table, facts, as_of=_DAY)
        return answer.outcome["route"] if isinstance(answer, Decision) else answer.kind

    def by_record(facts: Mapping[str, JsonValue]) -> object:
        outcome = decide(table, facts, as_of=_DAY).as_json()["outcome"]
        return outcome["route"] if isinstance(outcome, dict) else None

    return {
        DECIDE: (_as_facts, by_decide),
        RECORD: (_as_facts, by_record),
        ZEN_TRACE: (dict, lambda facts: decision.evaluate(facts, {"trace": True})["result"]["route"]),
        ZEN: (dict, lambda facts: decision.evaluate(facts)["result"]["route"]),
        SPIFF: (_as_task, lambda task: dmn.result(task)["route"]),
    }


def _as_facts(facts: Facts) -> dict[str, JsonValue]:
    return {name: str(value) for name, value in facts.items()}


def _as_task(facts: Facts) -> SimpleNamespace:
    return SimpleNamespace(data=dict(facts), workflow=SimpleNamespace(script_engine=PythonScriptEngine()))


def _jdm(rows: Rows) -> str:
    inputs = [{"id": name, "name": name, "field": name} for name in rows.inputs]
    lines = [
        {"_id": f"R{number}", "route": json.dumps(route)}
        | {name: _jdm_cell(cell) for name, cell in cells.items()}
        for number, (cells, route) in enumerate(rows.rows)
    ]
    outputs = [{"id": "route", "name": "route", "field": "route"}]
    table = {"hitPolicy": "first", "inputs": inputs, "outputs": outputs, "rules": lines}
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "table", "type": "decisionTableNode", "name": "table", "content": table},
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    edges = [
        {"id": "1", "sourceId": "in", "targetId": "table"},
        {"id": "2", "sourceId": "table", "targetId": "out"},
    ]
    return json.dumps({"nodes": nodes, "edges": edges})


def _jdm_cell(cell: Cell) -> str:
    return f"[{cell.low}..{cell.high})" if isinstance(cell, Span) else ", ".join(map(json.dumps, cell.words))


def _dmn(rows: Rows) -> model.DecisionTable:
    table = model.DecisionTable("bench", "bench", "UNIQUE")  # of which it takes the first row that fits
    inputs = {name: model.Input(name, name, name, name, "string") for name in rows.inputs}
    output = model.Output("route", "route", "route", "string")
    for number, (cells, route) in enumerate(rows.rows):
        rule = model.Rule(f"R{number}")
        rule.inputEntries = [_dmn_entry(inputs[name], cell) for name, cell in cells.items()]
        entry = model.OutputEntry("route", output)
        entry.text = repr(route)
        rule.outputEntries = [entry]
        table.rules.append(rule)
    return table


def _dmn_entry(asked: model.Input, cell: Cell) -> model.InputEntry:
    entry = model.InputEntry(asked.id, asked)
    entry.lhs = [f"{cell.low} <= ? < {cell.high}" if isinstance(cell, Span) else f"? in {cell.words!r}"]
    return entry
