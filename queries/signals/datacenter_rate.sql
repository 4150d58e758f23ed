-- title: Data centres
-- about: Share of clicks from hosting companies, by the names of ISP and organization and by lists of networks.
-- family: network
-- kind: rate
-- basis: list
-- min_exposure: 30
-- reason: {observed} of the clicks come from data centres; {expected} were to be expected
-- drill: is_datacenter(isp_name, organization, user_ip)
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'datacenter'
