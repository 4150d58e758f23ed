-- title: Period against period by affiliate
-- group: Affiliates and sources
-- about: The last days of the range against as many days before them: clicks, invalid clicks, conversions, payout and revenue of an
-- about: affiliate, and the change of clicks as a share. An affiliate that is in one period only has 0 or nothing in the other.
-- about: Compare periods that were fetched alike: run coverage_by_day first.
-- param: days bigint = 7    length of both periods
-- chart: bar x=clicks_change y=affiliate_name
WITH aged AS (
    SELECT
        *,
        date_part('epoch', $to) - date_part('epoch', click_time) < $days * 86400 AS is_recent
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
        AND date_part('epoch', $to) - date_part('epoch', click_time) < $days * 172800
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
        count(*) FILTER (WHERE is_recent AND has_conversion) AS conversions,
        count(*) FILTER (WHERE NOT is_recent AND has_conversion) AS conversions_before,
        sum(payout) FILTER (WHERE is_recent) AS payout,
        sum(payout) FILTER (WHERE NOT is_recent) AS payout_before,
        sum(revenue) FILTER (WHERE is_recent) AS revenue,
        sum(revenue) FILTER (WHERE NOT is_recent) AS revenue_before
    FROM aged
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    clicks_before,
    CAST(clicks - clicks_before AS DOUBLE) / NULLIF(clicks_before, 0) AS clicks_change,
    invalid_clicks,
    invalid_clicks_before,
    conversions,
    conversions_before,
    payout,
    payout_before,
    revenue,
    revenue_before
FROM totals
ORDER BY abs(clicks - clicks_before) DESC, account, affiliate_id NULLS LAST
