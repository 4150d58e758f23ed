"""Functions of ours, once more: for DuckDB, and written from their definitions in docs/functions.md, not from our code."""

import decimal
import functools
import ipaddress
import math
import re
from pathlib import Path

LISTS = Path(__file__).parent / "../../data/lists"

# What DuckDB can be taught in SQL. A histogram leaves NULLs out, as our aggregates do.
MACROS = """
CREATE MACRO wilson_center(k, n) AS k + 1.9207294103470617;
CREATE MACRO wilson_half(k, n) AS 1.959963984540054 * sqrt(k * (n - k) / n + 0.9603647051735309);
CREATE MACRO wilson_lower(k, n) AS CASE WHEN n > 0 AND k BETWEEN 0 AND n THEN
    CASE WHEN k = 0 THEN 0 ELSE (wilson_center(k::DOUBLE, n::DOUBLE) - wilson_half(k::DOUBLE, n::DOUBLE)) / (n + 3.8414588206941236) END END;
CREATE MACRO wilson_upper(k, n) AS CASE WHEN n > 0 AND k BETWEEN 0 AND n THEN
    CASE WHEN k = n THEN 1 ELSE (wilson_center(k::DOUBLE, n::DOUBLE) + wilson_half(k::DOUBLE, n::DOUBLE)) / (n + 3.8414588206941236) END END;
CREATE MACRO cardinality(list) AS len(list);
CREATE MACRO date_bin(step, time) AS time_bucket(step, time);
CREATE MACRO local_date(time, zone) AS CAST(timezone(zone, time) AS DATE);
CREATE MACRO local_hour(time, zone) AS date_part('hour', timezone(zone, time));
CREATE MACRO days_before(time, n, zone) AS timezone(zone, timezone(zone, time) - to_days(CAST(n AS INTEGER)));
CREATE MACRO money_by_currency(amount, currency) AS py_money(list(CAST(amount AS VARCHAR)), list(currency));
CREATE MACRO counts(x) AS list_reverse_sort(map_values(histogram(x)));
CREATE MACRO hhi(x) AS py_hhi(counts(x));
CREATE MACRO top_share(x) AS py_top_share(counts(x), 1), (x, how_many) AS py_top_share(counts(x), how_many);
CREATE MACRO js_divergence(p, q) AS py_js_divergence(list(p::DOUBLE), list(q::DOUBLE));
"""

# A window over a window is none of SQL: the step-up procedure, written out.
BENJAMINI_HOCHBERG = re.compile(r"SELECT \*, benjamini_hochberg\(p\) OVER \(\) AS q\s+FROM (\w+)")
WRITTEN_OUT = r"""SELECT * EXCLUDE (scaled), least(1, min(scaled) OVER (ORDER BY p DESC)) AS q
    FROM (SELECT *, p * count(p) OVER () / count(p) OVER (ORDER BY p) AS scaled FROM \1)"""


def hhi(counts: list[int]) -> float | None:
    return sum((count / sum(counts)) ** 2 for count in counts) if counts else None


def top_share(counts: list[int], how_many: int) -> float | None:
    return sum(counts[:how_many]) / sum(counts) if counts else None


def money_by_currency(amounts: list[str | None], currencies: list[str | None]) -> str | None:
    sums: dict[str | None, decimal.Decimal] = {}
    for amount, currency in zip(amounts, currencies, strict=True):
        if amount is not None:
            sums[currency] = sums.get(currency, decimal.Decimal(0)) + decimal.Decimal(amount)
    number = lambda value: f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    order = sorted(sums, key=lambda name: (name is None, name))
    return "; ".join(number(sums[name]) + (f" {name}" if name is not None else "") for name in order) or None


def js_divergence(p: list[float], q: list[float]) -> float | None:
    """Lin, 1991: H((p + q) / 2) - (H(p) + H(q)) / 2."""
    if not sum(p) or not sum(q):
        return None
    p, q = [x / sum(p) for x in p], [x / sum(q) for x in q]
    entropy = lambda shares: -math.fsum(share * math.log2(share) for share in shares if share > 0)
    return entropy([(a + b) / 2 for a, b in zip(p, q, strict=True)]) - (entropy(p) + entropy(q)) / 2


