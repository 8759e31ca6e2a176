-- What is rare in a large hub: everything that has not completed, in the orders of pages.
CREATE INDEX instance_unfinished ON instance (hub, created_at_us, instance)
    WHERE status IN (0, 6, 7);
CREATE INDEX instance_unsuccessful ON instance (hub, created_at_us, instance)
    WHERE status IN (2, 3, 4, 5);
CREATE INDEX instance_unsuccessful_completed ON instance (hub, completed_at_us, id)
    WHERE completed_at_us IS NOT NULL AND status IN (2, 3, 4, 5);
