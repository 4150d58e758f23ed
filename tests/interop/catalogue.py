#!/usr/bin/env python3
"""Runs the shipped queries through `analyze` and through DuckDB over the same files, and compares every cell.

usage: catalogue.py LAKE ANALYZE_BIN

Queries are SQL that other engines run; functions of ours are written once more, in ours.py. `from`, `to` and `timezone` are
worked out here, for several ranges and time zones. The table `coverage` is handed over as Parquet, for DuckDB does not read footers;
the views that ship are SQL, which it gets as it is. Counts, text and money must be equal, rates within 1e-9. Rows are compared in the
order of the query, for each orders its rows completely. Exits 1 at a difference, naming it.
"""

import datetime
import decimal
import math
import re
import subprocess
import sys
import tempfile
import zoneinfo
from pathlib import Path

import duckdb
import pyarrow.parquet

import ours as functions

# What each query is asked: flags of analyze, and parameters besides their defaults. The clocks of New York go forward on
# 2026-03-08, a day of the sample.
CASES = [
    ([], {}),
    (
        ["--timezone", "America/New_York", "--from", "2026-03-07", "--to", "2026-03-09"],
        {"min_clicks": 1, "days": 1, "top": 20, "seconds": 30},
    ),
]
PARAMETER = re.compile(r"-- param: (\w+) (\w+) = (\S+)")


def analyze(binary: str, lake: Path, arguments: list[str], scratch: Path):
    out = scratch / "answer.parquet"
    command = [binary, *arguments, "--lake", str(lake), "--format", "parquet", "--output", str(out), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"error: analyze {' '.join(arguments)} exits {done.returncode}: {done.stderr}")
    return plain(pyarrow.parquet.read_table(out))


def plain(table: pyarrow.Table):
    columns = [column.to_pylist() for column in table.columns]
    return table.column_names, list(zip(*columns, strict=True))


def defaults(sql: str) -> dict[str, object]:
    readers = {"bigint": int, "int": int, "double": float, "text": lambda text: text.strip("'")}
    found = PARAMETER.findall(sql)
    return {name: None if value == "null" else readers[kind](value) for name, kind, value in found}


def is_same(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) or isinstance(theirs, float):
        if ours is None or theirs is None:
            return ours is theirs
        return math.isclose(float(ours), float(theirs), rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(ours, datetime.datetime) and isinstance(theirs, datetime.datetime):
        return ours.astimezone(datetime.UTC) == theirs.astimezone(datetime.UTC)
    if isinstance(ours, decimal.Decimal) or isinstance(theirs, decimal.Decimal):
        return ours is not None and theirs is not None and decimal.Decimal(ours) == decimal.Decimal(theirs)
    return ours == theirs


def compare(name: str, ours, theirs) -> str | None:
    (our_names, our_rows), (their_names, their_rows) = ours, theirs
    if our_names != their_names:
        return f"{name}: columns {our_names}, in DuckDB {their_names}"
    if len(our_rows) != len(their_rows):
        return f"{name}: {len(our_rows)} rows, in DuckDB {len(their_rows)}"
    for number, (our_row, their_row) in enumerate(zip(our_rows, their_rows, strict=True), 1):
        for column, our_cell, their_cell in zip(our_names, our_row, their_row, strict=True):
            if not is_same(our_cell, their_cell):
                return f"{name}, row {number}, {column}: {our_cell!r}, in DuckDB {their_cell!r}"
    return None


def instant(text: str, zone: zoneinfo.ZoneInfo, time: datetime.time) -> datetime.datetime:
    return datetime.datetime.combine(datetime.date.fromisoformat(text), time, zone).astimezone(datetime.UTC)


def bounds(flags: list[str], first: datetime.date, last: datetime.date) -> dict[str, object]:
    """`from`, `to` and `timezone`, worked out without analyze."""
    given = dict(zip(flags[::2], flags[1::2], strict=True))
    name = given.get("--timezone", "UTC")
    zone = zoneinfo.ZoneInfo(name if "--from" in given else "UTC")
    begin, end = given.get("--from", str(first)), given.get("--to", str(last))
    return {
        "from": instant(begin, zone, datetime.time.min),
        "to": instant(end, zone, datetime.time(23, 59, 59)),
        "timezone": name,
    }


def main() -> int:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    lake, binary = Path(sys.argv[1]).resolve(), sys.argv[2]
    queries = sorted((Path(__file__).parent / "../../queries").resolve().glob("*.sql"))
    # Scores are no SQL: their table is made by `analyze`.
    queries = [path for path in queries if "anomaly_scores" not in path.read_text()]
    scratch = Path(tempfile.mkdtemp())
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    functions.teach(duck)
    duck.execute(f"CREATE VIEW clicks AS FROM read_parquet('{lake}/clicks/**/*.parquet', hive_partitioning = true)")
    for table in ("coverage", "error_codes"):
        analyze(binary, lake, ["sql", f"SELECT * FROM {table}"], scratch)
        (scratch / "answer.parquet").rename(scratch / f"{table}.parquet")
        duck.execute(f"CREATE TABLE {table} AS FROM '{scratch}/{table}.parquet'")
    first, last = duck.execute("SELECT min(date), max(date) FROM clicks").fetchall()[0]
    for view in sorted((Path(__file__).parent / "../../queries/views").resolve().glob("*.sql")):
        duck.execute(f"CREATE VIEW {view.stem} AS {view.read_text()}")
    wrong, rows = [], 0
    for path in queries:
        sql = path.read_text()
        statement = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
        for flags, others in CASES:
            known = defaults(sql)
            own = {name: value for name, value in others.items() if name in known}
            values = bounds(flags, first, last) | known | own
            # Under other names than keywords, which `$from` and `$to` are to DuckDB.
            given = {f"p_{name}": value for name, value in values.items() if f"${name}" in statement}
            theirs = functions.in_duckdb(re.sub(r"\$(\w+)", r"$p_\1", statement))
            try:
                theirs = plain(duck.sql(theirs, params=given).to_arrow_table())
            except duckdb.Error as error:
                raise SystemExit(f"error: {path.stem} in DuckDB: {error}") from error
            params = [word for name, value in own.items() for word in ("--param", f"{name}={value}")]
            ours = analyze(binary, lake, ["run", str(path), *flags, *params], scratch)
            difference = compare(f"{path.stem} {' '.join(flags + params)}".strip(), ours, theirs)
            rows += len(ours[1])
            wrong += [difference] if difference else []
    print("\n".join(wrong) or f"{len(queries)} queries agree with DuckDB, each asked {len(CASES)} times: {rows} rows")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
