-- title: Clicks per visitor
-- about: How many clicks the visitor (address and user agent) of a click makes, itself included: sum(k * k) / sum(k) over the k
-- about: clicks of each. Sees machines behind masked addresses as well. Carriers and data centres do not count.
-- family: repetition
-- kind: shape
-- min_exposure: 50
-- reason: the same visitors click again and again: the visitor of a click makes {observed} clicks, where {expected} is usual at this volume
-- drill: concat(user_ip, http_user_agent) IN (SELECT concat(user_ip, http_user_agent) FROM clicks WHERE {own} AND carrier_name IS NULL GROUP BY 1 HAVING count(*) > 5)
SELECT account, entity, sum(clicks) AS n, CAST(sum(clicks * clicks) AS DOUBLE) / sum(clicks) AS value
FROM visitors
WHERE NOT is_carrier AND agent IS NOT NULL
GROUP BY account, entity
