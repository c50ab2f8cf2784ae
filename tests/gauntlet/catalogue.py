"""The faults that the gauntlet knows, in the order of the table."""

import mechanisms
from faults.answers import lost_answers, lost_answers_on_tryton, races, refused_answers
from faults.changed_tools import changed_tools
from faults.clocks import skewed_clocks
from faults.crowds import many_waiting, timers_at_once
from faults.freezes import frozen_workers
from faults.injected import injected
from faults.kills import (
    api_after_commit,
    at_every_point,
    at_every_point_on_tryton,
    at_random,
    no_workers,
)
from faults.migrations import moved_cases
from faults.operators import interventions
from faults.outages import database_in_trouble, database_killed, disk_full, stopped_in_order
from faults.releases import rolled
from faults.revocations import revoked
from faults.secrets_kept import canaries
from faults.soak import soaked
from faults.starts import duplicates
from faults.strain import poisoned_cases, too_much
from faults.systems_in_trouble import hanging_systems, slow_answers, wrong_answers
from faults.tracing import sinks_in_trouble
from trial import Fault

FAULTS = [
    Fault("F1", "worker `kill -9` at every fail-point, every contract class", 336, at_every_point, smoke=6),
    Fault(
        "F1-tryton",
        "worker `kill -9` at every fail-point, an invoice in Tryton",
        60,
        at_every_point_on_tryton,
    ),
    Fault("F2", "random `kill -9` of workers under load", 1000, at_random, smoke=10),
    Fault("F3", "worker frozen beyond its lease at each boundary, then woken", 200, frozen_workers, smoke=10),
    Fault("F4", "all workers die, the API stays", 500, no_workers, smoke=40),
    Fault("F5", "API killed after the commit, before the response", 50, api_after_commit, smoke=3),
    Fault("F6", "SIGTERM to every process in turn, under load", 50, stopped_in_order, smoke=5),
    Fault("F7", "PostgreSQL `kill -9` and restart under load", 10, database_killed, smoke=1),
    Fault("F9", "database slow, silent, half-open, cut off, closed", 28, database_in_trouble),
    Fault("F11", "outside system answers too late", 60, slow_answers),
    Fault("F12", "outside system hangs or breaks off in its answer", 40, hanging_systems),
    Fault("F13", "answer lost after the effect was applied", 600, lost_answers, smoke=15),
    Fault(
        "F13-tryton",
        "answer of Tryton, or of our server over it, lost after the booking",
        100,
        lost_answers_on_tryton,
    ),
    Fault("F14", "outside system refuses, fails, or answers nonsense", 96, wrong_answers),
    Fault(
        "F18", "one start fifty times at once, with another body, by somebody else", 20, duplicates, smoke=2
    ),
    Fault("F17", "cases that raise, exit, kill their worker, never end", 20, poisoned_cases),
    Fault("F22", "clocks of hosts hours and months off, jumping, in other zones", 60, skewed_clocks),
    Fault("F23", "all timers due in one second", 10_000, timers_at_once),
    Fault("F24", "disk full below the tables of PostgreSQL", 3, disk_full),
    Fault("F27", "ten thousand cases wait", 10_000, many_waiting),
    Fault("F28", "bodies, graphs and states that are too large or cannot be kept", 3, too_much, smoke=1),
    Fault("F31", "2, 20, 200 people answer one review at once", 500, races, smoke=10),
    Fault("F32", "replayed, forged, misshapen and foreign answers", 200, refused_answers, smoke=20),
    Fault("F35", "a right taken away while cases run, and given back", 25, revoked, smoke=1),
    Fault("F39", "trace sink down, and hanging", 300, sinks_in_trouble),
    Fault("F41", "another version rolled out and back, under load", 4, rolled),
    Fault("F42", "waiting cases moved to another version while workers die", 1000, moved_cases),
    Fault("F43", "operators suspend, resume, cancel, retry while cases run", 600, interventions, smoke=30),
    Fault("F45", "injections in letters, answers, descriptions; forged invoices", 250, injected, smoke=10),
    Fault("F45-changed", "what a system says of its tool changes after the approval", 40, changed_tools),
    Fault(
        "F46", "a secret in every place, and servers that repeat what they are sent", 216, canaries, smoke=36
    ),
    Fault("F48", "soak: minutes of load and of random faults", 60, soaked),
]

WITHOUT = [
    Fault(
        "F3-without-fence",
        "as F3, the fence taken out",
        30,
        frozen_workers,
        smoke=10,
        without=mechanisms.FENCE,
    ),
    Fault(
        "F1-without-ledger",
        "as F1, the ledger taken out",
        100,
        at_every_point,
        without=mechanisms.LEDGER,
    ),
    Fault(
        "F31-without-compare-and-set",
        "as F31, the compare-and-set taken out",
        20,
        races,
        smoke=4,
        without=mechanisms.COMPARE_AND_SET,
    ),
    Fault(
        "F45-without-plan",
        "as F45, plan and witnesses taken out",
        50,
        injected,
        without=mechanisms.PLAN,
    ),
]

ALL = [*FAULTS, *WITHOUT]
