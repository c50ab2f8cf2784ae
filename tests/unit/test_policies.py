"""Policies: a clear permit lets a call pass, and nothing else does."""

import pytest
from policy_books import call, flaws, payment, policy_set

from server.errors import PoliciesInvalid
from tools.ports import Obligation

PERMIT = """
@id("pays")
@reason("payables pays")
permit (principal in Process::"payables", action == Action::"bank.pay", resource == Server::"bank");
"""


def test_nothing_is_permitted_by_nothing(tmp_path):
    verdict = policy_set(tmp_path, "").decide(payment())

    assert (verdict.allowed, verdict.reason) == (False, "no policy permits it")


def test_a_permit_names_itself_and_its_reason(tmp_path):
    verdict = policy_set(tmp_path, PERMIT).decide(payment())

    assert (verdict.allowed, verdict.reason, verdict.policies) == (True, "payables pays", ("pays",))


def test_a_read_needs_a_permit_too(tmp_path):
    assert not policy_set(tmp_path, PERMIT).decide(call("get", number="1")).allowed


@pytest.mark.parametrize(
    "changed",
    [{"process": "receivables"}, {"process": None}, {"agent": "model/gpt", "process": "receivables"}],
)
def test_another_process_is_not_permitted(tmp_path, changed):
    assert not policy_set(tmp_path, PERMIT).decide(payment(**changed)).allowed


def test_an_agent_of_the_process_may_be_told_from_the_others(tmp_path):
    text = PERMIT.replace('in Process::"payables"', '== Agent::"process/payables"')

    assert policy_set(tmp_path, text).decide(payment()).allowed
    assert not policy_set(tmp_path, text).decide(payment(agent="model/gpt")).allowed


def test_a_call_for_nobody_is_not_permitted(tmp_path):
    assert not policy_set(tmp_path, PERMIT).decide(call("get", person=None, number="1")).allowed


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('principal.person == Person::"anna"', True),
        ('principal.person == Person::"bob"', False),
        ('principal.kind == "process"', True),
        ('context.arguments.amount.lessThanOrEqual(decimal("100.0"))', True),
        ('context.arguments.amount.lessThan(decimal("100.0"))', False),
        ('context.arguments.amount.lessThan(decimal("1000.0"))', True),
        ('context.arguments.currency == "EUR"', True),
        ('["S-1", "S-2"].contains(context.arguments.supplier)', True),
        ('context.fields.containsAll(["supplier", "amount"])', True),
        ('context.fields.contains("iban")', False),
        ("context.arguments has iban", False),
        ('context.sources has supplier && context.sources.supplier like "erp.*"', True),
        ("context.sources has amount", False),
        ('context.contract == "keyed"', True),
        ('context.data_class == "personal"', True),
        ("context.undoes", False),
        ("resource.sandbox", True),
    ],
)
def test_a_condition_sees_the_call(tmp_path, condition, holds):
    text = PERMIT.replace(";", f"when {{ {condition} }};")
    about = call(
        "pay", supplier="S-1", amount="100.00", currency="EUR", sources={"supplier": "erp.find_supplier"}
    )

    assert flaws(tmp_path, text) == []
    assert policy_set(tmp_path, text).decide(about).allowed is holds


def test_a_forbid_goes_before_a_permit_and_says_why(tmp_path):
    text = (
        PERMIT
        + '@id("no-usd") @reason("EUR only") forbid (principal, action == Action::"bank.pay", resource)'
    )
    text += ' when { context.arguments.currency == "USD" };'

    verdict = policy_set(tmp_path, text).decide(payment(currency="USD"))

    assert (verdict.allowed, verdict.reason, verdict.policies) == (False, "EUR only", ("no-usd",))


TRAP = """
@id("own-account") @reason("never to that account")
forbid (principal, action == Action::"bank.pay", resource)
when { context.arguments.iban == "DE00" };
"""


def test_a_forbid_whose_argument_is_missing_denies_in_spite_of_a_permit(tmp_path):
    policies = policy_set(tmp_path, PERMIT + TRAP)

    assert policies.decide(payment(iban="DE11")).allowed
    missing = policies.decide(payment())
    assert not missing.allowed
    assert "own-account" in missing.reason


def test_a_policy_that_reads_what_may_be_missing_is_refused_at_the_start(tmp_path):
    (flaw,) = flaws(tmp_path, PERMIT + TRAP)

    assert flaw.startswith("bank.cedar:6: own-account: unable to guarantee safety")


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "1e2"},
        {"amount": ...},
        {"amount": True},
        {"amount": None},
        {"supplier": None},
        {"unknown": "1"},
        {"__entity": {"type": "Person", "id": "bob"}},
    ],
)
def test_a_call_that_does_not_fit_the_approved_description_is_denied(tmp_path, changed):
    assert not policy_set(tmp_path, PERMIT).decide(payment(**changed)).allowed