def poisson_sf(k: int, expected: float) -> float:
    """The sum of the terms above k, the small ones first: subtracting the others from 1 would lose all digits."""
    if k < 0:
        return 1.0
    last = int(max(k, expected) + 40 * math.sqrt(max(k, expected) + 1) + 60)
    terms = (math.exp(i * math.log(expected) - expected - math.lgamma(i + 1)) for i in range(last, k, -1))
    return math.fsum(terms)


def entries(name: str) -> list[str]:
    lines = (line.split("#")[0].strip() for line in (LISTS / name).read_text().splitlines())
    return [line for line in lines if line]


@functools.cache
def is_declared_bot(user_agent: str) -> bool:
    return any(entry.lower() in user_agent.lower() for entry in entries("declared_bots.txt"))


@functools.cache
def address(text: str):
    """Everflow masks the last parts: 203.0.113.xxx is 203.0.113.0/24."""
    parts = text.strip().split(".")
    known = [part for part in parts if part != "xxx"]
    if len(parts) == 4 and len(known) < 4 and parts[: len(known)] == known:
        return ipaddress.ip_network(f"{'.'.join(known + ['0'] * (4 - len(known)))}/{8 * len(known)}")
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError:
        return None


def ip_prefix(ip: str, v4_bits: int, v6_bits: int) -> str | None:
    network = address(ip)
    if network is None:
        return None
    bits = v4_bits if network.version == 4 else v6_bits
    return str(network if network.prefixlen <= bits else network.supernet(new_prefix=bits))


def ip_is_masked(ip: str) -> bool | None:
    network = address(ip)
    return None if network is None else "xxx" in ip


@functools.cache
def ranges():
    return [ipaddress.ip_network(entry) for entry in entries("datacenter_ranges.txt")]


@functools.cache
def names() -> re.Pattern:
    return re.compile("|".join(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])" for name in entries("datacenter_names.txt")), re.IGNORECASE)


@functools.cache
def is_datacenter(isp: str | None, organization: str | None, ip: str | None) -> bool | None:
    network = address(ip) if ip else None
    if isp is None and organization is None and network is None:
        return None
    is_named = any(name and names().search(name) for name in (isp, organization))
    in_range = network is not None and any(
        network.version == known.version and network.subnet_of(known) for known in ranges()
    )
    return bool(is_named or in_range)


def null_in_null_out(function):
    @functools.wraps(function)
    def wrapped(*values):
        return None if any(value is None for value in values) else function(*values)

    return wrapped


def teach(duck) -> None:
    """Teaches a DuckDB connection all of them."""
    for name, function, given, returned in [
        ("py_hhi", hhi, ["UBIGINT[]"], "DOUBLE"),
        ("py_top_share", top_share, ["UBIGINT[]", "BIGINT"], "DOUBLE"),
        ("py_money", money_by_currency, ["VARCHAR[]", "VARCHAR[]"], "VARCHAR"),
        ("py_js_divergence", js_divergence, ["DOUBLE[]", "DOUBLE[]"], "DOUBLE"),
        ("poisson_sf", poisson_sf, ["BIGINT", "DOUBLE"], "DOUBLE"),
        ("is_declared_bot", is_declared_bot, ["VARCHAR"], "BOOLEAN"),
        ("ip_prefix", ip_prefix, ["VARCHAR", "BIGINT", "BIGINT"], "VARCHAR"),
        ("ip_is_masked", ip_is_masked, ["VARCHAR"], "BOOLEAN"),
    ]:
        duck.create_function(name, null_in_null_out(function), given, returned, null_handling="special")
    duck.create_function("is_datacenter", is_datacenter, ["VARCHAR"] * 3, "BOOLEAN", null_handling="special")
    duck.execute(MACROS)


def in_duckdb(statement: str) -> str:
    """A statement of ours as DuckDB takes it, which calls the first of a group `first`, and only that of a window `first_value`."""
    statement = re.sub(r"first_value\((\w+ ORDER BY [^)]*)\)(?! OVER)", r"first(\1)", statement)
    return BENJAMINI_HOCHBERG.sub(WRITTEN_OUT, statement)
