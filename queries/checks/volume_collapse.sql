-- title: Clicks of an affiliate, or of all, collapsed
-- about: Clicks of the last days against the daily mean of the days before, for each affiliate with enough of them, and for the
-- about: account as a whole, whose collapse is an error. The last days end with the last second that a feed of all clicks
-- about: covers, or the account's last click where none was ever covered. A gap looks the same: see coverage_gap.
-- needs: network-clicks | affiliate-clicks
-- severity: warn
-- key: account, who, affiliate_id
-- measure: drop
-- message: {{ "all affiliates together" if who == "account" else affiliate_id|affiliate(affiliate_name) }}: {{ clicks|many("click") }} in {{ days|many("day") }}, {{ expected|round|int|count }} expected from the {{ days_before|round|int|many("day") }} before
-- param: days bigint = 1    the last days
-- param: min_daily bigint = 50    leave affiliates with fewer clicks a day alone
-- param: drop double = 0.8    the drop that is worth a message
WITH known AS (
    SELECT account, max(to_time) AS last_covered
    FROM coverage
    WHERE feed IN ('network-clicks', 'affiliate-clicks') AND cardinality(filters) = 0 AND NOT saturated
    GROUP BY account
),
bounds AS (
    SELECT
        k.account,
        least(date_part('epoch', $to), COALESCE(date_part('epoch', max(c.last_covered)), date_part('epoch', max(k.click_time)))) AS last_second,
        date_part('epoch', min(k.click_time)) AS first_second
    FROM clicks AS k
    LEFT JOIN known AS c ON k.account = c.account
    WHERE k.click_time BETWEEN $from AND $to
    GROUP BY k.account
),
aged AS (
    SELECT k.account, k.affiliate_id, k.affiliate_name, b.last_second - date_part('epoch', k.click_time) < $days * 86400 AS is_recent
    FROM clicks AS k
    INNER JOIN bounds AS b ON k.account = b.account
    WHERE k.click_time BETWEEN $from AND $to
),
counted AS (
    SELECT
        account,
        'affiliate' AS who,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(*) FILTER (WHERE is_recent) AS clicks,
        count(*) FILTER (WHERE NOT is_recent) AS clicks_before
    FROM aged
    WHERE affiliate_id IS NOT NULL
    GROUP BY account, affiliate_id
    UNION ALL
    SELECT
        account,
        'account' AS who,
        NULL AS affiliate_id,
        NULL AS affiliate_name,
        count(*) FILTER (WHERE is_recent) AS clicks,
        count(*) FILTER (WHERE NOT is_recent) AS clicks_before
    FROM aged
    GROUP BY account
),
compared AS (
    SELECT
        c.*,
        (b.last_second - b.first_second + 1) / 86400 - $days AS days_before,
        clicks_before * $days / ((b.last_second - b.first_second + 1) / 86400 - $days) AS expected
    FROM counted AS c
    INNER JOIN bounds AS b ON c.account = b.account
    WHERE (b.last_second - b.first_second + 1) / 86400 - $days >= 1
)
SELECT
    account,
    who,
    affiliate_id,
    affiliate_name,
    clicks,
    $days AS days,
    expected,
    days_before,
    1 - clicks / expected AS drop,
    CASE WHEN who = 'account' THEN 'error' ELSE 'warn' END AS severity
FROM compared
WHERE expected >= $min_daily * $days AND 1 - clicks / expected >= $drop
ORDER BY account, who, expected DESC, affiliate_id
