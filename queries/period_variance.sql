-- title: Period against period by affiliate
-- group: Affiliates and sources
-- about: The last days of the range against as many days before them: clicks, invalid clicks, conversions, payout and revenue of an
-- about: affiliate, and the change of clicks as a share. Days are those of the time zone asked for, counted back from --to, at
-- about: most as many as the range has; the days before may lie before --from. An affiliate that is in one period only has 0 or
-- about: nothing in the other; where the lake does not reach back to the earlier period, its columns are empty. Sums are by
-- about: currency. Compare periods that were fetched alike: what either period lacks is said.
-- needs: network-clicks | affiliate-clicks
-- before: days
-- param: days bigint = 7    length of both periods
-- chart: bar x=clicks_change y=affiliate_name
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
aged AS (
    SELECT k.*, k.click_time > p.middle AS is_recent
    FROM clicks AS k
    INNER JOIN periods AS p ON k.click_time > p.start
    WHERE k.click_time BETWEEN days_before($to, 2 * $days, $timezone) AND $to
),
totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(*) FILTER (WHERE is_recent) AS clicks,
        count(*) FILTER (WHERE NOT is_recent) AS clicks_before,
        count(*) FILTER (WHERE is_recent AND error_code <> 0) AS invalid_clicks,
        count(*) FILTER (WHERE NOT is_recent AND error_code <> 0) AS invalid_clicks_before,
        count(has_conversion) AS conversion_known,
        count(*) FILTER (WHERE is_recent AND has_conversion) AS conversions,
        count(*) FILTER (WHERE NOT is_recent AND has_conversion) AS conversions_before,
        money_by_currency(CASE WHEN is_recent THEN payout END, currency_id) AS payout,
        money_by_currency(CASE WHEN NOT is_recent THEN payout END, currency_id) AS payout_before,
        money_by_currency(CASE WHEN is_recent THEN revenue END, currency_id) AS revenue,
        money_by_currency(CASE WHEN NOT is_recent THEN revenue END, currency_id) AS revenue_before
    FROM aged
    GROUP BY account, affiliate_id
),
compared AS (
    SELECT
        t.*,
        local_date(k.first_time, $timezone) <= local_date(p.start + INTERVAL '1 second', $timezone) AS is_known
    FROM totals AS t
    INNER JOIN known AS k ON t.account = k.account
    CROSS JOIN periods AS p
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    CASE WHEN is_known THEN clicks_before END AS clicks_before,
    CASE WHEN is_known THEN CAST(clicks - clicks_before AS DOUBLE) / NULLIF(clicks_before, 0) END AS clicks_change,
    invalid_clicks,
    CASE WHEN is_known THEN invalid_clicks_before END AS invalid_clicks_before,
    CASE WHEN conversion_known > 0 THEN conversions END AS conversions,
    CASE WHEN is_known AND conversion_known > 0 THEN conversions_before END AS conversions_before,
    payout,
    CASE WHEN is_known THEN payout_before END AS payout_before,
    revenue,
    CASE WHEN is_known THEN revenue_before END AS revenue_before
FROM compared
WHERE is_known OR clicks > 0
ORDER BY abs(clicks - clicks_before) DESC, account, affiliate_id NULLS LAST
