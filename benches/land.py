#!/usr/bin/env python3
"""`fetcher land` against DuckDB's COPY (FROM read_json) TO parquet (zstd): same file, same machine, alternating runs.

usage: land.py FETCHER_BIN EVERFLOW_SIM_BIN [--runs N] [--rows N] [--huge GB] [--record FILE]

Makes the input once (200,000 network clicks of two weeks, newest first, as NDJSON; kept under ~/.cache/clickproof/bench), then
runs the two in turn, N times each, and prints every run, the medians, their ratio, MB/s and the peak memory of each process.
Both read the file from the page cache. DuckDB runs with its defaults, in a process of its own, and its clock begins after it was
imported. `--huge 5` also streams 5 GB through a pipe into `fetcher land -` and prints the peak memory of that. `--record`
appends the output to a file. Use release binaries, and leave the machine alone meanwhile.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

CACHE = Path.home() / ".cache" / "clickproof"
VENV_PYTHON = CACHE / "venv" / "bin" / "python"
REQUIREMENTS = Path(__file__).parents[1] / "tests" / "interop" / "requirements.txt"
DAYS = 14
RATIO_WANTED = 3.0

DUCKDB_COPY = """
import sys, time, duckdb
source, target = sys.argv[1:]
connection = duckdb.connect()
connection.execute('SET enable_progress_bar = false')
started = time.perf_counter()
connection.execute(
    f"COPY (FROM read_json('{source}', format = 'newline_delimited')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
)
print(time.perf_counter() - started)
"""


@dataclass
class Run:
    seconds: float
    peak_mib: float
    stored_mb: float


class Output:
    """Prints, and keeps what it printed for `--record`."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str = "") -> None:
        print(line, flush=True)
        self.lines.append(line)


