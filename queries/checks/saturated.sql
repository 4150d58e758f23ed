-- title: Seconds with more clicks than Everflow gives
-- about: Answers that were as large as the API's cap: of these seconds more clicks may exist than are in the lake.
-- severity: warn
-- key: account, feed
-- measure: seconds
-- message: {{ feed }} was cut off by Everflow's cap in {{ seconds|many("second") }}, first at {{ first_time|clock }} (see: fetcher status)
SELECT
    account,
    feed,
    CAST(sum(date_part('epoch', to_time) - date_part('epoch', from_time) + 1) AS BIGINT) AS seconds,
    CAST(sum(rows) AS BIGINT) AS rows,
    min(from_time) AS first_time
FROM coverage
WHERE saturated AND to_time >= $from AND from_time <= $to
GROUP BY account, feed
ORDER BY account, feed
