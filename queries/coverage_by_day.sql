-- title: Coverage by day
-- group: Coverage
-- about: How much of each UTC day was fetched in full, by account and feed: covered_share is the share of its seconds in whole,
-- about: unfiltered answers below the row cap; saturated counts intervals at the cap, of which more clicks may exist; filtered
-- about: counts intervals that were asked for by filter. A day without a row was never asked for.
-- chart: area x=date y=covered_share color=feed
SELECT
    account,
    date,
    feed,
    CAST(sum(CASE
        WHEN cardinality(filters) = 0 AND NOT saturated
            THEN date_part('epoch', to_time) - date_part('epoch', from_time) + 1
        ELSE 0
    END) AS DOUBLE) / 86400 AS covered_share,
    CAST(sum(rows) AS BIGINT) AS rows,
    count(*) FILTER (WHERE saturated) AS saturated,
    count(*) FILTER (WHERE cardinality(filters) > 0) AS filtered,
    min(fetched_at) AS first_fetched_at,
    max(fetched_at) AS last_fetched_at
FROM coverage
WHERE to_time >= $from AND from_time <= $to
GROUP BY account, date, feed
ORDER BY account, date, feed
