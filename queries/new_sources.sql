-- title: New sub-sources
-- group: Affiliates and sources
-- about: Values of sub1 of an affiliate whose first click in the lake lies in the range, within its last --param days= days of the time zone
-- about: asked for; clicks before --from are looked at to know it. New is new to the lake: lake_begins is when the account's clicks
-- about: or coverage do, and what was before is not known here. Shares are of clicks as landed, money is by currency.
-- needs: network-clicks | affiliate-clicks
-- param: days bigint = 7    how many last days count as new
-- param: min_clicks bigint = 2    hide rows with fewer clicks
-- chart: bar x=clicks y=sub1
WITH known AS (
    SELECT account, min(first_time) AS lake_begins
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
firsts AS (
    -- Of the whole lake up to the end of the range: what came before the range is not new.
    SELECT account, affiliate_id, sub1, min(click_time) AS first_time
    FROM clicks
    WHERE click_time <= $to AND sub1 IS NOT NULL
    GROUP BY account, affiliate_id, sub1
),
totals AS (
    SELECT
        account,
        affiliate_id,
        sub1,
        max(affiliate_name) AS affiliate_name,
        count(*) AS clicks,
        count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks,
        count(*) FILTER (WHERE is_proxy) AS proxy_clicks,
        count(DISTINCT user_ip) AS addresses,
        money_by_currency(payout, currency_id) AS payout
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND sub1 IS NOT NULL
    GROUP BY account, affiliate_id, sub1
)
SELECT
    t.account,
    t.affiliate_id,
    t.affiliate_name,
    t.sub1,
    f.first_time,
    t.clicks,
    CAST(t.invalid_clicks AS DOUBLE) / t.clicks AS invalid_share,
    CAST(t.proxy_clicks AS DOUBLE) / t.clicks AS proxy_share,
    t.addresses,
    t.payout,
    k.lake_begins
FROM totals AS t
INNER JOIN firsts AS f
    ON t.account = f.account AND (t.affiliate_id IS NOT DISTINCT FROM f.affiliate_id) AND t.sub1 = f.sub1
INNER JOIN known AS k ON t.account = k.account
WHERE t.clicks >= $min_clicks AND f.first_time >= $from AND f.first_time > days_before($to, $days, $timezone)
ORDER BY t.clicks DESC, t.account, t.affiliate_id NULLS LAST, t.sub1
