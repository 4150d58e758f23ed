-- title: New affiliates
-- group: Affiliates and sources
-- about: Affiliates whose first click lies within the last --param days= of the range. New is new to the lake: what was before
-- about: it is not known here. Shares are of clicks as landed.
-- param: days bigint = 7    how many last days count as new
-- param: min_clicks bigint = 1    hide rows with fewer clicks
-- chart: bar x=clicks y=affiliate_name
WITH totals AS (
    SELECT
        account,
        affiliate_id,
        max(affiliate_name) AS affiliate_name,
        min(click_time) AS first_time,
        count(*) AS clicks,
        count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks,
        count(*) FILTER (WHERE is_proxy) AS proxy_clicks,
        count(DISTINCT user_ip) AS addresses,
        sum(payout) AS payout
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, affiliate_id
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    first_time,
    clicks,
    CAST(invalid_clicks AS DOUBLE) / clicks AS invalid_share,
    CAST(proxy_clicks AS DOUBLE) / clicks AS proxy_share,
    addresses,
    payout
FROM totals
WHERE clicks >= $min_clicks AND date_part('epoch', $to) - date_part('epoch', first_time) < $days * 86400
ORDER BY clicks DESC, account, affiliate_id NULLS LAST
