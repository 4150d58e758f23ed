#!/usr/bin/env python3
"""Reads a lake with DuckDB, Polars, pyarrow and pandas, and compares what they see with what `analyze` sees.

usage: interop.py LAKE ANALYZE_BIN

The layout's promise is that `clicks/**/*.parquet` is a right table for any tool. So every tool must find the same rows, the
same sums, the same non-null values in every column, the same types, and the keys that the directories carry. Exits 1 at a
difference, naming it.
"""

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet

DIRECTORY_KEYS = ["account", "date", "hour"]
LAYOUT = re.compile(
    r"clicks/account=[a-z][a-z0-9_-]*/date=\d{4}-\d\d-\d\d(/hour=\d\d)?/clicks\.parquet"
    r"|quarantine/account=[a-z][a-z0-9_-]*/[0-9a-f]{64}\.parquet"
)

# What each tool calls a type, and what we call it: (pattern, name), first match wins.
TYPES = [
    (r"utf8|largeutf8|utf8view|large_string|string|str|varchar", "text"),
    (r"int32|integer", "int32"),
    (r"int64|bigint", "int64"),
    (r"float64|double", "float64"),
    (r"bool(ean)?", "boolean"),
    (r"date(32)?(\[day\])?", "date"),
    (r"decimal(128)?\(.*?18, ?(scale=)?6\)", "decimal(18,6)"),
    (r"timestamp with time zone|(timestamp|datetime).*(us|µs|microsecond).*utc.*", "timestamp(us, UTC)"),
    (r"map.*|list\(struct\(\{'key': string, 'value': string\}\)\)", "map"),
]


def type_name(tool: str, spelling: object) -> str:
    for pattern, name in TYPES:
        if re.fullmatch(pattern, str(spelling), re.IGNORECASE):
            return name
    raise SystemExit(f"error: {tool} has a type that this test does not know: {spelling}")


def quoted(columns: list[str]) -> list[str]:
    return [f'"{column}"' for column in columns]


def seconds(moment: datetime) -> float:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def facts(rows, ids, payout, revenue, codes, first, last, non_null, accounts, days) -> dict:
    """The same facts from every tool, in plain types."""
    return {
        "rows": int(rows),
        "distinct transaction ids": int(ids),
        "sum of payout": Decimal(str(payout or 0)).normalize(),
        "sum of revenue": Decimal(str(revenue or 0)).normalize(),
        "sum of error_code": int(codes),
        "first click_time": float(first),
        "last click_time": float(last),
        **{f"non-null {column}": int(count) for column, count in non_null.items()},
        "accounts": sorted(str(account) for account in accounts),
        "days": sorted({str(day)[:10] for day in days}),
    }


