-- title: Shape of the day by affiliate
-- group: Timing
-- about: How far an affiliate's clicks by hour of the day are from those of the rest of its account: the Jensen and Shannon
-- about: divergence in bits, 0 for the same shape, 1 for no hour in common. busiest_hour_share is the share of its busiest hour,
-- about: silent_hours are hours without a click. Hours are those of the time zone asked for. Few clicks diverge by
-- about: chance, and other countries have other hours.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=divergence y=affiliate_name
WITH hours AS (
    SELECT DISTINCT account, local_hour(click_time, $timezone) AS hour
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
),
affiliates AS (
    SELECT account, affiliate_id, max(affiliate_name) AS affiliate_name, count(*) AS clicks
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, affiliate_id
),
own AS (
    SELECT account, affiliate_id, local_hour(click_time, $timezone) AS hour, count(*) AS clicks
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account, affiliate_id, local_hour(click_time, $timezone)
),
filled AS (
    SELECT
        a.account,
        a.affiliate_id,
        a.affiliate_name,
        a.clicks,
        COALESCE(o.clicks, 0) AS own_clicks,
        sum(COALESCE(o.clicks, 0)) OVER (PARTITION BY a.account, h.hour) - COALESCE(o.clicks, 0) AS other_clicks
    FROM affiliates AS a
    INNER JOIN hours AS h ON a.account = h.account
    LEFT JOIN own AS o
        ON a.account = o.account AND (a.affiliate_id IS NOT DISTINCT FROM o.affiliate_id) AND h.hour = o.hour
)
SELECT
    account,
    affiliate_id,
    max(affiliate_name) AS affiliate_name,
    max(clicks) AS clicks,
    js_divergence(own_clicks, other_clicks) AS divergence,
    CAST(max(own_clicks) AS DOUBLE) / max(clicks) AS busiest_hour_share,
    24 - count(*) FILTER (WHERE own_clicks > 0) AS silent_hours
FROM filled
GROUP BY account, affiliate_id
HAVING max(clicks) >= $min_clicks
ORDER BY divergence DESC NULLS LAST, clicks DESC, account, affiliate_id NULLS LAST
