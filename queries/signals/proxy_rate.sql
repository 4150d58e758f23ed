-- title: Proxy rate
-- about: Share of clicks whose address the vendor flags as a proxy. Relays and campuses are flagged as well.
-- family: network
-- kind: rate
-- basis: list
-- min_exposure: 30
-- reason: {observed} of the clicks come through proxies; {expected} were to be expected with these offers and countries
-- drill: is_proxy
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'proxy'
