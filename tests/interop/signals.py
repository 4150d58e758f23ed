#!/usr/bin/env python3
"""Computes every shipped signal with DuckDB over the same files, from the same SQL, and compares what `analyze signals` says.

usage: signals.py LAKE ANALYZE_BIN

The shared tables are tables of DuckDB here, functions of ours are formulas of its own. Counts must be equal, other values
within 1e-9. Exits 1 at a difference, naming it.
"""

import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pyarrow.parquet

QUERIES = Path(__file__).parents[2] / "queries"
LISTS = Path(__file__).parents[2] / "data/lists"
# `js_divergence` of two columns of weights over the rows of a group, in bits.
MACROS = r"""
CREATE MACRO fingerprint(text) AS CASE WHEN text IS NOT NULL THEN hash(text) END;
CREATE MACRO ip_prefix(ip, bits4, bits6) AS CASE
    WHEN strpos(ip, ':') > 0 THEN array_to_string(string_split(ip, ':')[1:(bits6 // 16)], ':')
    WHEN bits4 = 24 THEN regexp_replace(ip, '\.[0-9x]+$', '') ELSE ip END;
CREATE MACRO local_hour(time, zone) AS hour(timezone(nullif(zone, '?'), time));
CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern);
CREATE MACRO date_bin(width, time) AS time_bucket(width, time);
CREATE MACRO part(weight, total, middle) AS CASE WHEN weight > 0 THEN weight / total * log2(weight / total / middle) ELSE 0 END;
CREATE MACRO js(pairs, p, q) AS list_sum(
    [(part(w[1], p, (w[1] / p + w[2] / q) / 2) + part(w[2], q, (w[1] / p + w[2] / q) / 2)) / 2 for w in pairs]);
CREATE MACRO js_divergence(x, y) AS CASE WHEN sum(x) > 0 AND sum(y) > 0 THEN
    js(list([x::DOUBLE, y::DOUBLE]), sum(x)::DOUBLE, sum(y)::DOUBLE) END;
"""


def words(name: str) -> list[str]:
    lines = (line.strip() for line in (LISTS / name).read_text().splitlines())
    return [line.lower() for line in lines if line and not line.startswith("#")]


def prepare(con: duckdb.DuckDBPyConnection, lake: Path) -> None:
    con.execute("SET TimeZone = 'UTC'")
    con.execute(MACROS)
    bots, names = words("declared_bots.txt"), words("datacenter_names.txt")
    con.create_function("is_bot", lambda agent: any(bot in agent.lower() for bot in bots), ["VARCHAR"], "BOOLEAN")
    company = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names))
    con.create_function("is_host", lambda isp: bool(company.search(isp.lower())), ["VARCHAR"], "BOOLEAN")
    con.execute("CREATE MACRO is_declared_bot(agent) AS is_bot(agent)")
    con.execute(
        "CREATE MACRO is_datacenter(isp, organization, ip) AS CASE WHEN isp IS NOT NULL OR organization IS NOT NULL"
        " THEN coalesce(is_host(isp), false) OR coalesce(is_host(organization), false)"
        " WHEN ip IS NOT NULL THEN false END"
    )
    codes = LISTS.parent / "error_codes.csv"
    con.execute(f"CREATE TABLE codes AS SELECT * FROM read_csv('{codes}')")
    con.execute("CREATE MACRO error_class(said) AS coalesce((SELECT class FROM codes WHERE code = said), 'unknown')")
    files = f"{lake}/clicks/**/*.parquet"
    con.execute(f"CREATE TABLE rated_clicks AS SELECT *, 1 AS basis FROM read_parquet('{files}', hive_partitioning = true)")


def statement(path: Path) -> str:
    sql = re.sub(r"--[^\n]*", "", path.read_text())
    sql = sql.replace("{entity_name}", "affiliate_name")
    sql = sql.replace("{entity}", "coalesce(CAST(affiliate_id AS VARCHAR), '-')")
    return sql.replace("click_time BETWEEN $from AND $to", "true")


def build(con: duckdb.DuckDBPyConnection) -> None:
    """The shared tables, each after those that it reads."""
    waiting = {path.stem: statement(path) for path in sorted((QUERIES / "signals/shared").glob("*.sql"))}
    while waiting:
        ready = [name for name, sql in waiting.items() if not reads(sql) & (waiting.keys() - {name})]
        for name in ready:
            con.execute(f"CREATE TABLE {name} AS {waiting.pop(name)}")


def reads(sql: str) -> set[str]:
    return set(re.findall(r"(?:FROM|JOIN) (\w+)", sql))


def said_by_analyze(lake: Path, binary: str) -> dict:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "signals.parquet"
        command = [binary, "signals", "--lake", str(lake), "--format", "parquet", "--output", str(out), "--quiet"]
        subprocess.run(command, check=True)
        rows = pyarrow.parquet.read_table(out).to_pylist()
    return {(row["signal"], row["account"], row["entity"]): row for row in rows}


def same(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


def main() -> None:
    lake, binary = Path(sys.argv[1]), sys.argv[2]
    expected = said_by_analyze(lake, binary)
    con = duckdb.connect()
    prepare(con, lake)
    build(con)
    compared = 0
    for path in sorted((QUERIES / "signals").glob("*.sql")):
        rows = con.execute(statement(path)).fetchall()
        names = [column[0] for column in con.description]
        for row in (dict(zip(names, row, strict=True)) for row in rows):
            value = row["value"] if "value" in row else (row["x"] / row["n"] if row["n"] else None)
            if not row["n"] or value is None or math.isnan(value):
                continue
            key = (path.stem, row["account"], row["entity"])
            other = expected.pop(key, None)
            if other is None:
                raise SystemExit(f"error: {key}: DuckDB says {row}, analyze nothing")
            pairs = [(value, other["value"]), (row["n"], other["n"]), (row.get("expected"), other["expected"])]
            if not all(same(a and float(a), b) for a, b in pairs):
                raise SystemExit(f"error: {key}: DuckDB says {row}, analyze {other}")
            compared += 1
    if expected:
        raise SystemExit(f"error: analyze says {next(iter(expected.values()))}, DuckDB nothing")
    print(f"{compared} observations of {lake} are the same in DuckDB")


if __name__ == "__main__":
    main()
