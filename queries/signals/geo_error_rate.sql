-- title: Wrong countries, regions and cities
-- about: Share of clicks that Everflow refuses for their place (error codes 9 to 12), against others with the same offers.
-- family: geography
-- kind: rate
-- basis: behavioural
-- min_exposure: 30
-- reason: {observed} of the clicks were refused for their country, region or city; {expected} were to be expected of these offers
-- drill: error_code BETWEEN 9 AND 12
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'geo_error'
