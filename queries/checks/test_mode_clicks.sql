-- title: Clicks in test mode
-- about: Everflow's is_test_mode: somebody tried a link out. Such clicks count in every query like others.
-- severity: warn
-- key: account, affiliate_id
-- measure: clicks
-- message: {{ affiliate_id|affiliate(affiliate_name) }}: {{ clicks|many("click") }} in test mode, the last at {{ last_time|clock }}
-- param: min_clicks bigint = 1    say nothing of fewer
SELECT account, affiliate_id, max(affiliate_name) AS affiliate_name, count(*) AS clicks, max(click_time) AS last_time
FROM clicks
WHERE click_time BETWEEN $from AND $to AND is_test_mode
GROUP BY account, affiliate_id
HAVING count(*) >= $min_clicks
ORDER BY account, clicks DESC, affiliate_id NULLS LAST
