SELECT
    {reason} AS reason,
    account,
    date,
    transaction_id,
    click_time,
    affiliate_id,
    basis,
    error_code,
    {value} AS value,
    user_ip,
    http_user_agent,
    isp_name,
    organization,
    carrier_name,
    has_conversion,
    is_unique,
    payout,
    revenue,
    currency_id
FROM {source}
WHERE {condition} AND basis IS NOT NULL
