-- title: Spread of the clicks of one user agent within a minute
-- family: user agent
-- kind: shape
-- reason: spread of the clicks of one user agent within a minute: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + std_spiky_agent) AS value
FROM publishers
