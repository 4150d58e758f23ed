-- title: The same address within 20 seconds
-- about: Share of clicks that follow another of the same address within 20 seconds.
-- family: repetition
-- kind: rate
-- min_exposure: 50
-- reason: {observed} of the clicks follow another of the same address within 20 seconds; {expected} is usual
SELECT account, entity, under_20 AS x, n
FROM gaps
