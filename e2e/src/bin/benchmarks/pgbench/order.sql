-- One order, statement by statement as the services send them, in their transactions. What the
-- services hold in memory (ids, the JSON of lines, encoded messages) is made on the way; messages
-- are zeros of the usual length.
\set a random(1, 33)
\set b random(34, 66)
\set c random(67, 99)
\set customer random(1, 16)
\set key random(1, 9000000000000000000)

-- svc-orders: was this idempotency key answered before?
SELECT uuid_v7() AS order_id, uuid_v7() AS shipment_id, 'SKU-' || :a AS sku_a, 'SKU-' || :b AS sku_b,
    'SKU-' || :c AS sku_c, '00000000-0000-7000-8000-' || lpad(:customer::text, 12, '0') AS user_id,
    (SELECT code FROM idempotency WHERE caller = 'user:' || :customer
        AND method = '/tradewind.orders.v1.OrdersService/CreateOrder' AND key = :key::text) AS answer
\gset

-- svc-users: may the account order?
SELECT user_id, external_id, email, display_name, avatar_url, roles, state, version, create_time, update_time
FROM users WHERE user_id = :user_id::uuid;

-- svc-catalog: what does it cost?
SELECT sku, title, description, currency, price, state, version, create_time, update_time FROM products
WHERE sku = ANY (ARRAY(SELECT jsonb_array_elements_text(
    jsonb_build_array(:sku_a::text, :sku_b::text, :sku_c::text))));

-- svc-orders: PENDING
BEGIN;
INSERT INTO idempotency (caller, method, key, request_hash, lease_until, resource_id, created_at)
VALUES ('user:' || :customer, '/tradewind.orders.v1.OrdersService/CreateOrder', :key::text,
    decode(repeat('00', 32), 'hex'), now() + interval '30 s', :order_id::text, now())
ON CONFLICT (caller, method, key) DO NOTHING;
WITH placed AS (
    INSERT INTO orders (order_id, user_id, external_reference, state, version,
        currency, total_minor, ship_to, create_time, update_time, recovery_time)
    VALUES (:order_id::uuid, :user_id::uuid, NULL, 'PENDING', 1, 'GBP', 3750,
        '{"name": "A buyer", "lines": ["1 Quay Street"], "city": "Bristol", "postal_code": "BS1 4DB", "country": "GB"}',
        now(), now(), now() + interval '30 s')
), lines AS (
    INSERT INTO order_items (order_id, line, sku, title, quantity, unit_price_minor)
    SELECT :order_id::uuid, item.line, item.sku, item.title, item.quantity, item.unit_price_minor
    FROM jsonb_to_recordset(jsonb_build_array(
        jsonb_build_object('line', 0, 'sku', :sku_a::text, 'title', 'A thing', 'quantity', 1, 'unit_price_minor', 1250),
        jsonb_build_object('line', 1, 'sku', :sku_b::text, 'title', 'A thing', 'quantity', 1, 'unit_price_minor', 1250),
        jsonb_build_object('line', 2, 'sku', :sku_c::text, 'title', 'A thing', 'quantity', 1, 'unit_price_minor', 1250)))
        AS item (line integer, sku text, title text, quantity integer, unit_price_minor bigint)
)
INSERT INTO order_events (order_id, sequence, old_state, new_state, actor, reason, create_time,
    salt, commitment, previous_hash, hash, signature)
VALUES (:order_id::uuid, 1, NULL, 'PENDING', 'user:' || :user_id::text, '', now(),
    decode(repeat('00', 16), 'hex'), decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'),
    decode(repeat('00', 32), 'hex'), decode(repeat('00', 64), 'hex'));
COMMIT;

-- svc-inventory: reserve
BEGIN;
SELECT sku, on_hand, reserved, allocated, version, update_time FROM stock
WHERE sku = ANY (ARRAY(SELECT jsonb_array_elements_text(
    jsonb_build_array(:sku_a::text, :sku_b::text, :sku_c::text))))
ORDER BY sku FOR NO KEY UPDATE;
WITH reservation AS (
    INSERT INTO reservations (order_id, state, version, expire_time, create_time, update_time)
    VALUES (:order_id::uuid, 'RESERVED', 1, now() + interval '15 min', now(), now())
    ON CONFLICT (order_id) DO NOTHING RETURNING order_id
), lines AS (
    INSERT INTO reservation_lines (order_id, sku, quantity)
    SELECT order_id, line.sku, line.quantity
    FROM reservation, jsonb_to_recordset(jsonb_build_array(
        jsonb_build_object('sku', :sku_a::text, 'quantity', 1),
        jsonb_build_object('sku', :sku_b::text, 'quantity', 1),
        jsonb_build_object('sku', :sku_c::text, 'quantity', 1))) AS line (sku text, quantity bigint)
    RETURNING sku, quantity
)
UPDATE stock SET reserved = reserved + lines.quantity, version = version + 1, update_time = now()
FROM lines WHERE stock.sku = lines.sku AND stock.sku = ANY (ARRAY(SELECT sku FROM lines));
INSERT INTO outbox (id, subject, aggregate_id, version, time, data, trace, due_at)
VALUES (uuid_v7(), 'inventory.v1.StockChanged', :order_id::text, 1, now(), decode(repeat('00', 80), 'hex'),
    '[["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]]', now());
COMMIT;

