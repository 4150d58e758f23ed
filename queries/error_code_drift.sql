-- title: Error codes that rise or fall
-- group: Error codes
-- about: Trends: which codes are new, rise or fall: the last days of the range against as many days before them, by error
-- about: code of an account. Days are those of the time zone asked for, counted back from --to, at most as many as the range has;
-- about: the days before may lie before --from. clicks_before are those of the earlier period, expected is what they and half a
-- about: click more (so that a code that is new is not infinitely unlikely) would come to if the code had kept its share of all
-- about: clicks landed; p_more is the chance of at least as many as there were, had nothing changed. It takes the earlier share
-- about: for certain, so with few clicks_before it is too small. Where the lake does not reach back to the earlier period, there is
-- about: nothing to compare with. What either period lacks is said.
-- needs: network-clicks | affiliate-clicks
-- needs: invalid-clicks | affiliate-clicks
-- before: days
-- param: days bigint = 7    length of both periods
-- chart: bar x=lift y=name color=class
WITH periods AS (
    SELECT
        days_before($to, days, $timezone) AS middle,
        days_before($to, 2 * days, $timezone) AS start
    FROM (
        SELECT least(
            $days,
            CAST((date_part('epoch', local_date($to, $timezone)) - date_part('epoch', local_date($from, $timezone))) / 86400 AS BIGINT) + 1
        ) AS days
    ) AS d
),
known AS (
    SELECT account, min(first_time) AS first_time
    FROM (
        SELECT account, min(click_time) AS first_time
        FROM clicks
        WHERE click_time <= $to
        GROUP BY account
        UNION ALL
        SELECT account, min(from_time) AS first_time
        FROM coverage
        GROUP BY account
    ) AS k
    GROUP BY account
),
counted AS (
    SELECT
        k.account,
        k.error_code,
        count(*) FILTER (WHERE k.click_time > p.middle) AS clicks,
        count(*) FILTER (WHERE k.click_time <= p.middle) AS clicks_before
    FROM clicks AS k
    INNER JOIN periods AS p ON k.click_time > p.start
    WHERE k.click_time BETWEEN days_before($to, 2 * $days, $timezone) AND $to
    GROUP BY k.account, k.error_code
),
compared AS (
    SELECT
        c.account,
        c.error_code,
        c.clicks,
        c.clicks_before,
        local_date(k.first_time, $timezone) <= local_date(p.start + INTERVAL '1 second', $timezone) AS is_known,
        (c.clicks_before + 0.5) * sum(c.clicks) OVER (PARTITION BY c.account)
            / NULLIF(sum(c.clicks_before) OVER (PARTITION BY c.account), 0) AS expected
    FROM counted AS c
    INNER JOIN known AS k ON c.account = k.account
    CROSS JOIN periods AS p
),
judged AS (
    SELECT
        account,
        error_code,
        clicks,
        is_known,
        CASE WHEN is_known THEN clicks_before END AS clicks_before,
        CASE WHEN is_known THEN expected END AS expected
    FROM compared
)
SELECT
    c.account,
    c.error_code,
    e.name,
    COALESCE(e.class, 'unknown') AS class,
    e.is_fraud_signal,
    c.clicks,
    c.clicks_before,
    c.expected,
    c.clicks / c.expected AS lift,
    poisson_sf(c.clicks - 1, c.expected) AS p_more
FROM judged AS c
LEFT JOIN error_codes AS e ON c.error_code = e.code
WHERE c.error_code <> 0 AND (c.is_known OR c.clicks > 0)
ORDER BY p_more NULLS LAST, c.account, c.error_code
