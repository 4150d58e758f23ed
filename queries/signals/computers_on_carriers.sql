-- title: Computers on mobile networks
-- about: Share of the clicks of computers that come through a mobile carrier: some people share their phone's line, most sit at
-- about: home. Sellers of home addresses sell those of phones as well, and scripts say that they are computers.
-- family: device
-- kind: rate
-- min_exposure: 50
-- reason: {observed} of the clicks of computers come through mobile carriers; {expected} is usual
-- drill: device_type = 'PC' AND carrier_name IS NOT NULL
SELECT
    account,
    entity,
    COALESCE(sum(clicks) FILTER (WHERE is_carrier), 0) AS x,
    sum(clicks) AS n
FROM devices
WHERE device_type = 'PC'
GROUP BY account, entity
