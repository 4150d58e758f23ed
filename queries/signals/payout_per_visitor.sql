-- title: Payout per visitor
-- about: What the network pays for the clicks of a visitor (address and user agent), on average.
-- family: conversion
-- kind: shape
-- min_exposure: 50
-- reason: each visitor costs {observed}, where {expected} is usual at this volume
SELECT account, entity, sum(clicks) AS n, sum(payout) / count(*) AS value
FROM visitors
WHERE NOT is_carrier AND NOT is_masked
GROUP BY account, entity
HAVING sum(payout) > 0
