-- What was missing when the order was refused its units; it hears the same if it asks again.
ALTER TABLE reservations ADD COLUMN shortages TEXT;
