-- title: One gap again and again
-- about: Of the gaps of 3 seconds to 10 minutes between clicks of one source (sub1), the share of the most common, give or take a
-- about: second.
-- family: timing
-- kind: shape
-- min_exposure: 50
-- reason: {observed_percent} of the gaps between clicks of a source have the same length, where {expected_percent} is usual at this volume
SELECT account, entity, max(n) AS n, max(CAST(near AS DOUBLE)) / max(n) AS value
FROM (
    SELECT
        account,
        entity,
        sum(times) OVER (PARTITION BY account, entity ORDER BY gap RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS near,
        sum(times) OVER (PARTITION BY account, entity) AS n
    FROM gap_lengths
) AS g
GROUP BY account, entity
