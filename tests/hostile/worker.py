"""Reads files, one after the other, in a limited memory: `["release", "/path", {}]` -> what came of it, as JSON."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])

from tests.hcpcs.builders import normalise  # noqa: E402
from tests.lists.samples import SHAPE  # noqa: E402
from tracker.app.files import opened  # noqa: E402
from tracker.errors import TrackerError  # noqa: E402
from tracker.hcpcs.readers import recognise  # noqa: E402
from tracker.lists.source import open_list  # noqa: E402


def come_of(kind: str, path: Path) -> str:
    """Read a file to its end."""
    try:
        if kind == "list":
            return f"read: {sum(1 for _ in open_list(path, SHAPE).rows())} rows"
        with opened(path) as file:
            raw = recognise.read(path.name, file)
            found = normalise(raw)
            texts = [text for record in raw.records for text in (record.code, record.file, *record.values.values())]
        assert "\0" not in "".join(texts)
        return f"read: {', '.join(record.code for record in found.records[:3])}; {len(found.problems)} problems"
    except TrackerError as error:
        return f"refused: {error}"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a defect
        return f"defect: {type(error).__name__}: {error}"


def main() -> None:
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for line in sys.stdin:
        kind, path, limits = json.loads(line)
        for name in [name for name in os.environ if name.startswith("TRACKER_LIMIT_")]:
            del os.environ[name]
        os.environ.update({f"TRACKER_LIMIT_{name}": value for name, value in limits.items()})
        print(json.dumps(come_of(kind, Path(path))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
