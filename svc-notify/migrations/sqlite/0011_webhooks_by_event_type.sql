-- Each event asks who wants to be told of it. Here a look at each webhook answers: there are few, and
-- SQLite has no index of what is in a list.
SELECT 1;
