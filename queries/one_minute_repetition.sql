-- title: Repetition within a minute by affiliate
-- group: Visitors and repetition
-- about: How crowded the minute of a click is with clicks of the same visitor: sum(k * k) / sum(k) over the k clicks that one
-- about: address, one user agent, or both, made for an affiliate in one minute. 1 is no repetition at all. The strongest family
-- about: of signals on labelled data. User agents repeat by chance where there is much traffic: compare affiliates of like
-- about: size. Clicks without address or user agent do not count for that column.
-- needs: network-clicks | affiliate-clicks
-- param: min_clicks bigint = 100    hide affiliates with fewer clicks
-- chart: dot x=visitor_repetition y=affiliate_name
WITH minutes AS (
    SELECT account, affiliate_id, affiliate_name, date_trunc('minute', click_time) AS minute, user_ip, http_user_agent
    FROM clicks
    WHERE click_time BETWEEN $from AND $to
),
addresses AS (
    SELECT account, affiliate_id, CAST(sum(k * k) AS DOUBLE) / sum(k) AS repetition
    FROM (
        SELECT account, affiliate_id, count(*) AS k
        FROM minutes
        WHERE user_ip IS NOT NULL
        GROUP BY account, affiliate_id, minute, user_ip
    ) AS a
    GROUP BY account, affiliate_id
),
agents AS (
    SELECT account, affiliate_id, CAST(sum(k * k) AS DOUBLE) / sum(k) AS repetition
    FROM (
        SELECT account, affiliate_id, count(*) AS k
        FROM minutes
        WHERE http_user_agent IS NOT NULL
        GROUP BY account, affiliate_id, minute, http_user_agent
    ) AS a
    GROUP BY account, affiliate_id
),
visitors AS (
    SELECT account, affiliate_id, CAST(sum(k * k) AS DOUBLE) / sum(k) AS repetition, max(k) AS most_in_a_minute
    FROM (
        SELECT account, affiliate_id, count(*) AS k
        FROM minutes
        WHERE user_ip IS NOT NULL AND http_user_agent IS NOT NULL
        GROUP BY account, affiliate_id, minute, user_ip, http_user_agent
    ) AS a
    GROUP BY account, affiliate_id
),
totals AS (
    SELECT account, affiliate_id, max(affiliate_name) AS affiliate_name, count(*) AS clicks
    FROM minutes
    GROUP BY account, affiliate_id
)
SELECT
    t.account,
    t.affiliate_id,
    t.affiliate_name,
    t.clicks,
    a.repetition AS address_repetition,
    g.repetition AS agent_repetition,
    v.repetition AS visitor_repetition,
    v.most_in_a_minute
FROM totals AS t
LEFT JOIN addresses AS a ON t.account = a.account AND (t.affiliate_id IS NOT DISTINCT FROM a.affiliate_id)
LEFT JOIN agents AS g ON t.account = g.account AND (t.affiliate_id IS NOT DISTINCT FROM g.affiliate_id)
LEFT JOIN visitors AS v ON t.account = v.account AND (t.affiliate_id IS NOT DISTINCT FROM v.affiliate_id)
WHERE t.clicks >= $min_clicks
ORDER BY visitor_repetition DESC NULLS LAST, t.clicks DESC, t.account, t.affiliate_id NULLS LAST
