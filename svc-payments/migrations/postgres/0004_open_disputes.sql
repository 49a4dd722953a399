-- no-transaction
CREATE INDEX CONCURRENTLY disputes_open ON disputes (dispute_id) WHERE status = 'OPEN';
