SELECT
    count(*) AS candidates,
    count(DISTINCT account) FILTER (WHERE is_listed) AS accounts,
    max(account) FILTER (WHERE is_listed) AS account,
    count(*) FILTER (WHERE conversions > $max_conversions) AS converting,
    count(*) FILTER (WHERE is_kept AND warning IS NOT NULL) AS shared,
    count(*) FILTER (
        WHERE is_listed AND (strpos(value, chr(10)) > 0 OR strpos(value, chr(13)) > 0)
    ) AS broken,
    count(*) FILTER (WHERE is_listed AND conversions IS NULL) AS unknown_conversions,
    count(*) FILTER (WHERE is_listed AND (user_agents IS NULL OR affiliates IS NULL)) AS unknown_sharing
FROM (
    SELECT *, is_kept AND (warning IS NULL OR $include_shared) AS is_listed
    FROM (SELECT *, COALESCE(conversions <= $max_conversions, true) AS is_kept FROM candidates) AS k
) AS l
