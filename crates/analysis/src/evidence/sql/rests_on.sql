-- What the rates of an account rest on.
SELECT DISTINCT rests_on
FROM rated_clicks
WHERE account = $account AND click_time BETWEEN $from AND $to AND basis IS NOT NULL
ORDER BY rests_on
