-- title: Few user agents
-- about: Concentration of clicks over user agents: the sum of squared shares.
-- family: device
-- kind: shape
-- min_exposure: 50
-- reason: few user agents make most of the clicks: as if {observed_alike} of equal size made them all, where {expected_alike} are usual at this volume
-- drill: http_user_agent IN (SELECT http_user_agent FROM clicks WHERE {own} GROUP BY 1 ORDER BY count(*) DESC LIMIT 3)
SELECT account, entity, sum(clicks) AS n, CAST(sum(clicks * clicks) AS DOUBLE) / (sum(clicks) * sum(clicks)) AS value
FROM agents
GROUP BY account, entity
