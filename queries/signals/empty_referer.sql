-- title: No referer
-- about: Share of clicks without a referer, against others with the same offers. Apps and e-mail send none.
-- family: source
-- kind: rate
-- basis: behavioural
-- min_exposure: 30
-- reason: {observed} of the clicks say nothing of the page they come from; {expected} were to be expected
-- drill: referer IS NULL
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'empty_referer'
