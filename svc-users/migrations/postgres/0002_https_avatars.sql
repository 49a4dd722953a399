-- Addresses of pictures were taken with any scheme, `javascript:` too. Those that no browser of
-- others should load are forgotten; their etag changes.
UPDATE users SET avatar_url = '', version = version + 1
WHERE avatar_url <> '' AND substr(avatar_url, 1, 8) <> 'https://';
