-- Products are found without regard to accents, and by a part of a text in scripts without spaces
-- between words. The service makes the words, anew at its start where they were not made for the
-- product's version.
ALTER TABLE products ADD COLUMN title_words TEXT NOT NULL DEFAULT '';
ALTER TABLE products ADD COLUMN description_words TEXT NOT NULL DEFAULT '';
ALTER TABLE products ADD COLUMN words_version INTEGER NOT NULL DEFAULT 0;

CREATE INDEX products_with_old_words ON products (sku) WHERE words_version <> version;

DROP TRIGGER products_inserted;
DROP TRIGGER products_deleted;
DROP TRIGGER products_updated;
DROP TABLE product_words;

-- Words are looked for by their stem, as on Postgres.
CREATE VIRTUAL TABLE product_words USING fts5 (
    title_words, description_words,
    content = 'products', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 0'
);

-- An index without content of its own is told of every change (sqlite.org/fts5.html, 4.4.3).
CREATE TRIGGER products_inserted AFTER INSERT ON products BEGIN
    INSERT INTO product_words (rowid, title_words, description_words)
    VALUES (new.id, new.title_words, new.description_words);
END;

CREATE TRIGGER products_deleted AFTER DELETE ON products BEGIN
    INSERT INTO product_words (product_words, rowid, title_words, description_words)
    VALUES ('delete', old.id, old.title_words, old.description_words);
END;

CREATE TRIGGER products_updated AFTER UPDATE OF title_words, description_words ON products BEGIN
    INSERT INTO product_words (product_words, rowid, title_words, description_words)
    VALUES ('delete', old.id, old.title_words, old.description_words);
    INSERT INTO product_words (rowid, title_words, description_words)
    VALUES (new.id, new.title_words, new.description_words);
END;

INSERT INTO product_words (product_words) VALUES ('rebuild');
