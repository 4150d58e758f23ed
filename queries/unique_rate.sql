-- title: Unique rate by affiliate
-- group: Visitors and repetition
-- about: Share of clicks that Everflow counts as a visitor's first, with its 95 % Wilson interval, ordered by its upper end: low
-- about: ones repeat visitors. Clicks of which is_unique is not known are left out, so are invalid clicks of times for which
-- about: no feed of all clicks was fetched.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=unique_rate low=wilson_low high=wilson_high y=affiliate_name
WITH totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        count(is_unique) AS clicks,
        count(*) FILTER (WHERE is_unique) AS unique_clicks
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to AND basis IS NOT NULL
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    clicks,
    unique_clicks,
    CAST(unique_clicks AS DOUBLE) / NULLIF(clicks, 0) AS unique_rate,
    wilson_lower(unique_clicks, clicks) AS wilson_low,
    wilson_upper(unique_clicks, clicks) AS wilson_high
FROM totals
WHERE clicks >= $min_clicks
ORDER BY wilson_high NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST
