-- title: Clicks of some affiliates by day
-- about: For the small time lines: clicks as landed, and how many of them were refused or came through a proxy, of the
-- about: affiliates in --param keys=, a comma-separated list of account/affiliate.
-- param: keys text    account/affiliate,...
SELECT
    account,
    affiliate_id,
    local_date(click_time, $timezone) AS day,
    count(*) AS clicks,
    count(*) FILTER (WHERE error_code <> 0 OR is_proxy) AS suspicious_clicks
FROM clicks
WHERE click_time BETWEEN $from AND $to
    AND array_has(string_to_array($keys, ','), account || '/' || COALESCE(CAST(affiliate_id AS VARCHAR), ''))
GROUP BY account, affiliate_id, local_date(click_time, $timezone)
ORDER BY account, affiliate_id NULLS LAST, day
