-- title: Too few conversions
-- about: Share of clicks that do not convert, against others with the same offers.
-- family: conversion
-- kind: rate
-- basis: behavioural
-- min_exposure: 30
-- reason: {observed} of the clicks never convert; {expected} were to be expected of these offers
-- drill: NOT has_conversion
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'no_conversion'
