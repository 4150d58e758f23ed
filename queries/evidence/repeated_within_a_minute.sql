-- title: Repeated within a minute
-- reason: {observed} of the clicks ({x} of {n}) came less than a minute after another of the same visitor; of the others' clicks it was {expected}
-- about: The same address and user agent clicked through the same affiliate less than --param seconds= before; the first click of
-- about: such a row does not count. Carriers put many people of one model of phone behind an address. Clicks without address or
-- about: user agent, and masked addresses, which stand for up to 256, are not judged.
-- basis: behavioural
-- defined_by: network, http_user_agent
-- param: seconds bigint = 60    shorter times between two clicks count
SELECT
    *,
    CASE
        WHEN user_ip IS NOT NULL AND http_user_agent IS NOT NULL AND NOT ip_is_masked(user_ip) THEN COALESCE(
            date_part('epoch', click_time) - date_part('epoch', lag(click_time) OVER (
                PARTITION BY account, affiliate_id, user_ip, http_user_agent ORDER BY click_time, transaction_id
            )) < $seconds,
            false
        )
    END AS is_hit
FROM rated_clicks
WHERE click_time BETWEEN $from AND $to
