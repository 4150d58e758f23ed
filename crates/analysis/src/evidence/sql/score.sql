SELECT score, tier, is_calibrated, families, reasons
FROM anomaly_scores
WHERE account = $account AND entity = CAST($id AS VARCHAR)
