-- How far the flow has come. A replayed log's "now" is its own time, and so is never behind.
SELECT as_of,
       classpulse_now()                                                           AS now,
       greatest(extract(epoch FROM classpulse_now() - as_of), 0)::double precision AS lag_seconds,
       coalesce(current_setting('classpulse.clock', true) = 'data', false)        AS is_replay
FROM (SELECT max(as_of) AS as_of FROM data_clock) c
