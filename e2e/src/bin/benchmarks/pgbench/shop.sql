-- A shop for pgbench: 99 products with stock, 16 customers. The ids of new rows are UUIDv7 as
-- the services make them, since random ones would spread over the indexes.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
        || '7' || substr(id, 14, 3) || '8' || substr(id, 18, 15))::uuid
    FROM (SELECT replace(gen_random_uuid()::text, '-', '') AS id) AS random
$$;

INSERT INTO products (sku, title, description, currency, price, state, version, create_time, update_time)
SELECT 'SKU-' || number, 'A thing', '', 'GBP', 1250, 'ACTIVE', 1, now(), now()
FROM generate_series(1, 99) AS number;

INSERT INTO stock (sku, on_hand, reserved, allocated, version, update_time)
SELECT 'SKU-' || number, 1000000000, 0, 0, 1, now() FROM generate_series(1, 99) AS number;

INSERT INTO users (user_id, email, email_key, display_name, name_key, name_words, avatar_url, roles,
    state, version, create_time, update_time)
SELECT ('00000000-0000-7000-8000-' || lpad(number::text, 12, '0'))::uuid,
    number || '@example.com', number || '@example.com', 'A buyer', 'a buyer', 'a buyer', '',
    '["user"]', 'ACTIVE', 1, now(), now()
FROM generate_series(1, 16) AS number;

ANALYZE;
