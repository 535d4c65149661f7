-- What ageing deletes stays in attempt_days, as it does where TimescaleDB drops chunks.
DROP TRIGGER attempts_deleted ON quiz_attempts;
CREATE TRIGGER attempts_deleted AFTER DELETE ON quiz_attempts FOR EACH ROW
    WHEN (coalesce(current_setting('classpulse.ageing', true), '') <> 'on') EXECUTE FUNCTION count_attempts();
