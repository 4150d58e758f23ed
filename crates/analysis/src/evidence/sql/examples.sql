-- Clicks that nobody picked: those whose MD5 of the transaction id is smallest.
SELECT
    transaction_id,
    click_time,
    affiliate_id,
    offer_id,
    sub1,
    source_id,
    user_ip,
    http_user_agent,
    error_code,
    CAST(payout AS VARCHAR) AS payout,
    currency_id
FROM {reason}
WHERE account = $account AND {id} = $id AND is_hit
ORDER BY md5(transaction_id), transaction_id, click_time
LIMIT 20
