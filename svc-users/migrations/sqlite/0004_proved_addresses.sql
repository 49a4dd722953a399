-- Since when the owner has proved the e-mail address; nothing of one that is not proved.
ALTER TABLE users ADD COLUMN email_verified_time TEXT;
