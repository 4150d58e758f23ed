-- title: One user agent within a minute
-- about: How crowded the minute of a click is with clicks of the same user agent: sum(k * k) / sum(k). 1 is no repetition at all. The strongest family of signals on labelled data.
-- family: repetition
-- kind: shape
-- min_exposure: 30
-- reason: the same user agent clicks again within a minute: a click shares its minute with {observed} clicks of this kind, itself included, where {expected} is usual at this volume
-- drill: concat(date_trunc('minute', click_time), http_user_agent) IN (SELECT concat(date_trunc('minute', click_time), http_user_agent) FROM clicks WHERE {own} GROUP BY 1 HAVING count(*) > 1)
SELECT account, entity, n, CAST(squares AS DOUBLE) / n AS value
FROM repetitions
WHERE what = 'agent'
