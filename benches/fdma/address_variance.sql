-- title: Variance of clicks per address
-- family: address
-- kind: shape
-- reason: variance of clicks per address: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + "IpVariance") AS value
FROM publishers
