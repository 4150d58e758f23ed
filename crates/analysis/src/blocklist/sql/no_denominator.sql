-- Clicks that no rate can rest on: of their time only refused ones are there.
SELECT count(*) AS clicks, count(*) FILTER (WHERE is_rated) AS rated
FROM (
    SELECT
        affiliate_id,
        basis IS NOT NULL
            AND NOT (basis = 5 AND count(*) FILTER (WHERE error_code = 0) OVER (PARTITION BY account, basis) = 0) AS is_rated
    FROM rated_clicks
    WHERE click_time BETWEEN $from AND $to
) AS k
WHERE $affiliate IS NULL OR affiliate_id = $affiliate
