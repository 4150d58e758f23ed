-- title: Spread of the clicks of one referer within a minute
-- family: referer
-- kind: shape
-- reason: spread of the clicks of one referer within a minute: {observed}, where {expected} is usual at this volume
SELECT 'fdma' AS account, partnerid AS entity, total_clicks AS n, ln(1 + std_spiky_referer) AS value
FROM publishers
