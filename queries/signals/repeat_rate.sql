-- title: Clicks that are not unique
-- about: Share of clicks that Everflow does not count as unique: the visitor has clicked this offer before.
-- family: repetition
-- kind: rate
-- basis: behavioural
-- min_exposure: 30
-- reason: {observed} of the clicks repeat an earlier click; {expected} were to be expected
-- drill: NOT is_unique
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'repeat'
