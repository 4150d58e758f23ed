-- title: Clicks per user agent
-- about: Clicks by user agents that are met among a hundred clicks: few devices make many clicks. A hundred, whatever the volume
-- about: (rarefaction: Hurlbert, Ecology 52, 1971), as more clicks meet the same user agents again.
-- family: device
-- kind: shape
-- min_exposure: 100
-- reason: among a hundred clicks, each user agent makes {observed}, where {expected} is usual
-- drill: http_user_agent IN (SELECT http_user_agent FROM clicks WHERE {own} GROUP BY 1 ORDER BY count(*) DESC LIMIT 3)
SELECT account, entity, max(n) AS n, 100 / sum(1 - power(1 - CAST(k AS DOUBLE) / n, 100)) AS value
FROM (
    SELECT account, entity, sum(clicks) AS k, sum(sum(clicks)) OVER (PARTITION BY account, entity) AS n
    FROM agents
    GROUP BY account, entity, agent
) AS a
GROUP BY account, entity
