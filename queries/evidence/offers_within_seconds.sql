-- title: Another offer within seconds
-- reason: {observed} of the clicks ({x} of {n}) came at most two seconds after a click of the same visitor on another offer; of the others' clicks it was {expected}
-- about: The same address and user agent clicked another offer through the same affiliate at most --param seconds= before, whatever came
-- about: between. Scripts
-- about: walk through lists of offers, people read first. Clicks without address or user agent, and masked addresses, are not
-- about: judged.
-- basis: behavioural
-- defined_by: network, http_user_agent
-- param: seconds bigint = 2    the longest time between two clicks that counts
SELECT
    *,
    CASE
        WHEN user_ip IS NOT NULL AND http_user_agent IS NOT NULL AND NOT ip_is_masked(user_ip) THEN COALESCE(
            date_part('epoch', click_time) - date_part('epoch', max(
                CASE WHEN offer_id <> offer_before THEN time_before END
            ) OVER (
                PARTITION BY account, affiliate_id, user_ip, http_user_agent
                ORDER BY click_time, transaction_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            )) <= $seconds,
            false
        )
    END AS is_hit
FROM (
    -- The last click on another offer is the one before the row of clicks on this one.
    SELECT *, lag(offer_id) OVER visitor AS offer_before, lag(click_time) OVER visitor AS time_before
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to
    WINDOW visitor AS (PARTITION BY account, affiliate_id, user_ip, http_user_agent ORDER BY click_time, transaction_id)
) AS k
