-- What a record of several topics is judged by: how far the time of a task was settled, and how far it was when each of its topics began.
ALTER TABLE task_progress ADD COLUMN settled_ms bigint;
ALTER TABLE task_progress ADD COLUMN begun jsonb NOT NULL DEFAULT '{}';

COMMENT ON COLUMN task_progress.settled_ms IS 'Up to when the results of this task are final, epoch ms: no later record changes what lies before. Null where nothing is.';
COMMENT ON COLUMN task_progress.begun IS '{"topic": number}: settled_ms before the first record of each topic. A record is late by the greater of that and watermark_before.';
