-- title: Seconds of the minute
-- about: How uneven clicks are over the seconds of the minute: Pearson's chi-square by its degrees of freedom, 1 for people.
-- about: Jobs of a scheduler begin with the minute.
-- family: timing
-- kind: shape
-- min_exposure: 100
-- reason: the clicks prefer some seconds of the minute: {observed} times as uneven as chance, where {expected} is usual
SELECT account, entity, sum(clicks) AS n, (60.0 * sum(clicks * clicks) / sum(clicks) - sum(clicks)) / 59 AS value
FROM seconds
GROUP BY account, entity
