-- The values of each column that come with most hits: x of n clicks that have a denominator.
WITH named AS (
    SELECT
        sub1,
        sub2,
        sub3,
        sub4,
        sub5,
        source_id,
        CAST({other} AS VARCHAR) AS other,
        ip_prefix(user_ip, 24, 48) AS network,
        http_user_agent,
        is_hit
    FROM {reason}
    WHERE account = $account AND {id} = $id AND is_hit IS NOT NULL AND basis IS NOT NULL
),
counted AS (
    SELECT
        CASE
            WHEN grouping(sub1) = 0 THEN 'sub1'
            WHEN grouping(sub2) = 0 THEN 'sub2'
            WHEN grouping(sub3) = 0 THEN 'sub3'
            WHEN grouping(sub4) = 0 THEN 'sub4'
            WHEN grouping(sub5) = 0 THEN 'sub5'
            WHEN grouping(source_id) = 0 THEN 'source_id'
            WHEN grouping(other) = 0 THEN '{other}'
            WHEN grouping(network) = 0 THEN 'network'
            ELSE 'http_user_agent'
        END AS dimension,
        COALESCE(sub1, sub2, sub3, sub4, sub5, source_id, other, network, http_user_agent) AS value,
        count(*) AS n,
        count(*) FILTER (WHERE is_hit) AS x
    FROM named
    GROUP BY GROUPING SETS (
        (sub1), (sub2), (sub3), (sub4), (sub5), (source_id), (other), (network), (http_user_agent)
    )
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY dimension ORDER BY x DESC, n, value) AS place
    FROM counted
    WHERE value IS NOT NULL AND x > 0
)
SELECT dimension, value, n, x
FROM ranked
WHERE place <= 3
ORDER BY dimension, place
