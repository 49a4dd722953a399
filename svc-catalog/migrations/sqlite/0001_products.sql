CREATE TABLE products (
    -- Names the row in the index of words; SQLite may renumber a rowid that has no name.
    id INTEGER PRIMARY KEY,
    sku TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- In minor units of the currency.
    price INTEGER NOT NULL CHECK (price > 0),
    state TEXT NOT NULL CHECK (state IN ('ACTIVE', 'ARCHIVED')),
    version INTEGER NOT NULL,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL
) STRICT;

-- Words are looked for by their stem, with their accents, as on Postgres.
CREATE VIRTUAL TABLE product_words USING fts5 (
    title, description,
    content = 'products', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 0'
);

-- An index without content of its own is told of every change (sqlite.org/fts5.html, 4.4.3).
CREATE TRIGGER products_inserted AFTER INSERT ON products BEGIN
    INSERT INTO product_words (rowid, title, description)
    VALUES (new.id, new.title, new.description);
END;

CREATE TRIGGER products_deleted AFTER DELETE ON products BEGIN
    INSERT INTO product_words (product_words, rowid, title, description)
    VALUES ('delete', old.id, old.title, old.description);
END;

CREATE TRIGGER products_updated AFTER UPDATE OF title, description ON products BEGIN
    INSERT INTO product_words (product_words, rowid, title, description)
    VALUES ('delete', old.id, old.title, old.description);
    INSERT INTO product_words (rowid, title, description)
    VALUES (new.id, new.title, new.description);
END;
