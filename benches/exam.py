"""The exam of the scores: injected attacks, honest traffic with hard cases, and real labels, beside the usual baselines.

    python3 benches/exam.py ANALYZE FETCHER EVERFLOW_SIM [--seeds 20] [--first-seed 1] [--fdma PUBLISHERS.parquet] [--record FILE]

Every population is made by `everflow-sim attacks`, landed by `fetcher land` and scored by `analyze score`; the baselines get the
same signals, from `analyze signals`: the largest |z|, the same with median and MAD, and scikit-learn's isolation forest.
`--keep DIR` keeps what each population gave, and continues there.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score

CONTAMINATIONS = [100, 50, 20, 10, 5]
# Earlier windows that count as cleared: 400 affiliates at a false discovery rate of 10 % need 4,000 scores.
REFERENCE_WINDOWS = 12
NOT_DEMANDED = {"click-injection", "incentivised-traffic"}
# The families whose signals describe what the attack does; the first reason must be of one of them.
RIGHT = {
    "datacenter-botnet": {"network"},
    "residential-rotation": {"network", "device", "geography", "timing"},
    "click-flooding": {"repetition", "conversion", "timing"},
    "click-injection": {"conversion"},
    "duplicate-replay": {"repetition"},
    "device-farm": {"device", "network", "repetition"},
    "geo-spoofing": {"geography", "network"},
    "user-agent-rotation": {"device"},
    "sub-id-rotation": {"source"},
    "robotic-cadence": {"timing"},
    "low-and-slow": {"repetition", "timing", "network"},
    "incentivised-traffic": {"conversion"},
    "cookie-stuffing": {"source", "repetition"},
    "burst": {"timing", "repetition"},
    "coalition": {"coalition"},
}
# An analyst has let the partner's server be, as `clickproof.toml` is there for.
ALLOWANCE = """[[score.allow]]
entity = "{}"
reason = "server-side clicks from the partner's cloud"
expires = 2099-12-31
"""


class Tools:
    def __init__(self, arguments):
        self.analyze, self.fetcher, self.simulator = arguments.analyze, arguments.fetcher, arguments.everflow_sim

    def population(self, folder, seed, contamination, hard_cases, days=7):
        """Scores and signals of a population, and the truth about it; of its first days only, if so asked."""
        parts = [folder / name for name in (f"scores-{days}.parquet", "signals.parquet", "truth.csv")]
        scores, signals, truth = parts
        if not truth.exists() or not (folder / "lake").exists():
            folder.mkdir(parents=True, exist_ok=True)
            attack = ["--contamination", str(contamination)] if contamination else []
            plain = [] if hard_cases else ["--no-hard-cases"]
            made = folder / "truth.partial"
            simulate = [self.simulator, "attacks", "--lean", "--seed", str(seed), "--truth", made, *attack, *plain]
            land = [self.fetcher, "land", "-", "--source", "network-clicks", "--lake", folder / "lake", "--quiet"]
            with subprocess.Popen(simulate, stdout=subprocess.PIPE) as simulation:
                subprocess.run(land, stdin=simulation.stdout, check=True)
            made.rename(truth)
        known = pd.read_csv(truth, dtype={"affiliate_id": str}).set_index("affiliate_id")
        lake = ["--lake", folder / "lake", "--format", "parquet", "--quiet"]
        if not scores.exists():
            config = folder / "clickproof.toml"
            allowed = known.index[known.archetype == "server-side"]
            config.write_text("".join(ALLOWANCE.format(affiliate) for affiliate in allowed))
            to = ["--to", f"2026-03-{1 + days:02}"]
            self.run([self.analyze, "score", *lake, *to, "--no-history", "--config", config, "--output", scores])
        if not signals.exists():
            self.run([self.analyze, "signals", *lake, "--output", signals])
        return pd.read_parquet(scores).set_index("entity"), pd.read_parquet(signals), known

    @staticmethod
    def run(command):
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}: {done.stderr}")


def baselines(signals, entities):
    """What others would do with the same signals; larger is more suspicious. Nothing seen counts as the median."""
    wide = signals.pivot(index="entity", columns="signal", values="value").reindex(entities)
    wide = wide.fillna(wide.median()).fillna(0)
    z = (wide - wide.mean()) / wide.std().replace(0, np.nan)
    mad = (wide - wide.median()).abs().median() * 1.4826
    robust = (wide - wide.median()) / mad.replace(0, np.nan)
    forest = IsolationForest(n_estimators=300, random_state=0).fit(wide)
    return {
        "largest |z|": z.abs().max(axis=1).fillna(0),
        "largest |MAD z|": robust.abs().max(axis=1).fillna(0),
        "isolation forest": pd.Series(-forest.score_samples(wide), index=entities),
    }


def first_family(scores):
    """The family of the strongest evidence; `families` names them with their shares, the strongest first."""
    return scores.families.fillna("").str.extract(r"^\s*([a-z]+)")[0]


def recall_at(truth, score, false_share):
    """The most of the attacks that a threshold finds while at most this share of what it finds is honest."""
    found = truth.to_numpy()[np.argsort(-score.to_numpy(), kind="stable")].cumsum()
    taken = np.arange(1, len(found) + 1)
    fine = (taken - found) <= false_share * taken
    return found[fine].max(initial=0) / max(found[-1], 1)


def attack_exam(tools, seeds, folder, contaminations, report):
    methods = defaultdict(lambda: defaultdict(list))
    archetypes = defaultdict(lambda: defaultdict(list))
    for contamination in contaminations:
        for seed in seeds:
            scores, signals, truth = tools.population(folder / f"{seed}-{contamination}", seed, contamination, False)
            truth = truth.loc[scores.index]
            guilty = truth.role.isin(["attack", "sleeper"])
            k = int(guilty.sum())
            ranked = {"clickproof": scores.score, **baselines(signals, scores.index)}
            for method, score in ranked.items():
                top = score.sort_values(ascending=False, kind="stable").index[:k]
                figures = methods[contamination, method]
                figures["AP"].append(average_precision_score(guilty, score))
                figures["precision at k"].append(guilty.loc[top].mean())
                figures["recall at 10 % false"].append(recall_at(guilty, score, 0.1))
                if method != "clickproof":
                    continue
                family = first_family(scores)
                flagged = scores.tier == "flag"
                figures["flagged"].append(flagged[guilty].mean())
                figures["false flags"].append(flagged[~guilty].mean())
                for affiliate in truth.index[guilty]:
                    role, archetype = truth.role[affiliate], truth.archetype[affiliate]
                    name = "sleeper" if role == "sleeper" else archetype
                    is_found, is_right = affiliate in top, family[affiliate] in RIGHT[archetype]
                    archetypes[name][contamination].append((is_found, is_right, bool(flagged[affiliate])))
            report.progress(f"{contamination} %, mean AP {np.mean(methods[contamination, 'clickproof']['AP']):.3f}")
    report.title("Injected attacks: 32 of 400 affiliates, 300,000 clicks in 7 days; means over the seeds")
    rows = []
    for (contamination, method), figures in methods.items():
        row = {"contamination": f"{contamination} %", "method": method}
        rows.append(row | {name: f"{np.mean(values):.3f}" for name, values in figures.items()})
    report.table(pd.DataFrame(rows).fillna(""))
    report.title("By archetype: found among the top 32 / of these, right family first / flagged, in percent")
    rows = []
    for name in sorted(archetypes):
        row = {"archetype": name + (" (not demanded)" if name in NOT_DEMANDED else "")}
        for contamination in contaminations:
            outcomes = archetypes[name][contamination]
            found = [outcome for outcome in outcomes if outcome[0]]
            right = np.mean([outcome[1] for outcome in found]) if found else float("nan")
            flagged = np.mean([outcome[2] for outcome in outcomes])
            row[f"{contamination} %"] = f"{100 * len(found) / len(outcomes):3.0f} / {100 * right:3.0f} / {100 * flagged:3.0f}"
        rows.append(row)
    report.table(pd.DataFrame(rows))


def days_exam(tools, seeds, folder, report):
    """On the first day, the first two and so on: when an attack is first among the top 32."""
    found = defaultdict(list)
    for seed in seeds:
        first = {}
        for days in range(1, 8):
            scores, _, truth = tools.population(folder / f"{seed}-50", seed, 50, False, days)
            guilty = truth.index[truth.role.isin(["attack", "sleeper"])]
            top = set(scores.score.sort_values(ascending=False, kind="stable").index[: len(guilty)])
            for affiliate in guilty:
                # A sleeper that is found while it sleeps is found by chance.
                if affiliate in top and days > truth.start_day[affiliate]:
                    first.setdefault(affiliate, days - truth.start_day[affiliate])
        for affiliate in guilty:
            name = "sleeper" if truth.role[affiliate] == "sleeper" else truth.archetype[affiliate]
            found[name].append(first.get(affiliate, np.inf))
        report.progress(f"days of seed {seed}")
    report.title("Days to detection at 50 %: attacks that are among the top 32 after so many days of the attack, in percent")
    rows = []
    for name in sorted(found):
        days = np.array(found[name])
        rows.append({"archetype": name} | {f"day {day}": f"{100 * np.mean(days <= day):.0f}" for day in range(1, 8)})
    report.table(pd.DataFrame(rows))


def honest_exam(tools, seeds, folder, report):
    flags, watches, people, hard = 0, 0, 0, defaultdict(list)
    for seed in seeds:
        scores, _, truth = tools.population(folder / f"{seed}-honest", seed, None, True)
        truth = truth.loc[scores.index]
        is_hard = truth.role == "hard-case"
        people += len(scores)
        flags += int((scores.tier == "flag").sum())
        watches += int((scores.tier == "watch").sum())
        for affiliate in truth.index[is_hard]:
            hard[truth.archetype[affiliate]].append((scores.tier[affiliate], first_family(scores)[affiliate]))
        report.progress(f"honest seed {seed}, {flags} flags so far")
    report.title("Honest traffic: 400 affiliates, 9 of them hard cases")
    report.say(f"flagged {flags} of {people} ({100 * flags / people:.2f} %), watched {watches} ({100 * watches / people:.2f} %)")
    rows = []
    for name, outcomes in sorted(hard.items()):
        tiers = [tier for tier, _ in outcomes]
        families = pd.Series([family for tier, family in outcomes if tier != "ok"]).value_counts()
        rows.append({
            "hard case": name,
            "seeds": len(tiers),
            **{tier: tiers.count(tier) for tier in ("flag", "watch", "ok", "allowed", "insufficient data")},
            "first families": ", ".join(f"{family} {count}" for family, count in families.items()),
        })
    report.table(pd.DataFrame(rows))


def cleared_exam(tools, seeds, folder, contaminations, report):
    """Flags where an analyst has cleared enough earlier traffic, which then is what p-values are ranks among.

    What the signals saw of each population is a window of its own, as a table of entities; nobody is in two of them.
    """
    signals = Path(__file__).parents[1] / "queries" / "signals"
    outcomes = defaultdict(list)
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        write_table_signals(signals, scratch / "signals")
        lake, labels, cleared = empty_lake(temporary), scratch / "labels.csv", []

        def score(number, name, seed, contamination, *more):
            population = folder / name
            _, seen, truth = tools.population(population, seed, contamination, contamination is None)
            seen.assign(entity=name + "-" + seen.entity).to_parquet(scratch / "observations.parquet", index=False)
            allowed = truth.index[truth.archetype == "server-side"]
            (scratch / "clickproof.toml").write_text("".join(ALLOWANCE.format(f"{name}-{one}") for one in allowed))
            first = datetime.date(2025, 1, 1) + datetime.timedelta(days=7 * number)
            last = first + datetime.timedelta(days=6)
            tools.run([
                tools.analyze, "score", "--lake", lake, "--signals", scratch / "signals", "--table",
                f"observations={scratch / 'observations.parquet'}", "--scores", scratch / "scores", "--config",
                scratch / "clickproof.toml", "--from", str(first), "--to", str(last), "--format", "parquet", "--quiet",
                "--output", scratch / "answer.parquet", *more,
            ])  # fmt: skip
            scores = pd.read_parquet(scratch / "answer.parquet").set_index("entity")
            truth.index = name + "-" + truth.index
            return scores, truth.loc[scores.index], last

        for number in range(REFERENCE_WINDOWS):
            scores, _, last = score(number, f"{1001 + number}-honest", 1001 + number, None)
            cleared.append(pd.DataFrame({"entity": scores.index, "verdict": "cleared", "date": str(last)}))
        pd.concat(cleared).to_csv(labels, index=False)
        for contamination in [*contaminations, None]:
            name = f"{contamination} %" if contamination else "honest"
            for seed in seeds:
                population = f"{seed}-{contamination or 'honest'}"
                scores, truth, _ = score(REFERENCE_WINDOWS, population, seed, contamination, "--labels", labels)
                guilty, flagged = truth.role.isin(["attack", "sleeper"]), scores.tier == "flag"
                false = int((flagged & ~guilty).sum())
                outcomes[name].append((false / max(int(flagged.sum()), 1), flagged[guilty].mean(), false / len(scores)))
            report.progress(f"cleared reference, {name}")
    report.title(f"With {REFERENCE_WINDOWS} cleared windows of 400 affiliates as reference: false discoveries wanted at most 10 %")
    rows = []
    for name, values in outcomes.items():
        false, found, all_false = np.array(values).T
        error = false.std(ddof=1) / np.sqrt(len(false))
        rows.append({
            "population": name,
            "false discoveries": f"{false.mean():.3f}",
            "standard error": f"{error:.3f}",
            "attacks flagged": f"{found.mean():.3f}" if name != "honest" else "",
            "honest flagged": f"{all_false.mean():.4f}",
        })  # fmt: skip
    report.table(pd.DataFrame(rows))


def write_table_signals(shipped, folder):
    """The signals that ship, over what they saw instead of clicks."""
    (folder / "shared").mkdir(parents=True)
    (folder / "shared" / "entities.sql").write_text(
        "-- title: Entities\n-- about: Those of the table\n-- kind: view\n"
        "SELECT DISTINCT account, entity, name, clicks FROM observations\n"
    )
    for file in sorted(shipped.glob("*.sql")):
        lines = file.read_text().splitlines()
        header = [line for line in lines if line.startswith("-- ") and not line.startswith("-- drill:")]
        columns = "x, n, expected" if "-- kind: rate" in header else "n, value"
        sql = f"SELECT account, entity, {columns} FROM observations WHERE signal = '{file.stem}'"
        (folder / file.name).write_text("\n".join([*header, sql]) + "\n")


def fdma_exam(tools, path, report):
    """Publishers of another network with real labels: nothing is learned from them, nothing of them is kept."""
    table = pd.read_parquet(path)
    report.title("FDMA 2012, no labels used: average precision of Fraud against OK and Observation")
    rows = []
    for split in ("train", "validation"):
        with tempfile.TemporaryDirectory() as folder:
            of_split, answer = Path(folder) / "publishers.parquet", Path(folder) / "scores.parquet"
            publishers = table[table.split == split]
            publishers.to_parquet(of_split, index=False)
            signals = Path(__file__).parent / "fdma"
            tools.run([
                tools.analyze, "score", "--lake", empty_lake(folder), "--signals", signals, "--table",
                f"publishers={of_split}", "--no-history", "--format", "parquet", "--output", answer, "--quiet",
            ])
            score = pd.read_parquet(answer).set_index("entity").score
            publishers = publishers.set_index("partnerid")
            fraud = publishers.label == "Fraud"
            columns = publishers.select_dtypes("number").fillna(0)
            others = {
                "clickproof": score.reindex(publishers.index).fillna(0),
                "mean |z|, all columns": ((columns - columns.mean()) / columns.std().replace(0, np.nan)).abs().mean(axis=1),
                "isolation forest, all columns": pd.Series(
                    -IsolationForest(n_estimators=300, random_state=0).fit(columns).score_samples(columns), columns.index
                ),
            }
            for method, score in others.items():
                rows.append({"period": split, "method": method, "AP": f"{average_precision_score(fraud, score):.3f}"})
    report.table(pd.DataFrame(rows))


def empty_lake(folder):
    lake = Path(folder) / "lake"
    lake.mkdir()
    (lake / "lake.json").write_text(json.dumps({"format_version": 1, "partition": "day"}))
    return lake


class Report:
    def __init__(self, path):
        self.path, self.lines = path, []

    def say(self, text):
        self.lines.append(text)
        print(text, flush=True)

    def title(self, text):
        self.say(f"\n## {text}\n")

    def table(self, frame):
        self.say(frame.to_string(index=False))

    @staticmethod
    def progress(text):
        print(text, file=sys.stderr, flush=True)

    def save(self):
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text("\n".join(self.lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("analyze", type=Path)
    parser.add_argument("fetcher", type=Path)
    parser.add_argument("everflow_sim", type=Path)
    parser.add_argument("--seeds", type=int, default=20, help="how many populations of each kind")
    parser.add_argument("--first-seed", type=int, default=1, help="others than those that a setting was chosen on")
    parser.add_argument("--contaminations", type=int, nargs="*", default=CONTAMINATIONS)
    parser.add_argument("--days-seeds", type=int, default=5, help="how many of them for the days to detection")
    parser.add_argument("--fdma", type=Path, help="publishers.parquet of the FDMA data, where it is at hand")
    parser.add_argument("--keep", type=Path, help="where populations and scores are kept")
    parser.add_argument("--record", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    report, tools = Report(arguments.record), Tools(arguments)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    report.say(f"{len(seeds)} seeds from {seeds[0]} on, {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        attack_exam(tools, seeds, folder, arguments.contaminations, report)
        honest_exam(tools, seeds, folder, report)
        cleared_exam(tools, seeds, folder, arguments.contaminations, report)
        if arguments.days_seeds:
            days_exam(tools, seeds[: arguments.days_seeds], folder, report)
    if arguments.fdma and arguments.fdma.exists():
        fdma_exam(tools, arguments.fdma, report)
    report.save()


if __name__ == "__main__":
    main()
