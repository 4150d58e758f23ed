-- title: User agents that others do not have
-- about: Share of clicks whose user agent at most two other entities of the account have: lists that scripts draw from grow old,
-- about: the browsers of people are renewed.
-- family: device
-- kind: shape
-- min_exposure: 50
-- reason: {observed_percent} of the clicks name browsers that nobody else's visitors have, where {expected_percent} is usual at this volume
-- drill: http_user_agent IN (SELECT http_user_agent FROM clicks WHERE account = $account GROUP BY 1 HAVING count(DISTINCT affiliate_id) <= 3)
WITH known AS (
    SELECT account, entity, agent, sum(clicks) AS clicks
    FROM agents
    GROUP BY account, entity, agent
)
SELECT
    account,
    entity,
    sum(clicks) AS n,
    CAST(COALESCE(sum(clicks) FILTER (WHERE entities <= 3), 0) AS DOUBLE) / sum(clicks) AS value
FROM (SELECT account, entity, clicks, count(*) OVER (PARTITION BY account, agent) AS entities FROM known) AS k
GROUP BY account, entity