def measured(command: list[str], stdin=None) -> tuple[float, float, str]:
    """Seconds, peak memory in MiB and stdout of a child; ends the benchmark where the child fails."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        stderr.seek(0)
        if child.returncode != 0:
            sys.exit(f"error: {' '.join(command)} exits {child.returncode}: {stderr.read().decode()}")
        return seconds, usage.ru_maxrss / 1024, stdout.read().decode()


def megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def generate(simulator: str, rows: int) -> list[str]:
    # The simulator makes whole weeks: a few more a day, cut to the row by `head`.
    per_day = rows // DAYS + 20
    flags = f"generate --feed network-clicks --seed 1 --from 2026-03-02 --days {DAYS} --clicks-per-day {per_day} --affiliates 60"
    return [simulator, *flags.split(), "--format", "ndjson"]


def input_file(simulator: str, rows: int) -> Path:
    path = CACHE / "bench" / f"clicks-{rows // 1000}k.ndjson"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with open(unfinished, "wb") as file:
        source = subprocess.Popen(generate(simulator, rows), stdout=subprocess.PIPE)
        subprocess.run(["head", "-n", str(rows)], stdin=source.stdout, stdout=file, check=True)
        source.stdout.close()
        if source.wait() != 0:
            sys.exit("error: the simulator failed")
    return unfinished.rename(path)


def python_with_duckdb() -> str:
    if not VENV_PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV_PYTHON.parents[1])], check=True)
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([str(VENV_PYTHON), "-m", "pip", "install", *quiet, "-r", str(REQUIREMENTS)], check=True)
    return str(VENV_PYTHON)


def run_duckdb(python: str, source: Path, scratch: Path) -> Run:
    target = scratch / "duckdb.parquet"
    _, peak_mib, stdout = measured([python, "-c", DUCKDB_COPY, str(source), str(target)])
    run = Run(float(stdout), peak_mib, megabytes(target))
    target.unlink()
    return run


def run_fetcher(fetcher: str, source: Path, scratch: Path) -> Run:
    lake = scratch / "lake"
    command = [fetcher, "land", str(source), "--lake", str(lake), "--source", "network-clicks", "--quiet"]
    seconds, peak_mib, _ = measured(command)
    run = Run(seconds, peak_mib, megabytes(lake))
    shutil.rmtree(lake)
    return run


def run_huge(
    fetcher: str, simulator: str, gigabytes: float, bytes_per_row: float, scratch: Path, output: Output
) -> None:
    lake = scratch / "huge"
    rows = int(gigabytes * 1e9 / bytes_per_row)
    source = subprocess.Popen(generate(simulator, rows), stdout=subprocess.PIPE)
    command = [fetcher, "land", "-", "--lake", str(lake), "--source", "network-clicks", "--quiet"]
    seconds, peak_mib, _ = measured(command, stdin=source.stdout)
    source.stdout.close()
    if source.wait() != 0:
        sys.exit("error: the simulator failed")
    output.say(
        f"{gigabytes:g} GB through a pipe: {seconds:.0f} s with the simulator beside it, peak memory {peak_mib:.0f} MiB "
        f"(at most 512), lake {megabytes(lake):.0f} MB"
    )


def cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def machine(python: str) -> str:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = subprocess.run([python, "-c", "import duckdb; print(duckdb.__version__)"], capture_output=True, text=True)
    return (
        f"{os.cpu_count()} cores ({cpu_model()}), {memory_gib:.0f} GiB, {platform.system()} {platform.release()}, "
        f"load {os.getloadavg()[0]:.1f}, duckdb {version.stdout.strip()}, {time.strftime('%Y-%m-%d')}"
    )


def summary(name: str, runs: list[Run], input_mb: float) -> str:
    seconds = statistics.median(run.seconds for run in runs)
    spread = f"{min(run.seconds for run in runs):.2f} - {max(run.seconds for run in runs):.2f}"
    return (
        f"{name:<14} {seconds:6.2f} s ({spread})  {input_mb / seconds:6.0f} MB/s  "
        f"peak {max(run.peak_mib for run in runs):5.0f} MiB  stored {runs[0].stored_mb:.1f} MB"
    )


def compare(arguments: argparse.Namespace, output: Output) -> bool:
    python, source = python_with_duckdb(), input_file(arguments.simulator, arguments.rows)
    input_mb = megabytes(source)
    output.say(machine(python))
    output.say(
        f"{source.name}: {input_mb:.0f} MB, {arguments.rows} rows, {1e6 * input_mb / arguments.rows:.0f} bytes a row"
    )
    duckdb_runs, fetcher_runs = [], []
    with tempfile.TemporaryDirectory(dir=CACHE / "bench") as scratch:
        with open(source, "rb") as file:  # into the page cache
            while file.read(1 << 24):
                pass
        for number in range(1, arguments.runs + 1):
            duckdb_runs.append(run_duckdb(python, source, Path(scratch)))
            fetcher_runs.append(run_fetcher(arguments.fetcher, source, Path(scratch)))
            output.say(
                f"run {number}: duckdb {duckdb_runs[-1].seconds:.2f} s, fetcher {fetcher_runs[-1].seconds:.2f} s"
            )
        output.say(summary("duckdb COPY", duckdb_runs, input_mb))
        output.say(summary("fetcher land", fetcher_runs, input_mb))
        ratio = statistics.median(run.seconds for run in duckdb_runs) / statistics.median(
            run.seconds for run in fetcher_runs
        )
        output.say(f"fetcher land is {ratio:.2f} times as fast (wanted: {RATIO_WANTED:g})")
        if arguments.huge:
            run_huge(
                arguments.fetcher,
                arguments.simulator,
                arguments.huge,
                1e6 * input_mb / arguments.rows,
                Path(scratch),
                output,
            )
    return ratio >= RATIO_WANTED


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fetcher")
    parser.add_argument("simulator")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--huge", type=float, metavar="GB")
    parser.add_argument("--record", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    output = Output()
    fast_enough = compare(arguments, output)
    if arguments.record:
        arguments.record.parent.mkdir(parents=True, exist_ok=True)
        with open(arguments.record, "a", encoding="utf-8") as file:
            file.write("\n".join(output.lines) + "\n\n")
    return 0 if fast_enough else 1


if __name__ == "__main__":
    sys.exit(main())
