#!/usr/bin/env python3
"""Lands clicks in a lake in S3, by two landings at once and under the eyes of `analyze`, and compares with a local lake.

usage: object_store.py s3_lake.py BIN_DIR SCRATCH_DIR

Both landings must finish and nothing of either be lost, `analyze` must never fail nor count a click twice meanwhile, and
in the end the objects are the files of the local lake, byte for byte. Exits 1 at a difference, naming it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3

DAYS = 3


def run(command: list, **options) -> subprocess.CompletedProcess:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise SystemExit(f"error: {' '.join(map(str, command))} exits {done.returncode}: {done.stderr}")
    return done


class Tools:
    def __init__(self, folder: Path):
        self.fetcher, self.analyze, self.simulator = folder / "fetcher", folder / "analyze", folder / "everflow-sim"

    def generate(self, path: Path, feed: str) -> Path:
        options = ["--seed", 11, "--from", "2026-03-02", "--days", DAYS, "--clicks-per-day", 2000, "--format", "ndjson"]
        with path.open("w") as file:
            command = [self.simulator, "generate", "--feed", feed, *options]
            subprocess.run([str(part) for part in command], stdout=file, check=True)
        return path

    def landing(self, path: Path, feed: str, lake: str) -> list[str]:
        flags = ["--source", feed, "--as-of", "2026-03-09", "--account", "acme", "--quiet"]
        return [str(self.fetcher), "land", str(path), "--lake", lake, *flags]

    def query(self, lake: str, statement: str) -> list[dict]:
        return json.loads(run([self.analyze, "sql", statement, "--lake", lake, "--format", "json"]).stdout)


def objects_of(bucket: str, prefix: str) -> dict[str, bytes]:
    client = boto3.client("s3")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/")
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    read = {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
    return {key.removeprefix(prefix + "/"): content for key, content in read.items()}


def parquet_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.parquet")}


def watch(tools: Tools, lake: str, landings: list[subprocess.Popen]) -> int:
    """Counts again and again while the landings run; returns how often."""
    counted, rows = 0, 0
    while any(landing.poll() is None for landing in landings):
        (found,) = tools.query(lake, "SELECT count(*) AS n, count(DISTINCT transaction_id) AS ids FROM clicks")
        if found["n"] != found["ids"] or found["n"] < rows:
            raise SystemExit(f"error: analyze counts {found} beside landings, after {rows}")
        counted, rows = counted + 1, found["n"]
    return counted


def main() -> int:
    if len(sys.argv) != 3 or "CLICKPROOF_S3_BUCKET" not in os.environ:
        raise SystemExit(__doc__)
    tools, scratch, bucket = Tools(Path(sys.argv[1])), Path(sys.argv[2]), os.environ["CLICKPROOF_S3_BUCKET"]
    feeds = ["network-clicks", "invalid-clicks"]
    inputs = [(tools.generate(scratch / f"s3-{feed}.ndjson", feed), feed) for feed in feeds]
    local, remote = scratch / "beside-s3", f"s3://{bucket}/race/lake"
    for path, feed in inputs:
        run(tools.landing(path, feed, str(local)))
    # Made first, so that there is something to watch; by a landing of no rows.
    nothing = scratch / "nothing.json"
    nothing.write_text('{"clicks": []}')
    run(tools.landing(nothing, feeds[0], remote))
    landings = [subprocess.Popen(tools.landing(path, feed, remote)) for path, feed in inputs]
    counted = watch(tools, remote, landings)
    if codes := [landing.returncode for landing in landings if landing.returncode != 0]:
        raise SystemExit(f"error: of two landings at once, some exit with {codes}")
    found, expected = objects_of(bucket, "race/lake"), parquet_of(local)
    found = {key: content for key, content in found.items() if key.endswith(".parquet")}
    if found != expected:
        differing = sorted(key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key))
        raise SystemExit(f"error: objects differ from the files of a local lake: {', '.join(differing)}")
    for statement in ["SELECT error_code, count(*) AS n, sum(payout) AS paid FROM clicks GROUP BY 1 ORDER BY 1",
                      "SELECT feeds, count(*) AS n FROM clicks GROUP BY 1 ORDER BY 1"]:  # fmt: skip
        if tools.query(remote, statement) != tools.query(str(local), statement):
            raise SystemExit(f"error: analyze answers otherwise in S3: {statement}")
    print(f"S3: {len(found)} objects as the local files, byte for byte; analyze counted {counted} times meanwhile")
    return 0


if __name__ == "__main__":
    sys.exit(main())
