-- title: Impossible devices
-- about: Share of clicks whose user agent contradicts the platform, or names a browser that its system never had.
-- family: device
-- kind: rate
-- min_exposure: 30
-- reason: {observed} of the clicks name a browser that cannot run on the device; {expected} is usual
-- drill: (platform_name = 'iOS' AND NOT regexp_like(http_user_agent, 'iPhone|iPad|iPod|iOS|Darwin')) OR (platform_name = 'Android' AND strpos(http_user_agent, 'Android') = 0) OR (platform_name = 'Windows' AND strpos(http_user_agent, 'Windows') = 0) OR (platform_name = 'macOS' AND strpos(http_user_agent, 'Mac') = 0) OR regexp_like(http_user_agent, 'Windows NT 6[.][0-3].*Chrome/1[1-9][0-9][.]')
SELECT
    account,
    entity,
    COALESCE(sum(clicks) FILTER (WHERE is_impossible), 0) AS x,
    sum(clicks) AS n
FROM agents
GROUP BY account, entity
