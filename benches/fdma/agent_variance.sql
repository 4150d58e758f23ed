-- title: Variance of clicks per user agent
-- family: user agent
-- kind: shape
-- reason: variance of clicks per user agent: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + "AgentVariance") AS value
FROM publishers
