-- title: An affiliate's proxy rate went up
-- about: The proxy rate of an affiliate's last days against its own days before, both of times for which the same feeds were
-- about: fetched. Reported where so many proxies are unlikely at the earlier rate, given how few clicks it may rest on
-- about: (beta-binomial, adjusted for the number of affiliates), and the rate rose by at least --param min_rise=. The flag is
-- about: Everflow's and no proof.
-- needs: network-clicks | affiliate-clicks
-- severity: warn
-- key: account, affiliate_id
-- measure: proxy_rate
-- message: {{ affiliate_id|affiliate(affiliate_name) }}: {{ proxy_rate|percent }} of {{ clicks|count }} clicks came through proxies, {{ rate_before|percent }} of {{ clicks_before|count }} before
-- param: days bigint = 1    the last days, up to the account's last click
-- param: min_clicks bigint = 50    leave affiliates with fewer clicks in either period alone
-- param: min_rise double = 0.05    smaller rises are not worth a message
-- param: q double = 0.05    the share of reports that may be chance
WITH ends AS (
    SELECT account, max(click_time) AS last_time
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account
),
aged AS (
    SELECT
        k.account,
        k.affiliate_id,
        k.affiliate_name,
        k.basis,
        k.is_proxy,
        date_part('epoch', e.last_time) - date_part('epoch', k.click_time) < $days * 86400 AS is_recent
    FROM rated_clicks AS k
    INNER JOIN ends AS e ON k.account = e.account
    WHERE k.click_time BETWEEN $from AND $to AND k.is_proxy IS NOT NULL AND k.basis IS NOT NULL
),
counted AS (
    SELECT
        account,
        affiliate_id,
        basis,
        max(affiliate_name) AS affiliate_name,
        count(*) FILTER (WHERE is_recent) AS clicks,
        count(*) FILTER (WHERE is_recent AND is_proxy) AS proxy_clicks,
        count(*) FILTER (WHERE NOT is_recent) AS clicks_before,
        count(*) FILTER (WHERE NOT is_recent AND is_proxy) AS proxy_clicks_before
    FROM aged
    GROUP BY account, affiliate_id, basis
),
alike AS (
    -- Like with like: of what a rate can rest on, the best that both periods have enough clicks of.
    SELECT *, row_number() OVER (PARTITION BY account, affiliate_id ORDER BY basis) AS place
    FROM counted
    WHERE clicks >= $min_clicks AND clicks_before >= $min_clicks
),
judged AS (
    SELECT
        *,
        CAST(proxy_clicks AS DOUBLE) / clicks AS proxy_rate,
        CAST(proxy_clicks_before AS DOUBLE) / clicks_before AS rate_before,
        benjamini_hochberg(beta_binomial_sf(
            proxy_clicks - 1, clicks, proxy_clicks_before + 0.5, clicks_before - proxy_clicks_before + 0.5
        )) OVER (PARTITION BY account) AS p_adjusted
    FROM alike
    WHERE place = 1
)
SELECT account, affiliate_id, affiliate_name, clicks, proxy_clicks, proxy_rate, clicks_before, rate_before, p_adjusted
FROM judged
WHERE p_adjusted <= $q AND proxy_rate - rate_before >= $min_rise
ORDER BY account, p_adjusted, affiliate_id NULLS LAST
