SELECT
    transaction_id,
    click_time,
    affiliate_id,
    offer_id,
    user_ip,
    error_code,
    payout,
    revenue,
    currency_id,
    has_conversion,
    reasons
FROM implicated
ORDER BY click_time, transaction_id
