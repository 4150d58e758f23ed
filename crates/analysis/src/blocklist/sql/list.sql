SELECT *
FROM candidates
WHERE conversions <= $max_conversions AND (warning IS NULL OR $include_shared)
ORDER BY warning IS NOT NULL, conversions, bad_clicks DESC, value, account, affiliate_id NULLS LAST
