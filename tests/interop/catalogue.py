#!/usr/bin/env python3
"""Runs the shipped queries through `analyze` and through DuckDB over the same files, and compares every cell.

usage: catalogue.py LAKE ANALYZE_BIN

A query that uses no function of ours is SQL that other engines run. Parameters keep their defaults; `from`, `to` and
`timezone` are the lake's bounds and UTC, as in `analyze`. The table `coverage` is handed over as Parquet, for DuckDB does not
read footers; the views that ship are SQL, which it gets as it is. Counts, text and money must be equal, rates within 1e-9. Rows are compared in the order of the query, for each
orders its rows completely. Exits 1 at a difference, naming it; says which queries were left out, and why.
"""

import datetime
import decimal
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pyarrow.parquet

# Functions of ours.
OURS = re.compile(
    r"\b(beta_binomial_sf|error_class|ip_is_masked|ip_prefix|is_datacenter|is_declared_bot|local_date|local_hour|poisson_sf"
    r"|entropy|fano|hhi|js_divergence|mad|top_share|benjamini_hochberg|robust_z)\("
)
# Ours, but a formula that DuckDB can be taught.
MACROS = """
CREATE MACRO wilson_center(k, n) AS k + 1.9207294103470617;
CREATE MACRO wilson_half(k, n) AS 1.959963984540054 * sqrt(k * (n - k) / n + 0.9603647051735309);
CREATE MACRO wilson_lower(k, n) AS CASE WHEN n > 0 AND k BETWEEN 0 AND n THEN
    CASE WHEN k = 0 THEN 0 ELSE (wilson_center(k::DOUBLE, n::DOUBLE) - wilson_half(k::DOUBLE, n::DOUBLE)) / (n + 3.8414588206941236) END END;
CREATE MACRO wilson_upper(k, n) AS CASE WHEN n > 0 AND k BETWEEN 0 AND n THEN
    CASE WHEN k = n THEN 1 ELSE (wilson_center(k::DOUBLE, n::DOUBLE) + wilson_half(k::DOUBLE, n::DOUBLE)) / (n + 3.8414588206941236) END END;
CREATE MACRO cardinality(list) AS len(list);
"""
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


def main() -> int:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    lake, binary = Path(sys.argv[1]).resolve(), sys.argv[2]
    queries = sorted((Path(__file__).parent / "../../queries").resolve().glob("*.sql"))
    scratch = Path(tempfile.mkdtemp())
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    duck.execute(MACROS)
    duck.execute(f"CREATE VIEW clicks AS FROM read_parquet('{lake}/clicks/**/*.parquet', hive_partitioning = true)")
    for table in ("coverage", "error_codes"):
        analyze(binary, lake, ["sql", f"SELECT * FROM {table}"], scratch)
        (scratch / "answer.parquet").rename(scratch / f"{table}.parquet")
        duck.execute(f"CREATE TABLE {table} AS FROM '{scratch}/{table}.parquet'")
    first, last = duck.execute("SELECT min(date), max(date) FROM clicks").fetchall()[0]
    for view in sorted((Path(__file__).parent / "../../queries/views").resolve().glob("*.sql")):
        duck.execute(f"CREATE VIEW {view.stem} AS {view.read_text()}")
    bounds = {
        "from": datetime.datetime.combine(first, datetime.time.min, datetime.UTC),
        "to": datetime.datetime.combine(last, datetime.time(23, 59, 59), datetime.UTC),
        "timezone": "UTC",
    }
    wrong, same, left_out = [], [], []
    for path in queries:
        sql = path.read_text()
        statement = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
        if OURS.search(statement):
            left_out.append(path.stem)
            continue
        given = {name: value for name, value in (bounds | defaults(sql)).items() if f"${name}" in statement}
        # Under other names than keywords, which `$from` and `$to` are to DuckDB.
        statement = re.sub(r"\$(\w+)", r"$p_\1", statement)
        values = {f"p_{name}": value for name, value in given.items()}
        theirs = plain(duck.sql(statement, params=values).to_arrow_table())
        ours = analyze(binary, lake, ["run", str(path)], scratch)
        difference = compare(path.stem, ours, theirs)
        (wrong if difference else same).append(difference or path.stem)
    print(f"the same as DuckDB: {', '.join(same)}")
    print(f"left out, for they use functions of ours: {', '.join(left_out)}")
    print("\n".join(wrong) or f"{len(same)} queries agree")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
