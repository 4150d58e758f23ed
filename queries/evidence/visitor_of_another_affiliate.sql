-- title: Visitors of another affiliate minutes before
-- reason: {observed} of the clicks ({x} of {n}) came from a visitor who had clicked through another affiliate minutes before; of the others' clicks it was {expected}
-- about: The same address and user agent clicked through another affiliate of the account less than --param minutes= before,
-- about: whatever came between. One
-- about: machine behind several names looks so; so does a person who compares offers. Clicks without address or user agent, from
-- about: carriers, whose addresses are shared by thousands, and from masked addresses are not judged.
-- basis: behavioural
-- defined_by: network, http_user_agent
-- param: minutes bigint = 10    shorter times between two clicks count
SELECT
    *,
    CASE
        WHEN user_ip IS NOT NULL AND http_user_agent IS NOT NULL AND carrier_name IS NULL AND NOT ip_is_masked(user_ip) THEN COALESCE(
            date_part('epoch', click_time) - date_part('epoch', max(
                CASE WHEN affiliate_id <> affiliate_before THEN time_before END
            ) OVER (
                PARTITION BY account, user_ip, http_user_agent
                ORDER BY click_time, transaction_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            )) < 60 * $minutes,
            false
        )
    END AS is_hit
FROM (
    -- The last click through another affiliate is the one before the row of clicks through this one.
    SELECT *, lag(affiliate_id) OVER visitor AS affiliate_before, lag(click_time) OVER visitor AS time_before
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to
    WINDOW visitor AS (PARTITION BY account, user_ip, http_user_agent ORDER BY click_time, transaction_id)
) AS k
