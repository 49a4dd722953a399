-- What stands for a session in the access tokens that are given for those of the identity's issuer; none
-- until the first, and after it has ended.
ALTER TABLE external_identities ADD COLUMN session_id BLOB;
