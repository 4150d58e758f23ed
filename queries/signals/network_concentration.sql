-- title: Few networks
-- about: Concentration of clicks over networks (/24, of IPv6 /48): the sum of squared shares. Carriers and data centres do not
-- about: count, which have few networks by nature.
-- family: network
-- kind: shape
-- min_exposure: 50
-- reason: the clicks come from few networks: as if {observed_alike} of equal size sent them all, where {expected_alike} are usual at this volume
-- drill: ip_prefix(user_ip, 24, 48) IN (SELECT ip_prefix(user_ip, 24, 48) FROM clicks WHERE {own} AND carrier_name IS NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 3)
SELECT account, entity, sum(clicks) AS n, CAST(sum(clicks * clicks) AS DOUBLE) / (sum(clicks) * sum(clicks)) AS value
FROM (
    SELECT account, entity, network, sum(clicks) AS clicks
    FROM visitors
    WHERE NOT is_carrier
    GROUP BY account, entity, network
) AS k
GROUP BY account, entity
