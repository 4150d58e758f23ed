-- title: A feed is late
-- about: Hours since the last second that is known to be complete, of each feed that was ever fetched in full. A pull an hour
-- about: leaves it below two; ten minutes at the end are never covered (--settle).
-- severity: error
-- key: account, feed
-- measure: hours
-- message: {{ feed }} is {{ hours|round|int|many("hour") }} late: nothing after {{ last_covered|clock }} is covered (see: fetcher status)
-- param: now timestamp = null    the time of the run, unless given
-- param: max_hours bigint = 6    what is tolerated
WITH covered AS (
    SELECT account, feed, max(to_time) AS last_covered
    FROM coverage
    WHERE cardinality(filters) = 0 AND NOT saturated
    GROUP BY account, feed
)
SELECT
    account,
    feed,
    last_covered,
    (date_part('epoch', $now) - date_part('epoch', last_covered)) / 3600 AS hours
FROM covered
WHERE date_part('epoch', $now) - date_part('epoch', last_covered) > $max_hours * 3600
ORDER BY account, feed
