"""The faults that the gauntlet knows, in the order of the table."""

from faults.answers import lost_answers, races, refused_answers
from faults.freezes import frozen_workers
from faults.kills import api_after_commit, at_every_point, at_random, no_workers
from trial import Fault

FAULTS = [
    Fault(
        "F1", "worker `kill -9` at every fail-point, for every contract class", 320, at_every_point, smoke=12
    ),
    Fault("F2", "random `kill -9` of workers under load", 1000, at_random, smoke=20),
    Fault("F3", "frozen worker beyond its lease at each boundary, then woken", 200, frozen_workers, smoke=10),
    Fault("F4", "all workers die, the API stays", 500, no_workers, smoke=40),
    Fault("F5", "API killed after the commit, before the response", 50, api_after_commit, smoke=3),
    Fault("F13", "answer lost after the effect was applied", 600, lost_answers, smoke=15),
    Fault("F31", "2, 20, 200 people answer one review at once", 500, races, smoke=10),
    Fault("F32", "replayed, forged, misshapen and foreign answers", 200, refused_answers, smoke=20),
]
