"""datacompy's report on two releases: `datacompy_report.py OLD.csv NEW.csv OUTPUT.html [ROWS]`.

Its own command line cannot be told that all values are texts, and then calls every record changed: pandas takes the
codes of a column for numbers on one side and for texts on the other.
"""

from __future__ import annotations

import sys

import datacompy  # type: ignore[import-not-found]  # in an environment of its own
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

old, new, output, *rows = sys.argv[1:]
sides = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in (old, new)]
compared = datacompy.PandasCompare(*sides, join_columns="HCPC", df1_name="old", df2_name="new")
samples = int(rows[0]) if rows else 10
compared.report(sample_count=samples, column_count=len(sides[0].columns) if rows else 10, html_file=output)
