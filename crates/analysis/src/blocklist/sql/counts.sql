SELECT
    count(*) AS candidates,
    count(DISTINCT account) AS accounts,
    count(*) FILTER (WHERE conversions > $max_conversions) AS converting,
    count(*) FILTER (WHERE conversions <= $max_conversions AND warning IS NOT NULL) AS shared,
    count(*) FILTER (
        WHERE conversions <= $max_conversions
            AND (warning IS NULL OR $include_shared)
            AND (strpos(value, chr(10)) > 0 OR strpos(value, chr(13)) > 0)
    ) AS broken
FROM candidates
