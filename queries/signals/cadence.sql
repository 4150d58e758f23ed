-- title: A timer
-- about: Share of clicks that fall in the middle between the one before and the one after. One that knows nothing of its neighbours does so by chance, at every volume as often; a timer does so again and again.
-- family: timing
-- kind: rate
-- min_exposure: 30
-- reason: {observed} of the clicks fall in the middle between their neighbours, as if by a timer; {expected} would by chance
SELECT account, entity, x, n, expected
FROM cadence
WHERE what = 'all'
