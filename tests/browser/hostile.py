#!/usr/bin/env python3
"""Prints clicks as nobody should send them: names with markup, formulas, direction marks and escape sequences, and very long ones."""

import json

HOSTILE = [
    "<script>window.hacked = true</script>",
    "<img src=x onerror=\"window.hacked=true\">",
    "</style></title><svg onload='window.hacked=true'>",
    "=HYPERLINK(\"http://example.com\",\"click\")",
    "\u202e\u2066evil\u200f \u0645\u0631\u062d\u0628\u0627",
    "\u001b[31mred\u001b]0;title\u0007",
    "W" * 5_000,
    "long words " * 800,
    "marks \u0e01" + "\u0e4a" * 300,
    "{{ 7 * 7 }} {% raw %} ]]> --> | a | b |",
]

for number in range(900):
    name = HOSTILE[number % len(HOSTILE)]
    click = {
        "transaction_id": f"h{number:05}",
        "unix_timestamp": 1_772_323_200 + number * 601,
        "error_code": 9_000 + number % 3 if number % 4 == 0 else 0,
        "error_message": name,
        "user_ip": f"203.0.113.{number % 250}",
        "payout": 0.1,
        "currency_id": "USD" if number % 2 else name[:40],
        f"field {name[:200]}": 1,
        "relationship": {
            "offer": {"network_offer_id": number % 20, "name": name},
            "affiliate": {"network_affiliate_id": number % len(HOSTILE), "name": name},
            "geolocation": {"is_proxy": number % 3 == 0, "isp_name": "Amazon Web Services"},
        },
    }
    print(json.dumps(click))
