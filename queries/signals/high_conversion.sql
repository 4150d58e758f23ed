-- title: Too many conversions
-- about: Share of clicks that convert, against others with the same offers. Coupon sites convert well; so do incentives, and clicks injected just before an installation.
-- family: conversion
-- kind: rate
-- basis: behavioural
-- min_exposure: 30
-- reason: {observed} of the clicks convert; {expected} were to be expected of these offers
-- drill: has_conversion
SELECT account, entity, x, n, expected
FROM rates
WHERE quality = 'conversion'
