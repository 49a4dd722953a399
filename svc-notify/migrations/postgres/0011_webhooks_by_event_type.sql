-- Each event asks who wants to be told of it.
CREATE INDEX webhooks_by_event_type ON webhooks USING gin (event_types);
