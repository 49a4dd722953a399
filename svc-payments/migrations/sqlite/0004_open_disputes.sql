CREATE INDEX disputes_open ON disputes (dispute_id) WHERE status = 'OPEN';
