-- title: Refused as proxy, duplicate or fraud
-- about: Share of clicks that the network's own rules or vendors refused as proxies, duplicates or fraud.
-- family: source
-- kind: rate
-- basis: list
-- min_exposure: 30
-- reason: {observed} of the clicks were refused as proxies, duplicates or by a fraud vendor; {expected} were to be expected
-- drill: error_class(error_code) IN ('proxy', 'duplicate', 'vendor-verdict')
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'source_error'
