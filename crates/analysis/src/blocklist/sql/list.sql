SELECT *
FROM candidates
WHERE COALESCE(conversions <= $max_conversions, true) AND (warning IS NULL OR $include_shared)
ORDER BY warning IS NOT NULL, conversions NULLS LAST, bad_clicks DESC, value, account, affiliate_id NULLS LAST
