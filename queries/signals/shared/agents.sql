-- title: Clicks by entity and user agent
SELECT
    account,
    entity,
    agent,
    platform_name,
    count(*) AS clicks,
    bool_or(
        (platform_name = 'iOS' AND NOT regexp_like(http_user_agent, 'iPhone|iPad|iPod|iOS|Darwin'))
        OR (platform_name = 'Android' AND strpos(http_user_agent, 'Android') = 0)
        OR (platform_name = 'Windows' AND strpos(http_user_agent, 'Windows') = 0)
        OR (platform_name = 'macOS' AND strpos(http_user_agent, 'Mac') = 0)
        OR regexp_like(http_user_agent, 'Windows NT 6[.][0-3].*Chrome/1[1-9][0-9][.]')
    ) AS is_impossible
FROM undeclared_clicks
WHERE agent IS NOT NULL
GROUP BY account, entity, agent, platform_name
