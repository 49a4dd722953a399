-- A ticket with a stream_id opens its path again and again, one stream at a time: that of its
-- newest use, nothing but zeros before the first, and that of the use before, which is ended.
ALTER TABLE tickets ADD COLUMN stream_id uuid;
ALTER TABLE tickets ADD COLUMN previous_stream_id uuid;
