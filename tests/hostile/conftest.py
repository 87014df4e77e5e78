"""A process in which hostile files are read: with little memory, and an end to its patience."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
MEMORY = 1536 * 1024**2
"""Bytes of address space that reading any hostile file must do with: Python and its libraries take 300 MB of it."""

PATIENCE = 60
"""Seconds after which reading hangs. On the slowest machine every case takes a tenth of it."""

Reading = Callable[..., str]
"""Reads a file, or the content of one, as a `release` or a `list`; returns what came of it."""


class _Worker:
    """The process, begun anew when it ended."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), str(MEMORY)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.answers: Queue[str] = Queue()
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put("")

    def ask(self, kind: str, path: Path, limits: dict[str, str]) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([kind, str(path), limits]) + "\n")
        self.process.stdin.flush()
        try:
            answer = self.answers.get(timeout=PATIENCE)
        except Empty:
            self.process.kill()
            pytest.fail("reading does not end")
        if not answer:
            pytest.fail(f"the process ended: {self.end()}")
        return str(json.loads(answer))

    def end(self) -> str:
        self.process.kill()
        _, told = self.process.communicate()
        return told[-2000:]


@pytest.fixture(scope="session")
def workers() -> Iterator[list[_Worker]]:
    running: list[_Worker] = []
    yield running
    for worker in running:
        worker.end()


@pytest.fixture
def reading(workers: list[_Worker], tmp_path: Path) -> Reading:
    """Give the function that reads in the process: it fails where something else than a `TrackerError` comes of it."""

    def read(content: bytes | Path, name: str = "HCPC2026_JAN_ANWEB.bin", kind: str = "release", **limits: str) -> str:
        path = content if isinstance(content, Path) else tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        if not workers or workers[-1].process.poll() is not None:
            workers.append(_Worker())
        told = workers[-1].ask(kind, path, limits)
        assert not told.startswith("defect"), told
        assert "\n" not in told
        return told

    return read