class Analyze:
    """Our own reader, through its command line."""

    def __init__(self, binary: str, lake: Path):
        self.binary, self.lake = binary, lake

    def query(self, statement: str) -> list[dict]:
        command = [self.binary, "sql", statement, "--lake", str(self.lake), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise SystemExit(f"error: analyze exits {done.returncode}: {done.stderr}\n{statement}")
        return json.loads(done.stdout)

    def types(self, columns: list[str]) -> dict[str, str]:
        select = ", ".join(f"arrow_typeof({column}) AS {column}" for column in quoted(columns))
        (row,) = self.query(f"SELECT {select} FROM clicks LIMIT 1")
        return {column: type_name("analyze", row[column]) for column in columns}

    def facts(self, columns: list[str]) -> dict:
        counts = ", ".join(f"count({column}) AS {column}" for column in quoted(columns))
        (total,) = self.query(
            "SELECT count(*) AS n, count(DISTINCT transaction_id) AS ids, CAST(sum(payout) AS varchar) AS payout, "
            "CAST(sum(revenue) AS varchar) AS revenue, sum(error_code) AS codes, "
            "date_part('epoch', min(click_time)) AS first, date_part('epoch', max(click_time)) AS last FROM clicks"
        )
        (non_null,) = self.query(f"SELECT {counts} FROM clicks")
        keys = self.query("SELECT DISTINCT account, CAST(date AS varchar) AS day FROM clicks")
        return facts(
            total["n"], total["ids"], total["payout"], total["revenue"], total["codes"], total["first"], total["last"],
            non_null, {key["account"] for key in keys}, {key["day"] for key in keys},
        )  # fmt: skip


class DuckDb:
    def __init__(self, lake: Path):
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.table = f"read_parquet('{lake}/clicks/**/*.parquet', hive_partitioning = true)"

    def types(self, columns: list[str]) -> dict[str, str]:
        described = self.connection.execute(f"DESCRIBE SELECT * FROM {self.table}").fetchall()
        spellings = {row[0]: row[1] for row in described}
        return {column: type_name("DuckDB", spellings[column]) for column in columns}

    def facts(self, columns: list[str]) -> dict:
        counts = ", ".join(f"count({column})" for column in quoted(columns))
        row = self.connection.execute(
            "SELECT count(*), count(DISTINCT transaction_id), sum(payout), sum(revenue), sum(error_code), "
            f"epoch(min(click_time)), epoch(max(click_time)), {counts} FROM {self.table}"
        ).fetchone()
        keys = self.connection.execute(f"SELECT DISTINCT account, date FROM {self.table}").fetchall()
        non_null = dict(zip(columns, row[7:], strict=True))
        return facts(*row[:7], non_null, {key[0] for key in keys}, {key[1] for key in keys})


class Polars:
    def __init__(self, lake: Path):
        self.frame = polars.scan_parquet(f"{lake}/clicks/**/*.parquet", hive_partitioning=True)

    def types(self, columns: list[str]) -> dict[str, str]:
        schema = self.frame.collect_schema()
        return {column: type_name("Polars", schema[column]) for column in columns}

    def facts(self, columns: list[str]) -> dict:
        column = polars.col
        row = (
            self.frame.select(
                polars.len().alias("n"),
                column("transaction_id").n_unique().alias("ids"),
                column("payout").sum().alias("money out"),
                column("revenue").sum().alias("money in"),
                column("error_code").cast(polars.Int64).sum().alias("codes"),
                column("click_time").min().alias("first"),
                column("click_time").max().alias("last"),
                *[column(name).count().alias(f"non-null {name}") for name in columns],
            )
            .collect()
            .row(0, named=True)
        )
        keys = self.frame.select("account", "date").unique().collect()
        return facts(
            row["n"], row["ids"], row["money out"], row["money in"], row["codes"], seconds(row["first"]), seconds(row["last"]),
            {name: row[f"non-null {name}"] for name in columns}, set(keys["account"]), set(keys["date"]),
        )  # fmt: skip


def arrow_facts(table: pyarrow.Table, columns: list[str]) -> dict:
    compute = pyarrow.compute
    bounds = compute.min_max(table["click_time"]).as_py()
    return facts(
        table.num_rows,
        compute.count_distinct(table["transaction_id"]).as_py(),
        compute.sum(table["payout"]).as_py(),
        compute.sum(table["revenue"]).as_py(),
        compute.sum(table["error_code"]).as_py(),
        seconds(bounds["min"]),
        seconds(bounds["max"]),
        {column: table.num_rows - table[column].null_count for column in columns},
        set(table["account"].to_pylist()),
        set(table["date"].to_pylist()),
    )


class PyArrow:
    def __init__(self, lake: Path):
        self.dataset = pyarrow.dataset.dataset(lake / "clicks", format="parquet", partitioning="hive")

    def types(self, columns: list[str]) -> dict[str, str]:
        return {column: type_name("pyarrow", self.dataset.schema.field(column).type) for column in columns}

    def facts(self, columns: list[str]) -> dict:
        return arrow_facts(self.dataset.to_table(), columns)


class Pandas:
    """Reads the folder in one line, as its users would; with Arrow's types, for numpy has no decimals."""

    def __init__(self, lake: Path):
        frame = pandas.read_parquet(lake / "clicks", dtype_backend="pyarrow")
        self.table = pyarrow.Table.from_pandas(frame, preserve_index=False)

    def types(self, columns: list[str]) -> dict[str, str]:
        return {column: type_name("pandas", self.table.schema.field(column).type) for column in columns}

    def facts(self, columns: list[str]) -> dict:
        return arrow_facts(self.table, columns)


def check_layout(lake: Path) -> list[Path]:
    """Every Parquet file stands where the layout has it; returns those of clicks."""
    found = sorted(lake.rglob("*.parquet"))
    strangers = [path for path in found if not LAYOUT.fullmatch(path.relative_to(lake).as_posix())]
    if strangers:
        raise SystemExit(f"error: Parquet files outside the layout: {', '.join(map(str, strangers))}")
    clicks = [path for path in found if path.relative_to(lake).parts[0] == "clicks"]
    if not clicks:
        raise SystemExit(f"error: no clicks in {lake}")
    return clicks


def check_directory_keys(clicks: list[Path], days: list[str], accounts: list[str]) -> None:
    """The directories name exactly the accounts and days that the tools read from them, and days that exist."""
    keys = [dict(part.split("=", 1) for part in path.parts if "=" in part) for path in clicks]
    named_days = sorted({date.fromisoformat(key["date"]).isoformat() for key in keys})
    named_accounts = sorted({key["account"] for key in keys})
    if (named_days, named_accounts) != (days, accounts):
        raise SystemExit(f"error: directories name {named_accounts}, {named_days}; tools read {accounts}, {days}")


def differences(expected: dict, found: dict) -> list[str]:
    return [
        f"{name}: analyze {value}, here {found.get(name)}"
        for name, value in expected.items()
        if found.get(name) != value
    ]


def main() -> int:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    lake, analyze = Path(sys.argv[1]).resolve(), Analyze(sys.argv[2], Path(sys.argv[1]).resolve())
    clicks = check_layout(lake)
    columns = [name for name in pyarrow.parquet.read_schema(clicks[0]).names if name not in DIRECTORY_KEYS]
    expected_types, expected_facts = analyze.types(columns), analyze.facts(columns)
    check_directory_keys(clicks, expected_facts["days"], expected_facts["accounts"])
    failed = False
    for tool in (DuckDb, Polars, PyArrow, Pandas):
        reader = tool(lake)
        wrong = differences(expected_types, reader.types(columns)) + differences(expected_facts, reader.facts(columns))
        failed |= bool(wrong)
        print(f"{tool.__name__}: " + ("agrees" if not wrong else "differs:\n  " + "\n  ".join(wrong)))
    rows, days = expected_facts["rows"], len(expected_facts["days"])
    print(f"{lake.name}: {len(clicks)} files, {rows} rows, {days} days, {len(columns)} columns")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