def test_a_tool_without_a_description_shows_the_names_of_its_arguments_only(tmp_path):
    text = '@id("u") @reason("r") permit (principal, action == Action::"bank.undo", resource)'

    seen = f'{text} when {{ context.fields == ["payment"] }};'
    unseen = f'{text} when {{ context.arguments.payment == "1" }};'

    assert policy_set(tmp_path, seen).decide(call("undo", payment="1")).allowed
    assert "`arguments.payment`" in flaws(tmp_path, unseen)[0]


def test_obligations_of_all_permits_that_apply_add_up(tmp_path):
    text = PERMIT.replace("@reason", '@obligation("review:cfo, log") @reason')
    text += text.replace('"pays"', '"pays-too"').replace("review:cfo", "mask:payment.iban")

    verdict = policy_set(tmp_path, text).decide(payment())

    assert verdict.obligations == (
        Obligation("log"),
        Obligation("mask", "payment.iban"),
        Obligation("review", "cfo"),
    )


@pytest.mark.parametrize(("effect", "told"), [("forbid", "t would forbid"), ("permit", "t would permit")])
def test_a_policy_on_trial_is_told_of_and_does_not_decide(tmp_path, effect, told):
    trial = f'@id("t") @mode("log") @reason("r") {effect} (principal, action, resource);'

    permitted = policy_set(tmp_path, PERMIT + trial).decide(payment())
    denied = policy_set(tmp_path, trial).decide(payment())

    assert (permitted.allowed, permitted.tried) == (True, (told,))
    assert (denied.allowed, denied.tried) == (False, (told,))


def test_an_error_of_a_policy_on_trial_denies_nothing(tmp_path):
    verdict = policy_set(tmp_path, PERMIT + TRAP.replace("@id", '@mode("log") @id')).decide(payment())

    assert verdict.allowed
    assert "own-account" in verdict.tried[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("permit (principal, action, resource)", "bank.cedar:1: unexpected end"),
        ("\n// a comment; with a semicolon\npermit (principal, actoin, resource);", "bank.cedar:3: "),
        ('@reason("r") permit (principal, action, resource);', "needs an @id"),
        ('@id("a") permit (principal, action, resource);', "needs a @reason"),
        ('@id("a") @reason("r") @obligaton("log") permit (principal, action, resource);', "@obligaton"),
        ('@id("a") @reason("r") @obligation("ask:me") permit (principal, action, resource);', "ask:me"),
        ('@id("a") @reason("r") @obligation("log") forbid (principal, action, resource);', "for a permit"),
        ('@id("a") @reason("r") @mode("off") permit (principal, action, resource);', "@mode"),
        ('@id("a") @reason("r") permit (principal == ?principal, action, resource);', "template"),
        (PERMIT + PERMIT, "bank.cedar:6: bank.cedar:2 has the id 'pays' too"),
        ('@id("a;b") @reason("r") permit (principal, action, resource);', "bank.cedar:1: a policy needs"),
    ],
)
def test_a_malformed_policy_is_refused_with_file_and_line(tmp_path, text, told):
    with pytest.raises(PoliciesInvalid) as refused:
        policy_set(tmp_path, text)

    assert told in refused.value.message


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("bank.pay", "bank.pya", 'unrecognized action `Action::"bank.pya"`'),
        ('Process::"payables"', 'Proces::"payables"', "unrecognized entity type `Proces`"),
        (";", "when { context.arguments.total == 5 };", "attribute `arguments.total`"),
        (";", "when { context.arguments.amount > 5 };", "expected Long but saw"),
        (";", 'when { context.arguments.iban == "x" };', "optional attribute `arguments.iban`"),
    ],
)
def test_a_policy_that_names_what_there_is_not_is_refused_with_file_and_line(tmp_path, old, new, told):
    found = flaws(tmp_path, PERMIT.replace(old, new))

    assert all(flaw.startswith("bank.cedar:2: pays: ") for flaw in found)
    assert any(told in flaw for flaw in found)


@pytest.mark.parametrize(
    ("action", "mask", "told"),
    [
        ("bank.pay", "payment.id", "cannot do without payment.id in its receipt"),
        ("bank.pay", "payment", "cannot do without payment.id in its receipt"),
        ("bank.pay", "payment.iban", None),
        ("bank.get", "supplier.iban", None),
        ("bank.get", "orders.iban", None),
        ("bank.get", "supplier.ibna", "which no tool that it speaks of answers"),
        ("read", "supplier.iban", None),
    ],
)
def test_a_mask_hides_something_and_nothing_that_is_needed(tmp_path, action, mask, told):
    text = f'@id("m") @reason("r") @obligation("mask:{mask}")\n'
    text += f'permit (principal, action in Action::"{action}", resource);'

    found = flaws(tmp_path, text)

    assert told in found[0] if told else found == []
