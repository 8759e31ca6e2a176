-- Since when an entity is locked; not known for locks of before.
ALTER TABLE entity ADD COLUMN locked_at_us INTEGER;

-- Instances with failures, the newest first.
CREATE INDEX instance_failures ON instance (hub, updated_at_us)
    WHERE (status = 3 OR act_failed + sub_failed > 0);