-- svc-inventory: commit
BEGIN;
SELECT r.order_id, r.state, r.version, r.expire_time, r.shortages, l.sku, l.quantity
FROM reservations r LEFT JOIN reservation_lines l ON l.order_id = r.order_id
WHERE r.order_id = :order_id::uuid FOR NO KEY UPDATE OF r;
WITH reservation AS (
    UPDATE reservations SET state = 'ALLOCATED', version = 2, update_time = now() WHERE order_id = :order_id::uuid
), locked AS (
    SELECT stock.sku, quantity FROM reservation_lines AS lines JOIN stock ON stock.sku = lines.sku
    WHERE order_id = :order_id::uuid ORDER BY stock.sku FOR NO KEY UPDATE OF stock
)
UPDATE stock SET on_hand = on_hand + 0 * quantity, reserved = reserved - quantity,
    allocated = allocated + quantity, version = version + 1, update_time = now()
FROM locked WHERE stock.sku = locked.sku;
INSERT INTO outbox (id, subject, aggregate_id, version, time, data, trace, due_at)
VALUES (uuid_v7(), 'inventory.v1.StockChanged', :order_id::text, 2, now(), decode(repeat('00', 80), 'hex'),
    '[["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]]', now());
COMMIT;

-- svc-orders: CONFIRMED, and the answer
BEGIN;
UPDATE orders SET state = 'CONFIRMED', version = version + 1, update_time = now(),
    rejection_reason = NULL, rejection_details = NULL, recovery_time = NULL, attempts = 0
WHERE order_id = :order_id::uuid AND state = 'PENDING'
RETURNING user_id, version, (SELECT hash FROM order_events AS last
    WHERE last.order_id = orders.order_id AND last.sequence = orders.version - 1);
INSERT INTO order_events (order_id, sequence, old_state, new_state, actor, reason, create_time,
    salt, commitment, previous_hash, hash, signature)
VALUES (:order_id::uuid, 2, 'PENDING', 'CONFIRMED', 'user:' || :user_id::text, '', now(),
    decode(repeat('00', 16), 'hex'), decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'),
    decode(repeat('00', 32), 'hex'), decode(repeat('00', 64), 'hex'));
INSERT INTO outbox (id, subject, aggregate_id, version, time, data, trace, due_at)
VALUES (uuid_v7(), 'orders.v1.OrderConfirmed', :order_id::text, 2, now(), decode(repeat('00', 350), 'hex'),
    '[["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]]', now());
INSERT INTO outbox (id, subject, aggregate_id, version, time, data, trace, due_at)
VALUES (uuid_v7(), 'orders.v1.OrderChanged', :order_id::text, 2, now(), decode(repeat('00', 180), 'hex'),
    '[["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]]', now());
INSERT INTO idempotency (caller, method, key, request_hash, lease_until, code, message, reply, created_at)
VALUES ('user:' || :customer, '/tradewind.orders.v1.OrdersService/CreateOrder', :key::text,
    decode(repeat('00', 32), 'hex'), now(), 0, '', decode(repeat('00', 500), 'hex'), now())
ON CONFLICT (caller, method, key)
DO UPDATE SET code = excluded.code, message = excluded.message, reply = excluded.reply
WHERE idempotency.code IS NULL AND idempotency.request_hash = excluded.request_hash;
COMMIT;

-- svc-shipping: the shipment
BEGIN;
INSERT INTO inbox (event_id, work_group, received_at) VALUES (uuid_v7(), 'svc-shipping', now())
ON CONFLICT (event_id, work_group) DO NOTHING;
INSERT INTO shipments (shipment_id, order_id, user_id, state, version, ship_to, create_time, update_time)
VALUES (:shipment_id::uuid, :order_id::uuid, :user_id::uuid, 'PREPARING', 1,
    '{"name": "A buyer", "lines": ["1 Quay Street"], "city": "Bristol", "postal_code": "BS1 4DB", "country": "GB"}',
    now(), now()) ON CONFLICT (order_id) DO NOTHING;
INSERT INTO shipment_items (shipment_id, line, sku, title, quantity)
SELECT :shipment_id::uuid, line, sku, title, quantity FROM jsonb_to_recordset(jsonb_build_array(
    jsonb_build_object('line', 0, 'sku', :sku_a::text, 'title', 'A thing', 'quantity', 1),
    jsonb_build_object('line', 1, 'sku', :sku_b::text, 'title', 'A thing', 'quantity', 1),
    jsonb_build_object('line', 2, 'sku', :sku_c::text, 'title', 'A thing', 'quantity', 1)))
    AS item (line integer, sku text, title text, quantity integer);
INSERT INTO outbox (id, subject, aggregate_id, version, time, data, trace, due_at)
VALUES (uuid_v7(), 'shipping.v1.ShipmentCreated', :shipment_id::text, 1, now(), decode(repeat('00', 80), 'hex'),
    '[["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]]', now());
COMMIT;

-- The relays: an order has five events, and a relay takes up to 64 at once.
\set relay random(1, 64)
\set is_relay :relay <= 5
\if :is_relay
WITH leased AS (
    UPDATE outbox SET due_at = now() + interval '15 s' WHERE id IN
        (SELECT id FROM outbox WHERE due_at <= now() ORDER BY due_at, id LIMIT 64 FOR UPDATE SKIP LOCKED)
    RETURNING id, subject, aggregate_id, version, time, data, trace, attempts, failures
)
SELECT coalesce(array_agg(id), '{}')::text AS leased FROM leased
\gset
UPDATE outbox SET due_at = NULL, published_at = now(), why = NULL WHERE id = ANY (:leased::uuid[]);
\endif
