-- title: Clicks that are not unique
-- about: Share of clicks that Everflow does not count as unique: the visitor has clicked this offer before. Data centres do not count: behind one server, visitors are one.
-- family: repetition
-- kind: rate
-- basis: behavioural
-- min_exposure: 30
-- reason: {observed} of the clicks repeat an earlier click; {expected} were to be expected
-- drill: NOT is_unique AND NOT is_datacenter(isp_name, organization, user_ip)
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'repeat'
