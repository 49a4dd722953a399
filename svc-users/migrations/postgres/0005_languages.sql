-- Language that an account is written to in (BCP 47); empty for the shop's own.
ALTER TABLE users ADD COLUMN language text NOT NULL DEFAULT '';
