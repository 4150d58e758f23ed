-- title: One address makes much of an affiliate's clicks
-- about: Addresses that more than --param share= of an affiliate's clicks of the last days came from. Masked addresses, which
-- about: stand for up to 256, are left out. A server that clicks for its users looks the same.
-- severity: warn
-- key: account, affiliate_id, user_ip
-- measure: share
-- message: {{ affiliate_id|affiliate(affiliate_name) }}: {{ share|percent }} of {{ clicks|count }} clicks came from {{ user_ip }}
-- param: days bigint = 1    the last days, up to the account's last click
-- param: share double = 0.3    the share that is tolerated
-- param: min_clicks bigint = 50    leave affiliates with fewer clicks alone
WITH ends AS (
    SELECT account, max(click_time) AS last_time
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
    GROUP BY account
),
counted AS (
    SELECT k.account, k.affiliate_id, max(k.affiliate_name) AS affiliate_name, k.user_ip, count(*) AS address_clicks
    FROM clicks AS k
    INNER JOIN ends AS e ON k.account = e.account
    WHERE k.click_time BETWEEN $from AND $to
        AND date_part('epoch', e.last_time) - date_part('epoch', k.click_time) < $days * 86400
    GROUP BY k.account, k.affiliate_id, k.user_ip
),
shared AS (
    SELECT *, CAST(sum(address_clicks) OVER (PARTITION BY account, affiliate_id) AS BIGINT) AS clicks
    FROM counted
)
SELECT account, affiliate_id, affiliate_name, user_ip, address_clicks, clicks, CAST(address_clicks AS DOUBLE) / clicks AS share
FROM shared
WHERE user_ip IS NOT NULL AND NOT COALESCE(ip_is_masked(user_ip), false)
    AND clicks >= $min_clicks AND CAST(address_clicks AS DOUBLE) / clicks > $share
ORDER BY account, share DESC, affiliate_id NULLS LAST, user_ip
