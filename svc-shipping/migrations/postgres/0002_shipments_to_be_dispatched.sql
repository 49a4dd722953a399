-- no-transaction
CREATE INDEX CONCURRENTLY shipments_preparing ON shipments (create_time) WHERE state = 'PREPARING';
