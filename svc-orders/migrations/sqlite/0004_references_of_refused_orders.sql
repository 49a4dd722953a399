-- An order that was refused leaves its reference to another one.
DROP INDEX orders_by_external_reference;
CREATE INDEX orders_by_external_reference ON orders (external_reference, user_id)
    WHERE external_reference IS NOT NULL;
CREATE UNIQUE INDEX orders_of_external_reference ON orders (external_reference, user_id)
    WHERE external_reference IS NOT NULL AND state NOT IN ('REJECTING', 'REJECTED');
