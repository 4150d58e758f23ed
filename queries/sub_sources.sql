-- title: Sub-sources of affiliates
-- group: Affiliates and sources
-- about: An affiliate's clicks by what --param by= names: sub1 to sub5 or source_id. A bad source often hides in a good affiliate:
-- about: share is its part of the affiliate's clicks, invalid_share and proxy_share are shares of its own clicks as
-- about: landed, payout and revenue are by currency.
-- needs: network-clicks | affiliate-clicks
-- param: by text = sub1    one of sub1|sub2|sub3|sub4|sub5|source_id
-- param: affiliate bigint = null    only this affiliate_id
-- param: min_clicks bigint = 20    hide sub-sources with fewer clicks
-- chart: dot x=invalid_share y=source
WITH named AS (
    SELECT
        *,
        CASE $by
            WHEN 'sub1' THEN sub1
            WHEN 'sub2' THEN sub2
            WHEN 'sub3' THEN sub3
            WHEN 'sub4' THEN sub4
            WHEN 'sub5' THEN sub5
            WHEN 'source_id' THEN source_id
        END AS source
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND ($affiliate IS NULL OR affiliate_id = $affiliate)
),
totals AS (
    SELECT
        account,
        affiliate_id,
        source,
        max(affiliate_name) AS affiliate_name,
        count(*) AS clicks,
        count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks,
        count(*) FILTER (WHERE is_proxy) AS proxy_clicks,
        count(DISTINCT user_ip) AS addresses,
        count(*) FILTER (WHERE has_conversion) AS conversions,
        count(has_conversion) AS conversion_known,
        money_by_currency(payout, currency_id) AS payout,
        money_by_currency(revenue, currency_id) AS revenue
    FROM named
    GROUP BY account, affiliate_id, source
),
shared AS (
    SELECT *, CAST(clicks AS DOUBLE) / sum(clicks) OVER (PARTITION BY account, affiliate_id) AS share
    FROM totals
)
SELECT
    account,
    affiliate_id,
    affiliate_name,
    source,
    clicks,
    share,
    invalid_clicks,
    CAST(invalid_clicks AS DOUBLE) / clicks AS invalid_share,
    CAST(proxy_clicks AS DOUBLE) / clicks AS proxy_share,
    addresses,
    CASE WHEN conversion_known > 0 THEN conversions END AS conversions,
    payout,
    revenue
FROM shared
WHERE clicks >= $min_clicks
ORDER BY account, affiliate_id NULLS LAST, clicks DESC, source NULLS LAST
