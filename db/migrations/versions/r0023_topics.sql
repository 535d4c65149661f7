-- Ids are known by topic: two topics may tell something under one id and time, and a rebuild of either flow finds its own. In place of
-- the old key, not beside it, so that a row still writes one index. Chunks in columnstore stay as they are: the key is checked by
-- unpacking, and indexes only what is added to them.
ALTER TABLE events DROP CONSTRAINT events_pkey;
ALTER TABLE events ADD PRIMARY KEY (event_time, event_id, topic);
COMMENT ON TABLE events IS 'Every accepted event, once in each topic that told it, with its place in the log and the watermark that it met. Kept for CLASSPULSE_KEEP_EVENTS_DAYS after it came.';
