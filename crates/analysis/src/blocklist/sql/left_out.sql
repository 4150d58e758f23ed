-- Clicks that no value can stand for.
SELECT
    count(*) FILTER (WHERE value IS NULL AND ip_is_masked(user_ip)) AS masked,
    count(*) FILTER (WHERE value IS NULL AND user_ip IS NOT NULL AND NOT COALESCE(ip_is_masked(user_ip), false)) AS no_address,
    count(*) FILTER (WHERE value IS NULL AND user_ip IS NULL) AS empty
FROM (
    SELECT {value} AS value, user_ip
    FROM clicks
    WHERE click_time BETWEEN $from AND $to AND ($affiliate IS NULL OR affiliate_id = $affiliate)
) AS k
