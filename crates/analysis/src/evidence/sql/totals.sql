-- The subject's clicks and those of the rest of the account, a row each.
SELECT
    COALESCE({id} = $id, false) AS is_subject,
    count(*) AS clicks,
    count(basis) AS rated_clicks,
    count(*) FILTER (WHERE error_code <> 0) AS invalid_clicks,
    count(has_conversion) FILTER (WHERE basis IS NOT NULL) AS conversion_known,
    count(*) FILTER (WHERE has_conversion AND basis IS NOT NULL) AS conversions,
    count(is_unique) FILTER (WHERE basis IS NOT NULL) AS unique_known,
    count(*) FILTER (WHERE is_unique AND basis IS NOT NULL) AS unique_clicks,
    count(user_ip) AS with_address,
    count(*) FILTER (WHERE ip_is_masked(user_ip)) AS masked_addresses,
    NULLIF(count(DISTINCT user_ip), 0) AS addresses,
    NULLIF(count(DISTINCT http_user_agent), 0) AS user_agents,
    min(click_time) AS first_click,
    max(click_time) AS last_click
FROM rated_clicks
WHERE account = $account AND click_time BETWEEN $from AND $to
GROUP BY COALESCE({id} = $id, false)
ORDER BY is_subject
