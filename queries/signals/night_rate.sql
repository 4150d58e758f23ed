-- title: Clicks at night
-- about: Share of clicks between one and six in the morning on the visitor's wall, against others with the same countries: people sleep, programs do not.
-- family: timing
-- kind: rate
-- basis: behavioural
-- min_exposure: 30
-- reason: {observed} of the clicks fall between 1 and 6 in the morning where the visitor is; {expected} were to be expected of these countries
-- drill: local_hour(click_time, geo_timezone) BETWEEN 1 AND 5
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'night'
