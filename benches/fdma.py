"""The exam of the second stage: what labels of one period teach about the next, on publishers with real labels.

    python3 benches/fdma.py ANALYZE PUBLISHERS.parquet [--periods train,validation] [--record FILE]

The table is that of the FDMA 2012 contest: a row per publisher and period, with the columns `split`, `partnerid`, `label` and
features. Every period but the last is scored and kept as history, the last is then scored with their labels, all by
`analyze score`: once by the signals of `benches/fdma`, once by these and every raw column beside them. Printed is the
average precision, on the last period, of Fraud against OK and Observation. Nothing of the table or of what was learned
from it is kept.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score

SIGNALS = Path(__file__).parent / "fdma"
# The contest's periods are three days each, two weeks apart.
FIRST_DAY, DAYS_APART, DAYS_LONG = date(2012, 2, 9), 14, 3
# One signal per raw column. They share a family: the unlabelled score of this run means nothing, and is not printed.
RAW_COLUMN = """-- title: {column}
-- family: raw
-- kind: shape
-- reason: {column}: {{observed}}, where {{expected}} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, CAST("{column}" AS DOUBLE) AS value FROM publishers
"""


def window(period):
    """The first and last day of the period of an index."""
    first = FIRST_DAY + timedelta(days=DAYS_APART * period)
    return first, first + timedelta(days=DAYS_LONG - 1)


def write_signals(folder, columns):
    """The signals of the benchmark and, beside them, one for each raw column."""
    folder.mkdir()
    for signal in SIGNALS.glob("*.sql"):
        (folder / signal.name).write_text(signal.read_text())
    for index, column in enumerate(columns):
        (folder / f"raw_{index:03}.sql").write_text(RAW_COLUMN.format(column=column))


def labels(publishers, last_day):
    """Fraud and OK are verdicts of the period's last day; who is under observation has none."""
    verdicts = publishers[publishers.label != "Observation"]
    return pd.DataFrame({
        "account": "fdma",
        "entity": verdicts.partnerid,
        "verdict": np.where(verdicts.label == "Fraud", "fraud", "cleared"),
        "date": last_day,
    })


class Scorer:
    def __init__(self, analyze, folder):
        self.analyze, self.folder = analyze, folder
        self.lake = folder / "lake"
        self.lake.mkdir()
        (self.lake / "lake.json").write_text(json.dumps({"format_version": 1, "partition": "day"}))

    def score(self, period, publishers, signals, *more):
        """The scores of a period, by publisher, and what was said about them."""
        table, answer = self.folder / "publishers.parquet", self.folder / "scores.parquet"
        publishers.drop(columns=["split", "label"]).to_parquet(table, index=False)
        first, last = window(period)
        command = [
            self.analyze, "score", "--lake", self.lake, "--signals", signals, "--table", f"publishers={table}", "--from",
            str(first), "--to", str(last), "--format", "parquet", "--output", answer, *more,
        ]  # fmt: skip
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}: {done.stderr}")
        return pd.read_parquet(answer).set_index("entity").reindex(publishers.partnerid), done.stderr.strip()


def baselines(publishers):
    columns = publishers.drop(columns=["split", "partnerid", "label"]).fillna(0)
    forest = IsolationForest(n_estimators=300, random_state=0).fit(columns)
    return {
        "mean |z|, all columns": ((columns - columns.mean()) / columns.std().replace(0, np.nan)).abs().mean(axis=1),
        "isolation forest, all columns": -forest.score_samples(columns),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("analyze", type=Path)
    parser.add_argument("publishers", type=Path)
    parser.add_argument("--periods", default="train,validation", help="in order; the last is judged")
    parser.add_argument("--record", type=Path, help="append the figures to this file")
    arguments = parser.parse_args()
    table = pd.read_parquet(arguments.publishers)
    periods = [table[table.split == name] for name in arguments.periods.split(",")]
    if len(periods) < 2 or any(period.empty for period in periods):
        sys.exit(f"--periods: name two or more of {', '.join(table.split.unique())}")
    *before, judged = periods
    is_fraud = (judged.label == "Fraud").to_numpy()
    lines = [
        f"FDMA 2012, {arguments.periods}: average precision on the last period, {is_fraud.sum()} Fraud of {len(judged)}; "
        f"{os.cpu_count()} cores, {platform.machine()}"
    ]

    def say(text):
        lines.append(text)
        print(text, flush=True)

    print(lines[0])
    for name, score in baselines(judged).items():
        say(f"  {average_precision_score(is_fraud, score):.4f}  {name}")
    raw = [column for column in table.columns if column not in ("split", "partnerid", "label")]
    for name, columns in (("21 signals", []), (f"21 signals and {len(raw)} raw columns", raw)):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            signals, verdicts = folder / "signals", folder / "labels.csv"
            write_signals(signals, columns)
            scorer, last = Scorer(arguments.analyze, folder), len(before)
            keep = ("--scores", folder / "scores")
            if not columns:
                scores, _ = scorer.score(last, judged, signals, "--no-history")
                say(f"  {average_precision_score(is_fraud, scores.score.fillna(0)):.4f}  {name}, no labels: score")
            for period, publishers in enumerate(before):
                scorer.score(period, publishers, signals, *keep)
            known = [labels(publishers, window(period)[1]) for period, publishers in enumerate(before)]
            pd.concat(known).to_csv(verdicts, index=False)
            began = time.monotonic()
            scores, talk = scorer.score(last, judged, signals, *keep, "--labels", verdicts)
            seconds = time.monotonic() - began
            for column in ("learned", "priority"):
                precision = average_precision_score(is_fraud, scores[column].fillna(0))
                say(f"  {precision:.4f}  {name}, earlier labels: {column}")
            print(f"  ({seconds:.0f} s)\n  " + talk.replace("\n", "\n  "), file=sys.stderr)
    if arguments.record:
        arguments.record.parent.mkdir(parents=True, exist_ok=True)
        with arguments.record.open("a") as record:
            record.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
