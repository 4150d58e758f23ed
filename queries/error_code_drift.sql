-- title: Error codes that rise or fall
-- group: Error codes
-- about: The last days of the range against as many days before them, by error code of an account. clicks_before are those of
-- about: the earlier period, expected is what they and half a click more (so that a code that is new is not infinitely
-- about: unlikely) would come to if the code had kept its share of all clicks landed; p_more is the chance of at least as many
-- about: as there were, had nothing changed. It takes the earlier share for certain, so with few clicks_before it is too small.
-- about: Compare periods that were fetched alike: run coverage_by_day first.
-- param: days bigint = 7    length of both periods
-- chart: bar x=lift y=name color=class
WITH aged AS (
    SELECT account, error_code, date_part('epoch', $to) - date_part('epoch', click_time) AS age_seconds
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
),
counted AS (
    SELECT
        account,
        error_code,
        count(*) FILTER (WHERE age_seconds < $days * 86400) AS clicks,
        count(*) FILTER (WHERE age_seconds >= $days * 86400) AS clicks_before
    FROM aged
    WHERE age_seconds < $days * 172800
    GROUP BY account, error_code
),
compared AS (
    SELECT
        account,
        error_code,
        clicks,
        clicks_before,
        (clicks_before + 0.5) * sum(clicks) OVER (PARTITION BY account)
            / NULLIF(sum(clicks_before) OVER (PARTITION BY account), 0) AS expected
    FROM counted
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
FROM compared AS c
LEFT JOIN error_codes AS e ON c.error_code = e.code
WHERE c.error_code <> 0
ORDER BY p_more NULLS LAST, c.account, c.error_code
