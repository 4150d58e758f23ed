SELECT
    '{name}' AS reason,
    account,
    date,
    transaction_id,
    click_time,
    affiliate_id,
    offer_id,
    basis,
    user_ip,
    isp_name,
    organization,
    carrier_name,
    error_code,
    has_conversion,
    is_unique,
    payout,
    revenue,
    currency_id
FROM {reason}
WHERE account = $account AND {id} = $id AND is_hit
