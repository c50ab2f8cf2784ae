"""Explanations: which policy says what of a call, and what would have to be different."""

from policy_books import call, payment, policy_set

from server.policies.explaining import explain

POLICIES = """
@id("small")
@reason("small payments go")
permit (principal in Process::"payables", action == Action::"bank.pay", resource)
when { context.arguments.amount.lessThan(decimal("1000.0")) };

@id("no-usd")
@reason("EUR only")
forbid (principal, action == Action::"bank.pay", resource) when { context.arguments.currency == "USD" };

@id("looked-at")
@reason("the CFO looks at it")
@obligation("review:cfo")
permit (principal == Agent::"process/treasury", action == Action::"bank.pay", resource);
"""


def test_each_policy_that_speaks_of_the_tool_has_its_standing(tmp_path):
    said = explain(policy_set(tmp_path, POLICIES), payment())

    assert said.decision == "allow"
    assert {voice.policy.id: voice.standing for voice in said.voices} == {
        "small": "applies",
        "no-usd": "condition",
        "looked-at": "scope",
    }
    assert said.advice == ()


def test_a_permit_whose_condition_fails_is_named(tmp_path):
    said = explain(policy_set(tmp_path, POLICIES), payment(amount="1000.00"))

    assert said.decision == "deny"
    assert "small (bank.cedar:2) would permit it, but its condition does not hold" in said.advice


def test_a_process_without_a_permit_is_told_so(tmp_path):
    said = explain(
        policy_set(tmp_path, POLICIES), payment(process="receivables", agent="process/receivables")
    )

    assert said.advice[-1] == "no policy permits bank.pay to process/receivables in process receivables"


def test_a_prohibition_is_named_with_its_reason(tmp_path):
    said = explain(policy_set(tmp_path, POLICIES), payment(currency="USD"))

    assert said.advice == ("no-usd (bank.cedar:7) forbids it: EUR only",)


def test_a_permit_that_wants_a_review_is_a_review(tmp_path):
    said = explain(policy_set(tmp_path, POLICIES), payment(agent="process/treasury", process="treasury"))

    assert said.decision == "review"
    assert [owed.detail for owed in said.verdict.obligations] == ["cfo"]


def test_a_tool_of_which_no_policy_speaks_is_told_so(tmp_path):
    said = explain(policy_set(tmp_path, POLICIES), call("get", number="1"))

    assert said.advice == ("no policy speaks of bank.get",)


def test_an_argument_that_no_policy_can_see_is_named(tmp_path):
    said = explain(policy_set(tmp_path, POLICIES), payment(amount="1e5"))

    assert said.advice == (said.verdict.reason,)
    assert said.verdict.reason.startswith('amount: "1e5" cannot be compared exactly')


def test_an_error_is_named_with_its_policy(tmp_path):
    trap = '@id("trap") @reason("r") forbid (principal, action == Action::"bank.pay", resource)'
    trap += ' when { context.arguments.iban == "x" };'

    said = explain(policy_set(tmp_path, POLICIES + trap), payment())

    assert said.decision == "deny"
    assert said.advice[0].startswith("trap (bank.cedar:15) cannot be evaluated")
