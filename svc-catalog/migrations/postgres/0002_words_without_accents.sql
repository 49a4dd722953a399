-- Products are found without regard to accents, and by a part of a text in scripts without spaces
-- between words. The service makes the words, anew at its start where they were not made for the
-- product's version; until then the text itself is looked at.
ALTER TABLE products
    ADD COLUMN title_words text NOT NULL DEFAULT '',
    ADD COLUMN description_words text NOT NULL DEFAULT '',
    ADD COLUMN words_version bigint NOT NULL DEFAULT 0,
    DROP COLUMN words;

ALTER TABLE products
    ADD COLUMN words tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('product_words', CASE WHEN words_version = version THEN title_words
            ELSE translate(title, '-_./\:@#%&+=~?<>''', repeat(' ', 18)) END), 'A') ||
        setweight(to_tsvector('product_words', CASE WHEN words_version = version THEN description_words
            ELSE translate(description, '-_./\:@#%&+=~?<>''', repeat(' ', 18)) END), 'B')
    ) STORED;

CREATE INDEX products_words ON products USING gin (words);
CREATE INDEX products_with_old_words ON products (sku) WHERE words_version <> version;
