"""Tables over HTTP and from the command line: shown, asked, changed, and held against what was decided."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from command_line import Steward
from conftest import created_database, running_host
from hosts import rested, submit
from test_invoice_payment import House, stop_cash

SAMPLES = Path(__file__).resolve().parents[2] / "graphs" / "samples" / "invoice_to_pay"
TABLE = "/v1/rules/invoice_to_pay"
BUYER = "then: {route: review, role: buyer"


@dataclass(frozen=True)
class World:
    """A host with a case that was booked, one that waits for a buyer, and one that a person settled.

    The last one's invoice had a discount while cash was stopped, which its table leaves to a controller.
    """

    url: str
    database_url: str
    client: httpx.Client
    booked: str
    asked: str
    settled: dict[str, Any]

    @property
    def text(self) -> str:
        sources = self.client.get(TABLE).raise_for_status().json()["sources"]
        return str(next(iter(sources.values())))

    @property
    def changed(self) -> str:
        """The table with another role for what buyers are asked now."""
        return self.text.replace(BUYER, BUYER.replace("buyer", "controller")).replace(
            "version: ", "version: x"
        )


@pytest.fixture(scope="module")
def world(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("host")
    with (
        created_database(postgres_url) as (_, url),
        running_host(url, folder) as address,
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        booked = submit(client, SAMPLES / "01-clean-with-order.xml")["id"]
        asked = submit(client, SAMPLES / "04-no-order.xml")["id"]
        rested(client, booked)
        rested(client, asked)
        yield World(address, url, client, booked, asked, settled_case(House(client, folder)))


def settled_case(house: House) -> dict[str, Any]:
    house.enter("UPDATE suppliers SET discount_pct = '2', discount_days = 10")
    stop_cash(house)
    case = house.receive(3, issued_days_ago=1)
    settled: dict[str, Any] = house.answer(case, "pay_when_due")
    return settled


@pytest.fixture
def steward(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Steward:
    return Steward(monkeypatch, capsys, url=world.url)


@pytest.fixture
def file(world: World, tmp_path: Path) -> Path:
    path = tmp_path / "changed.yaml"
    path.write_text(world.changed)
    return path


def decisions(world: World, case: str) -> list[dict[str, Any]]:
    answer = world.client.get(f"/v1/cases/{case}/decisions").raise_for_status().json()
    return [one for one in answer["items"] if one["table"] == "invoice_to_pay"]


def test_tables_are_listed_with_the_processes_that_hold_them(world: World) -> None:
    items = world.client.get("/v1/rules").raise_for_status().json()["items"]

    [table] = [item for item in items if item["id"] == "invoice_to_pay"]
    assert table["processes"] == ["invoice_to_pay"]
    assert table["digest"].startswith("sha256:")


def test_a_table_is_shown_as_rows_with_the_texts_that_it_has_had(world: World) -> None:
    table = world.client.get(TABLE).raise_for_status().json()

    assert len(table["rows"]) == len(table["sheet"]["rows"]) == table["rules"]
    assert [text["digest"] for text in table["history"]] == [table["digest"]]


def test_a_text_is_found_by_its_digest(world: World) -> None:
    digest = world.client.get(TABLE).json()["digest"]

    found = world.client.get(f"/v1/rules/{digest}").raise_for_status().json()

    assert (found["id"], found["digest"]) == ("invoice_to_pay", digest)
    assert world.client.get("/v1/rules/sha256:00").status_code == 404
    assert world.client.get("/v1/rules/nothing").json()["type"] == "/problems/not_found"


def test_a_table_that_is_asked_explains_itself(world: World) -> None:
    [made] = decisions(world, world.booked)
    facts = made["facts"] | {"twin": "same"}

    said = world.client.post(f"{TABLE}/evaluate", json={"facts": facts, "as_of": made["as_of"]}).json()

    assert (said["kind"], said["outcome"]["route"]) == ("decision", "reject")
    assert {row["rule"] for row in said["why_not"]} | set(said["rules"]) >= {said["rule"]}
    assert all(row["reason"] for row in said["why_not"])


def test_a_fact_of_another_type_escalates_and_a_context_that_nobody_knows_is_refused(world: World) -> None:
    [made] = decisions(world, world.booked)
    facts = made["facts"] | {"amount": "12,500.00"}

    said = world.client.post(f"{TABLE}/evaluate", json={"facts": facts, "as_of": made["as_of"]})
    refused = world.client.post(
        f"{TABLE}/evaluate", json={"facts": {}, "as_of": made["as_of"], "context": {"moon": "full"}}
    )

    assert (said.json()["kind"], said.json()["inputs"]) == ("invalid_input", ["amount"])
    assert (refused.status_code, refused.json()["field"]) == (422, "context")


def test_a_backtest_says_which_cases_flip_and_their_money(world: World) -> None:
    result = world.client.post(f"{TABLE}/backtest", json={"text": world.changed}).raise_for_status().json()

    [flip] = result["flips"]
    [made] = decisions(world, world.asked)
    assert result["tried"] == 3
    assert (flip["finished"], flip["open"]) == ([], [world.asked])
    assert (flip["old"]["outcome"]["role"], flip["new"]["outcome"]["role"]) == ("buyer", "controller")
    [money] = flip["money"]["amount"]
    assert money["currency"] == "EUR"
    assert float(money["amount"]) == float(made["facts"]["amount"]["amount"])


def test_a_malformed_text_is_refused_with_all_its_findings(world: World) -> None:
    text = world.text.replace("hit: priority", "hit: best").replace(BUYER, BUYER.replace("buyer", "bayer"), 1)

    refused = world.client.post(f"{TABLE}/backtest", json={"text": text})

    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (422, "/problems/table_malformed")
    messages = [finding["message"] for finding in problem["findings"]]
    assert any("'best'" in message for message in messages)
    assert any("'bayer'" in message for message in messages)
    assert all(finding["line"] > 1 for finding in problem["findings"])


def test_a_text_of_another_table_is_refused(world: World) -> None:
    text = world.text.replace("id: invoice_to_pay", "id: other")

    refused = world.client.post(f"{TABLE}/backtest", json={"text": text})

    assert (refused.status_code, refused.json()["field"]) == (422, "text")


def test_the_commands_say_what_a_change_would_change(world: World, steward: Steward, file: Path) -> None:
    digest = world.client.get(TABLE).json()["digest"]

    tried = steward("rules", "backtest", "invoice_to_pay", "--with", str(file))
    [record] = steward("rules", "backtest", "invoice_to_pay", "--with", str(file), "--json").documents
    told = steward("rules", "diff", digest, str(file))

    assert tried.out.startswith("1 of 3 decisions flip\n")
    assert world.asked[:8] in tried.out
    assert record["flips"][0]["open"] == [world.asked]
    assert "role buyer" in told.out


def test_a_malformed_file_is_refused_on_the_command_line_with_its_findings(
    steward: Steward, file: Path
) -> None:
    file.write_text("id: invoice_to_pay\n")

    refused = steward("rules", "backtest", "invoice_to_pay", "--with", str(file))

    assert refused.code == 1
    assert "'version' is missing" in refused.err
    assert "'rules' is missing" in refused.err


def test_a_decision_comes_out_the_same_from_its_text_until_somebody_changes_the_record(
    world: World, steward: Steward
) -> None:
    before = steward("rules", "replay", world.booked[:12])
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE decisions SET said = jsonb_set(said, '{outcome,route}', '\"reject\"') WHERE case_id = %s"
            " AND table_id = 'invoice_to_pay'",
            (world.booked,),
        )
        after = steward("rules", "replay", world.booked)
        connection.execute(
            "UPDATE decisions SET said = jsonb_set(said, '{outcome,route}', '\"book\"') WHERE case_id = %s"
            " AND table_id = 'invoice_to_pay'",
            (world.booked,),
        )

    assert (before.code, "the same" in before.out) == (0, True)
    assert (after.code, "was kept" in after.out) == (1, True)
    assert steward("rules", "replay", world.booked).code == 0


WISH = {"table": "invoice_payment", "outcome": {"pay": "when_due"}, "because": "Cash comes first"}


def propose(world: World, **changes: Any) -> httpx.Response:
    [review] = world.settled["reviews"]
    return world.client.post(f"/v1/reviews/{review['id']}/proposals", json=WISH | changes)


def test_an_answer_is_kept_as_a_proposed_rule_with_what_it_would_have_changed(world: World) -> None:
    before = world.client.get("/v1/rules/invoice_payment").json()["digest"]

    kept = propose(world)

    proposal = kept.json()
    assert kept.status_code == 201
    assert "cash: stopped" in proposal["line"]
    assert "then: {pay: when_due}, because: Cash comes first}" in proposal["line"]
    [flip] = proposal["backtest"]["flips"]
    assert (flip["old"]["kind"], flip["finished"]) == ("conflict", [world.settled["id"]])
    assert flip["money"] == {"discount": [{"amount": "6.00", "currency": "EUR"}]}
    assert proposal["text_digest"] == before
    assert world.client.get("/v1/rules/invoice_payment").json()["digest"] == before


def test_proposed_rules_are_listed_and_exported_as_lines(world: World, steward: Steward) -> None:
    [review] = world.settled["reviews"]
    arguments = "--table", "invoice_payment", "--then", "pay=early", "--because", "A discount is a discount"

    said = steward("rules", "propose", review["id"], *arguments)
    listed = steward("rules", "proposals", "invoice_payment")
    lines = steward("rules", "proposals", "invoice_payment", "--yaml").out.splitlines()
    page = world.client.get("/v1/rules/invoice_payment/proposals", params={"limit": 1}).json()

    assert "1 of 2 decisions flip" in said.out
    assert "1 of 2" in listed.out
    assert lines[0] == said.out.splitlines()[0] == page["items"][0]["line"]


def test_a_proposal_is_refused_where_no_table_left_the_matter_to_a_person(world: World) -> None:
    open_review = world.client.get(f"/v1/cases/{world.asked}").json()["reviews"][0]

    unanswered = world.client.post(f"/v1/reviews/{open_review['id']}/proposals", json=WISH)
    decided = propose(world, table="invoice_to_pay", outcome={"route": "book"})
    unknown = propose(world, table="nothing")
    malformed = propose(world, outcome={"pay": "never"})

    assert [one.status_code for one in (unanswered, decided, unknown, malformed)] == [409, 409, 404, 422]
    assert malformed.json()["field"] == "outcome"
    assert "'never'" in malformed.json()["findings"][0]["message"]
