-- title: Different user agents on one network
-- about: Of ten thousand pairs of clicks, those on the same network (/24, of IPv6 /48) with different user agents: the same share
-- about: at every volume. Sees machines behind masked addresses as well. Carriers and data centres do not count.
-- family: device
-- kind: shape
-- min_exposure: 100
-- reason: of ten thousand pairs of clicks, {observed} share a network but not the user agent, where {expected} is usual at this volume
-- drill: ip_prefix(user_ip, 24, 48) IN (SELECT ip_prefix(user_ip, 24, 48) FROM clicks WHERE {own} AND carrier_name IS NULL GROUP BY 1 HAVING count(DISTINCT http_user_agent) > 3)
SELECT
    account,
    entity,
    sum(clicks) AS n,
    10000.0 * sum(clicks * clicks - same) / (sum(clicks) * (sum(clicks) - 1)) AS value
FROM (
    SELECT account, entity, network, sum(clicks) AS clicks, sum(clicks * clicks) AS same
    FROM (
        SELECT account, entity, network, agent, sum(clicks) AS clicks
        FROM visitors
        WHERE NOT is_carrier
        GROUP BY account, entity, network, agent
    ) AS a
    GROUP BY account, entity, network
) AS k
GROUP BY account, entity
HAVING sum(clicks) > 1
