//! What one query of one database tells.

use super::Rule;

/// Queries that give 0 when all is well.
pub(super) const COUNTS: &[(Rule, &str, &str, &str)] = &[
    (
        Rule::Settled,
        "captures that are still to be asked for",
        "svc-orders",
        "SELECT count(*) FROM order_tasks",
    ),
    (
        Rule::Settled,
        "orders under way",
        "svc-orders",
        "SELECT count(*) FROM orders WHERE state IN ('PENDING', 'REJECTING', 'CANCELLING')",
    ),
    (
        Rule::Stock,
        "SKUs with negative or overpromised stock",
        "svc-inventory",
        "SELECT count(*) FROM stock WHERE on_hand < 0 OR reserved < 0 OR allocated < 0 OR reserved + allocated > on_hand",
    ),
    (
        Rule::Stock,
        "SKUs that promised or sent more than was received",
        "svc-inventory",
        "SELECT count(*) FROM stock s WHERE reserved + allocated + (
             SELECT coalesce(sum(l.quantity), 0) FROM reservation_lines l JOIN reservations r ON r.order_id = l.order_id
             WHERE l.sku = s.sku AND r.state = 'DISPATCHED'
         ) > (SELECT coalesce(sum(a.delta), 0) FROM adjustments a WHERE a.sku = s.sku AND a.delta > 0)",
    ),
    (
        Rule::Stock,
        "SKUs whose promises are not those of their reservations",
        "svc-inventory",
        "SELECT count(*) FROM stock s WHERE reserved <> (
             SELECT coalesce(sum(l.quantity), 0) FROM reservation_lines l JOIN reservations r ON r.order_id = l.order_id
             WHERE l.sku = s.sku AND r.state = 'RESERVED'
         ) OR allocated <> (
             SELECT coalesce(sum(l.quantity), 0) FROM reservation_lines l JOIN reservations r ON r.order_id = l.order_id
             WHERE l.sku = s.sku AND r.state = 'ALLOCATED'
         )",
    ),
    (
        Rule::Expiry,
        "reservations that outlived their expiry",
        "svc-inventory",
        "SELECT count(*) FROM reservations WHERE state = 'RESERVED' AND expire_time < {now}",
    ),
    (
        Rule::Settled,
        "payments under way",
        "svc-payments",
        "SELECT count(*) FROM payments WHERE state IN ('AUTHORIZING', 'CLOSING')",
    ),
    (
        Rule::Money,
        "payments that are not what the sandbox says",
        "svc-payments",
        "SELECT count(*) FROM payments p LEFT JOIN sandbox_intents s ON s.provider_ref = p.provider_ref
         WHERE p.provider = 'sandbox' AND p.provider_ref IS NOT NULL
         AND (s.provider_ref IS NULL OR p.held <> s.held OR p.captured <> s.captured OR p.refunded <> (
             SELECT coalesce(sum(r.amount), 0) FROM sandbox_refunds r
             WHERE r.intent_ref = s.provider_ref AND r.status = 'SUCCEEDED'
         ))",
    ),
    (
        Rule::Owners,
        "objects of the sandbox with money of no payment",
        "svc-payments",
        "SELECT count(*) FROM sandbox_intents s WHERE held + captured > 0
         AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.provider_ref = s.provider_ref)",
    ),
];
