CREATE INDEX shipments_preparing ON shipments (create_time) WHERE state = 'PREPARING';
