-- title: New sub-sources
-- group: Affiliates and sources
-- about: Values of sub1 of an affiliate that appear for the first time within the last --param days= of the range. New is new
-- about: to the lake: what was before it is not known here. Shares are of clicks as landed.
-- param: days bigint = 7    how many last days count as new
-- param: min_clicks bigint = 2    hide rows with fewer clicks
-- chart: bar x=clicks y=sub1
WITH totals AS (
    SELECT
        account,
        affiliate_id,
        sub1,
        max(affiliate_name) AS affiliate_name,
        min(click_time) AS first_time,
        count(*) AS clicks,
        count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks,
        count(*) FILTER (WHERE is_proxy) AS proxy_clicks,
        count(DISTINCT user_ip) AS addresses,
        sum(payout) AS payout
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND sub1 IS NOT NULL
    GROUP BY account, affiliate_id, sub1
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    sub1,
    first_time,
    clicks,
    CAST(invalid_clicks AS DOUBLE) / clicks AS invalid_share,
    CAST(proxy_clicks AS DOUBLE) / clicks AS proxy_share,
    addresses,
    payout
FROM totals
WHERE clicks >= $min_clicks AND date_part('epoch', $to) - date_part('epoch', first_time) < $days * 86400
ORDER BY clicks DESC, account, affiliate_id NULLS LAST, sub1
