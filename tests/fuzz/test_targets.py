"""Every reader ends in a result or in a sentence, whatever it is given: a short run. `make fuzz` is the long one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutate
from tests.fuzz.targets import TARGETS, End, Target, end_of

ROOT = Path(__file__).parents[2]

everywhere = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@everywhere
def test_some_of_a_targets_seeds_are_read(target: Target) -> None:
    assert End.RESULT in {end_of(target, seed) for seed in target.seeds()}


@everywhere
def test_an_input_ends_in_a_result_or_a_sentence(target: Target) -> None:
    seeds = list(target.seeds())
    inputs = st.builds(
        lambda seed, chance: mutate(seed, Random(chance), target.shape, target.words, seeds),
        st.sampled_from(seeds),
        st.integers(0, 2**64),
    )

    @settings(
        max_examples=target.pace,
        deadline=None,  # each input has its own: see `end_of`
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def try_one(data: bytes) -> None:
        end_of(target, data)

    try_one()


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel for this Python or machine")
def test_the_guided_fuzzer_finds_no_defect(tmp_path: Path) -> None:
    names = ("records", "zip")
    options = ("--seconds", "20", "--runs", "400", "--seed", "7", "--work", str(tmp_path))
    command = [sys.executable, "tests/fuzz/guided.py", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([*command, *names], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    for name in names:
        told = json.loads((tmp_path / name / "told.json").read_text())
        assert told["results"] + told["refused"] == told["inputs"] > 0
